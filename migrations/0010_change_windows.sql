-- How often a person has changed sessions within a minute: what changes them is written only while that is not too often.
CREATE TABLE change_windows (
  user_id TEXT PRIMARY KEY,
  began_at INTEGER NOT NULL, -- when that minute began, epoch milliseconds
  changes INTEGER NOT NULL   -- one more than may be: since then, something was refused
) WITHOUT ROWID;
