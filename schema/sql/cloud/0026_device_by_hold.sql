CREATE INDEX IF NOT EXISTS device_by_hold ON device (hold_until) WHERE hold_until IS NOT NULL
