CREATE INDEX IF NOT EXISTS device_session_by_change ON device_session (changed_at, rae, device_session_id)
