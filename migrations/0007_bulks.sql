-- Changes to many sessions at once, each with what became of every one of them. Times are epoch milliseconds.
CREATE TABLE bulks (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,          -- 'archive', 'restore' or 'delete'
  total INTEGER NOT NULL,      -- how many sessions it is about
  created_at INTEGER NOT NULL,
  stepped_at INTEGER NOT NULL, -- when it last got on
  finished_at INTEGER          -- NULL: some are still to do, or failed and are to be tried again or left
) WITHOUT ROWID;
CREATE INDEX idx_bulks_user ON bulks (user_id, finished_at);
CREATE INDEX idx_bulks_age ON bulks (finished_at);

CREATE TABLE bulk_items (
  bulk_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  outcome TEXT,                -- NULL: still to do; else 'done', 'unchanged', 'gone', 'failed' or 'left'
  attempts INTEGER NOT NULL DEFAULT 0, -- that failed
  PRIMARY KEY (bulk_id, session_id)
) WITHOUT ROWID;
CREATE INDEX idx_bulk_items_outcome ON bulk_items (bulk_id, outcome, attempts);
