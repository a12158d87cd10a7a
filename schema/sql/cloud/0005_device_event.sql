-- History: one row per change or ended message, facets as received. Replay adds nothing; a late
-- change takes its true place.
CREATE TABLE IF NOT EXISTS device_event (
  rae               TEXT NOT NULL,
  device_session_id UUID NOT NULL,
  timestamp         BIGINT NOT NULL,  -- hybrid stamp of the message: order within the session
  kind              TEXT NOT NULL,    -- change | ended
  reason            TEXT NOT NULL DEFAULT '',
  facets            TEXT NOT NULL,    -- JSON object
  received_at       BIGINT NOT NULL,  -- µs, bridge's clock: when people may say it happened
  PRIMARY KEY (rae, device_session_id, timestamp)
)
