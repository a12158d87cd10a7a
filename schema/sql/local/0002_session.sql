CREATE TABLE IF NOT EXISTS session (
  id TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  profiles TEXT NOT NULL,
  absent_hours INTEGER NOT NULL,
  facets TEXT NOT NULL
)
