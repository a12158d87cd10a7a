CREATE INDEX IF NOT EXISTS device_by_label ON device USING GIN (labels)
