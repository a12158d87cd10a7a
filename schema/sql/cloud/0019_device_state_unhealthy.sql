CREATE INDEX IF NOT EXISTS device_state_unhealthy ON device_state (health_status, rae, device_session_id)
  WHERE health_status IN ('bad', 'looping')
