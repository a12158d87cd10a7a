-- The newest heartbeat of each bridge.
CREATE TABLE IF NOT EXISTS bridge (
  bridge  TEXT PRIMARY KEY,
  sent_at BIGINT NOT NULL DEFAULT 0  -- µs, bridge's clock
)
