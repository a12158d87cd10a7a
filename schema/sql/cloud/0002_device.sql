-- What the cloud owns about a device, wherever it is. No row = defaults, revision 0.
CREATE TABLE IF NOT EXISTS device (
  device_id   UUID PRIMARY KEY,
  labels      JSONB NOT NULL DEFAULT '{}',
  note        TEXT NOT NULL DEFAULT '',
  hold_by     TEXT NOT NULL DEFAULT '',  -- empty: not held
  hold_reason TEXT NOT NULL DEFAULT '',
  hold_until  TIMESTAMPTZ,               -- null: until somebody lifts it
  revision    BIGINT NOT NULL DEFAULT 0,
  changed_at  TIMESTAMPTZ NOT NULL DEFAULT now()
)
