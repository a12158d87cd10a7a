-- Online is the common state and needs no index; what people search for is the rest.
CREATE INDEX IF NOT EXISTS device_state_not_online ON device_state (presence_status, rae, device_session_id)
  WHERE presence_status <> 'online'
