CREATE INDEX IF NOT EXISTS device_session_by_rae ON device_session (rae, device_id)
