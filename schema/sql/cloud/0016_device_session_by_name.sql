CREATE INDEX IF NOT EXISTS device_session_by_name ON device_session (name, device_id)
