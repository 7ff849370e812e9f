-- What the limit on creating counts: a person's newest sessions, those deleted since included.
ALTER TABLE deleted_sessions ADD COLUMN created_at INTEGER; -- of the session
CREATE INDEX idx_sessions_created ON sessions (user_id, created_at);
CREATE INDEX idx_deleted_sessions_created ON deleted_sessions (user_id, created_at);
