-- Slow facets of a device session. Column groups follow schema/facets.h; a stamp of 0 means the
-- facet was never received.
CREATE TABLE IF NOT EXISTS device_session (
  rae                    TEXT NOT NULL,
  device_session_id      UUID NOT NULL,
  reader                 INT4 NOT NULL,  -- lowest decoder number any facet of the row was read by
  first_received_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
  changed_at             TIMESTAMPTZ NOT NULL DEFAULT now(),

  identity_at            BIGINT NOT NULL DEFAULT 0,
  identity_observed_at   BIGINT NOT NULL DEFAULT 0,
  identity_source        TEXT NOT NULL DEFAULT '',
  device_id              UUID,
  provisional            BOOL NOT NULL DEFAULT false,
  manufacturer           TEXT NOT NULL DEFAULT '',
  model                  TEXT NOT NULL DEFAULT '',
  model_number           TEXT NOT NULL DEFAULT '',
  serial                 TEXT NOT NULL DEFAULT '',
  esn                    TEXT NOT NULL DEFAULT '',
  device_type            TEXT NOT NULL DEFAULT '',
  name                   TEXT NOT NULL DEFAULT '',
  claims                 JSONB NOT NULL DEFAULT '[]',

  network_at             BIGINT NOT NULL DEFAULT 0,
  network_observed_at    BIGINT NOT NULL DEFAULT 0,
  network_source         TEXT NOT NULL DEFAULT '',
  mac                    TEXT NOT NULL DEFAULT '',
  ipv4                   TEXT NOT NULL DEFAULT '',
  ipv6                   TEXT NOT NULL DEFAULT '',
  hostname               TEXT NOT NULL DEFAULT '',
  port                   INT4 NOT NULL DEFAULT 0,
  interfaces             JSONB NOT NULL DEFAULT '[]',

  software_at            BIGINT NOT NULL DEFAULT 0,
  software_observed_at   BIGINT NOT NULL DEFAULT 0,
  software_source        TEXT NOT NULL DEFAULT '',
  firmware_version       TEXT NOT NULL DEFAULT '',
  os_version             TEXT NOT NULL DEFAULT '',
  sdk_version            TEXT NOT NULL DEFAULT '',
  app_version            TEXT NOT NULL DEFAULT '',

  onboarding_at          BIGINT NOT NULL DEFAULT 0,
  onboarding_observed_at BIGINT NOT NULL DEFAULT 0,
  onboarding_source      TEXT NOT NULL DEFAULT '',
  onboarding_state       TEXT NOT NULL DEFAULT 'unknown',
  onboarding_state_text  TEXT NOT NULL DEFAULT '',
  onboarding_step        TEXT NOT NULL DEFAULT '',
  onboarding_last_error  TEXT NOT NULL DEFAULT '',
  onboarding_next_try_at BIGINT NOT NULL DEFAULT 0,

  PRIMARY KEY (rae, device_session_id)
)
