-- How far behind each partition's consumer is; written by it every 5 s, idle or not.
CREATE TABLE IF NOT EXISTS ingest (
  topic     TEXT NOT NULL,
  partition INT4 NOT NULL,
  behind_ms BIGINT NOT NULL DEFAULT 0,
  beat_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
)
