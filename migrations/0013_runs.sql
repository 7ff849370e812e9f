-- Runners work on sessions (docs/decisions/0010). Times are epoch milliseconds.
CREATE TABLE runners (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,               -- of the computer, as its owner named it
  token_hash TEXT NOT NULL UNIQUE,  -- SHA-256 of its token
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL          -- when the token was last used, at most 5 minutes behind
) WITHOUT ROWID;
CREATE INDEX idx_runners_user ON runners (user_id);

-- Written by actions; a runner and the number of its assignment change together.
ALTER TABLE sessions ADD COLUMN runner_id TEXT; -- NULL: none
ALTER TABLE sessions ADD COLUMN assign INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN agent TEXT;     -- which of the runner's agents; NULL: none

-- What is asked of the owner, reported by the Durable Object; NULL: nothing.
ALTER TABLE sessions ADD COLUMN asks TEXT;

-- 'queued', 'working', 'waiting', 'lost', 'done', 'failed', 'stopped', 'refused', 'limit' or 'interrupted'. An active
-- session needs its owner while its agent waits or is lost, and when it ended badly until that was seen.
DROP TRIGGER sessions_count_inserted;
DROP TRIGGER sessions_count_deleted;
DROP TRIGGER sessions_count_needs_you;
DROP INDEX idx_sessions_needs_you;
ALTER TABLE sessions DROP COLUMN needs_you;
ALTER TABLE sessions DROP COLUMN search_text; -- search_words of 0012 has taken its place
ALTER TABLE sessions ADD COLUMN needs_you INTEGER GENERATED ALWAYS AS (
  status = 'active' AND CASE agent_status -- not by IN, whose list would be read for every row
    WHEN 'waiting' THEN 1
    WHEN 'lost' THEN 1
    WHEN 'failed' THEN status_rev > seen_rev
    WHEN 'interrupted' THEN status_rev > seen_rev
    WHEN 'refused' THEN status_rev > seen_rev
    WHEN 'limit' THEN status_rev > seen_rev
    ELSE 0
  END
) VIRTUAL;
CREATE INDEX idx_sessions_needs_you
  ON sessions (user_id, last_activity DESC, id DESC, repo, search_words) WHERE needs_you = 1;

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
