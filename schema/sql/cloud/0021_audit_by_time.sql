CREATE INDEX IF NOT EXISTS audit_by_time ON audit (at)
