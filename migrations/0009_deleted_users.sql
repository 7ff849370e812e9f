-- What a deleted account leaves behind. While it is being deleted, nothing of that person is stored; afterwards, nothing that
-- was begun before. Times are epoch milliseconds.
CREATE TABLE deleted_users (
  user_id TEXT PRIMARY KEY,
  deleted_at INTEGER NOT NULL, -- when it was asked for
  finished_at INTEGER          -- NULL: some of it is still there
) WITHOUT ROWID;
CREATE INDEX idx_deleted_users_age ON deleted_users (finished_at);
