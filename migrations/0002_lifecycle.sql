-- What the lifecycle needs beside the row. Times are epoch milliseconds.
ALTER TABLE sessions ADD COLUMN message_count INTEGER NOT NULL DEFAULT 0; -- reported by the Durable Object
ALTER TABLE sessions ADD COLUMN archived_by TEXT;  -- 'owner' or 'idle', while archived
ALTER TABLE sessions ADD COLUMN kept_at INTEGER;   -- restored or kept then: idleness counts from here

-- What a deleted session leaves behind, so that no late statement brings it back.
CREATE TABLE deleted_sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  deleted_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idx_deleted_sessions_age ON deleted_sessions (deleted_at);

CREATE TABLE session_events (
  id INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL,
  kind TEXT NOT NULL, -- 'created', 'archived', 'auto-archived', 'restored', 'kept', 'healed', 'woken'
  at INTEGER NOT NULL
);
CREATE INDEX idx_session_events_session ON session_events (session_id, id);
