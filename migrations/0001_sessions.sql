-- One row a session: its existence and status. Times are epoch milliseconds.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  repo_owner TEXT NOT NULL,
  repo_name TEXT NOT NULL,
  status TEXT DEFAULT 'active',
  last_activity INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  archived_at INTEGER
);

-- The list of one person, one status, newest activity first, equal times told apart by id.
CREATE INDEX idx_sessions_user ON sessions (user_id, status, last_activity DESC, id DESC);
