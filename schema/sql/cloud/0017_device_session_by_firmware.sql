CREATE INDEX IF NOT EXISTS device_session_by_firmware ON device_session (firmware_version, device_id)
