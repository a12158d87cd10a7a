-- One row per RAE: its newest presence and roster. Never written by device updates, only by the
-- agent topics. No foreign keys to it: a missing row counts as a silent RAE.
CREATE TABLE IF NOT EXISTS rae (
  rae                  TEXT PRIMARY KEY,
  presence_at          BIGINT NOT NULL DEFAULT 0,         -- hybrid stamp T of the newest presence
  presence_status      TEXT NOT NULL DEFAULT 'unknown',   -- online | offline
  presence_status_text TEXT NOT NULL DEFAULT '',
  agent_version        TEXT NOT NULL DEFAULT '',
  last_heard_at        BIGINT NOT NULL DEFAULT 0,         -- µs, bridge's clock, newest presence
  roster_at            BIGINT NOT NULL DEFAULT 0,         -- hybrid stamp of the newest roster
  bridge               TEXT NOT NULL DEFAULT '',          -- who passed its newest presence on
  changed_at           TIMESTAMPTZ NOT NULL DEFAULT now() -- a status, T or roster changed
)
