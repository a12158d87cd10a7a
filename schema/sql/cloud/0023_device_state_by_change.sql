-- For the watch: what changed since, read from the index alone.
CREATE INDEX IF NOT EXISTS device_state_by_change ON device_state (changed_at, rae, device_session_id)
