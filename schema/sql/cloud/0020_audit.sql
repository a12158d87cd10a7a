-- Who changed what through the API, and who was refused. Append only.
CREATE TABLE IF NOT EXISTS audit (
  audit_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  at       TIMESTAMPTZ NOT NULL DEFAULT now(),
  subject  TEXT NOT NULL,  -- of the token
  role     TEXT NOT NULL,
  action   TEXT NOT NULL,  -- "PATCH /v1/devices/{device_id}"
  target   TEXT NOT NULL,
  outcome  TEXT NOT NULL,  -- done, or the code of the problem
  detail   TEXT NOT NULL   -- what was asked for, as JSON
)
