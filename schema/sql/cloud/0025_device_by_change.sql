CREATE INDEX IF NOT EXISTS device_by_change ON device (changed_at, device_id)
