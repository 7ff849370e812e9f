-- Who uses Ship, and how they are signed in. Times are epoch milliseconds.
CREATE TABLE users (
  id TEXT PRIMARY KEY, -- 'github:<id>' or 'local:<name>'
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  avatar TEXT,         -- URL
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- One a browser that is signed in. Deleting it signs that browser out.
CREATE TABLE auth_records (
  token_hash TEXT PRIMARY KEY, -- SHA-256 of the random token that the cookie bears
  user_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL, -- at most an hour behind
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idx_auth_records_user ON auth_records (user_id);
CREATE INDEX idx_auth_records_age ON auth_records (expires_at);

-- A person's access to GitHub, encrypted.
CREATE TABLE github_tokens (
  user_id TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  expires_at INTEGER -- of the access token; NULL: never
) WITHOUT ROWID;
