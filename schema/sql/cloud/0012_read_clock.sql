-- One row: the database's clock as microseconds, and whether the registry itself is behind. What it
-- has not read yet it cannot judge, so while it is behind every presence is in doubt.
CREATE OR REPLACE VIEW read_clock AS
SELECT CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) AS now_us,
       EXISTS (SELECT 1 FROM ingest
                WHERE behind_ms > 60000 OR beat_at < now() - INTERVAL '60 seconds') AS behind
