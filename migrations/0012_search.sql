-- What a search looks at, so that one comparison finds a word: "owner/name", the name again, and the words of the
-- heading, each behind a space; all in lower case. It takes the place of `search_text`, which the next one can drop.
ALTER TABLE sessions ADD COLUMN search_words TEXT GENERATED ALWAYS AS (
  ' ' || lower(repo_owner || '/' || repo_name || ' ' || repo_name) || ' ' || lower(
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
      coalesce(title, auto_title, ''),
      '-', ' '), '_', ' '), '.', ' '), '/', ' '), '(', ' '), '[', ' '),
      '"', ' '), '''', ' '), '`', ' '), ':', ' '), '#', ' '), '@', ' ')
  )
) VIRTUAL;

DROP INDEX idx_sessions_user;
CREATE INDEX idx_sessions_user
  ON sessions (user_id, status, last_activity DESC, id DESC, repo, kept_at, search_words);
DROP INDEX idx_sessions_repo;
CREATE INDEX idx_sessions_repo
  ON sessions (user_id, status, repo, last_activity DESC, id DESC, search_words);
DROP INDEX idx_sessions_needs_you;
CREATE INDEX idx_sessions_needs_you
  ON sessions (user_id, last_activity DESC, id DESC, repo, search_words) WHERE needs_you = 1;
