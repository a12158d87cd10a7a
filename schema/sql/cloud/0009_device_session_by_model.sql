CREATE INDEX IF NOT EXISTS device_session_by_model ON device_session (model, device_id)
