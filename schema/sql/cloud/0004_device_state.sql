-- Fast facets of a device session, and what makes it visible: seen_at and ended_at. Every session
-- has a row here from its first message on.
CREATE TABLE IF NOT EXISTS device_state (
  rae                  TEXT NOT NULL,
  device_session_id    UUID NOT NULL,
  reader               INT4 NOT NULL,
  changed_at           TIMESTAMPTZ NOT NULL DEFAULT now(),
  seen_at              BIGINT NOT NULL DEFAULT 0,  -- greatest stamp of an update or roster naming it
  ended_at             BIGINT NOT NULL DEFAULT 0,  -- stamp of its end; 0 = not ended
  end_reason           TEXT NOT NULL DEFAULT '',

  presence_at          BIGINT NOT NULL DEFAULT 0,
  presence_observed_at BIGINT NOT NULL DEFAULT 0,
  presence_source      TEXT NOT NULL DEFAULT '',
  presence_status      TEXT NOT NULL DEFAULT 'unknown',
  presence_status_text TEXT NOT NULL DEFAULT '',
  presence_reason      TEXT NOT NULL DEFAULT '',
  presence_changed_at  BIGINT NOT NULL DEFAULT 0,

  usage_at             BIGINT NOT NULL DEFAULT 0,
  usage_observed_at    BIGINT NOT NULL DEFAULT 0,
  usage_source         TEXT NOT NULL DEFAULT '',
  usage_state          TEXT NOT NULL DEFAULT 'unknown',
  usage_state_text     TEXT NOT NULL DEFAULT '',
  usage_holder         TEXT NOT NULL DEFAULT '',

  health_at            BIGINT NOT NULL DEFAULT 0,
  health_observed_at   BIGINT NOT NULL DEFAULT 0,
  health_source        TEXT NOT NULL DEFAULT '',
  health_status        TEXT NOT NULL DEFAULT 'unknown',
  health_status_text   TEXT NOT NULL DEFAULT '',
  health_reasons       JSONB NOT NULL DEFAULT '[]',

  PRIMARY KEY (rae, device_session_id)
)
