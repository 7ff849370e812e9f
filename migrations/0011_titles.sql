-- What a session is about, and whether it needs its owner. Times are epoch milliseconds.
ALTER TABLE sessions ADD COLUMN title TEXT;      -- the owner's; NULL: none
ALTER TABLE sessions ADD COLUMN auto_title TEXT; -- the first line of the task, or what an agent proposed; NULL: none
ALTER TABLE sessions ADD COLUMN heading TEXT GENERATED ALWAYS AS (coalesce(title, auto_title)) VIRTUAL;
ALTER TABLE sessions ADD COLUMN branch TEXT;     -- NULL: none was given

-- Each change of the agent's status has a number; the owner has seen the changes up to `seen_rev`.
ALTER TABLE sessions ADD COLUMN status_rev INTEGER NOT NULL DEFAULT 0; -- reported by the Durable Object
ALTER TABLE sessions ADD COLUMN seen_rev INTEGER NOT NULL DEFAULT 0;

-- An active session needs its owner while its agent waits, and when it failed until that was seen.
ALTER TABLE sessions ADD COLUMN needs_you INTEGER GENERATED ALWAYS AS (
  status = 'active' AND (
    coalesce(agent_status, '') = 'waiting'
    OR coalesce(agent_status, '') = 'failed' AND status_rev > seen_rev
  )
) VIRTUAL;

-- What a search looks at: "/owner/name", then the words of the heading, each behind a space; all in lower case.
ALTER TABLE sessions ADD COLUMN search_text TEXT GENERATED ALWAYS AS (
  lower('/' || repo_owner || '/' || repo_name) || ' ' || lower(
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
      coalesce(title, auto_title, ''),
      '-', ' '), '_', ' '), '.', ' '), '/', ' '), '(', ' '), '[', ' '),
      '"', ' '), '''', ' '), '`', ' '), ':', ' '), '#', ' '), '@', ' ')
  )
) VIRTUAL;

-- The two indexes by activity have what a search looks at, so that it reads no row that it does not find.
DROP INDEX idx_sessions_user;
CREATE INDEX idx_sessions_user
  ON sessions (user_id, status, last_activity DESC, id DESC, repo, kept_at, search_text);
DROP INDEX idx_sessions_repo;
CREATE INDEX idx_sessions_repo
  ON sessions (user_id, status, repo, last_activity DESC, id DESC, search_text);
CREATE INDEX idx_sessions_needs_you
  ON sessions (user_id, last_activity DESC, id DESC, repo, search_text) WHERE needs_you = 1;

-- The task of a new session until its Durable Object has taken it as the first message.
CREATE TABLE tasks (
  session_id TEXT PRIMARY KEY,
  author TEXT NOT NULL, -- the owner's name
  text TEXT NOT NULL
) WITHOUT ROWID;

-- How many sessions need the owner, only in the row of all repositories ('').
ALTER TABLE session_counts ADD COLUMN needs_you INTEGER NOT NULL DEFAULT 0;
UPDATE session_counts SET needs_you =
  (SELECT count(*) FROM sessions WHERE sessions.user_id = session_counts.user_id AND sessions.needs_you = 1)
WHERE repo = '';

DROP TRIGGER sessions_count_inserted;
CREATE TRIGGER sessions_count_inserted AFTER INSERT ON sessions BEGIN
  INSERT INTO session_counts (user_id, repo, repo_shown, active, archived, needs_you)
  VALUES
    (NEW.user_id, '', '', NEW.status = 'active', NEW.status = 'archived', NEW.needs_you),
    (NEW.user_id, NEW.repo, NEW.repo_owner || '/' || NEW.repo_name,
      NEW.status = 'active', NEW.status = 'archived', 0)
  ON CONFLICT (user_id, repo) DO UPDATE SET
    active = active + excluded.active, archived = archived + excluded.archived,
    needs_you = needs_you + excluded.needs_you;
END;

DROP TRIGGER sessions_count_deleted;
CREATE TRIGGER sessions_count_deleted AFTER DELETE ON sessions BEGIN
  UPDATE session_counts
  SET active = active - (OLD.status = 'active'), archived = archived - (OLD.status = 'archived'),
    needs_you = needs_you - (repo = '' AND OLD.needs_you)
  WHERE user_id = OLD.user_id AND repo IN ('', OLD.repo);
  DELETE FROM session_counts
  WHERE user_id = OLD.user_id AND repo IN ('', OLD.repo) AND active + archived = 0;
END;

CREATE TRIGGER sessions_count_needs_you AFTER UPDATE OF status, agent_status, status_rev, seen_rev ON sessions
WHEN NEW.needs_you <> OLD.needs_you BEGIN
  UPDATE session_counts SET needs_you = needs_you + NEW.needs_you - OLD.needs_you
  WHERE user_id = NEW.user_id AND repo = '';
END;
