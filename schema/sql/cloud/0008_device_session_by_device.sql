CREATE INDEX IF NOT EXISTS device_session_by_device ON device_session (device_id)
