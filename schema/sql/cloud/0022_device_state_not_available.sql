-- Most devices are available and need no index; what people search for is the rest.
CREATE INDEX IF NOT EXISTS device_state_not_available ON device_state (usage_state, rae, device_session_id)
  WHERE usage_state <> 'available'
