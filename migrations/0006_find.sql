-- Finding one's sessions: every order of the list reads one index, and how many there are is kept, not counted.

-- "owner/name" in lower case: GitHub tells no two repositories apart by case.
ALTER TABLE sessions ADD COLUMN repo TEXT GENERATED ALWAYS AS (lower(repo_owner || '/' || repo_name)) VIRTUAL;

-- By last activity; `repo` is there so that a search looks at no row that it does not find, `kept_at` so that idle ones
-- are counted without looking at any.
DROP INDEX idx_sessions_user;
CREATE INDEX idx_sessions_user ON sessions (user_id, status, last_activity DESC, id DESC, repo, kept_at);

-- By creation; also what the limit on creating counts.
DROP INDEX idx_sessions_created;
CREATE INDEX idx_sessions_created ON sessions (user_id, status, created_at DESC, id DESC, repo);

-- By repository, then last activity; and one repository by last activity or by creation.
CREATE INDEX idx_sessions_repo ON sessions (user_id, status, repo, last_activity DESC, id DESC);
CREATE INDEX idx_sessions_repo_created ON sessions (user_id, status, repo, created_at DESC, id DESC);

-- How many sessions a person has on each repository; all of them together under the empty name. Only the triggers below
-- write it, in the transaction of whatever changes `sessions`.
CREATE TABLE session_counts (
  user_id TEXT NOT NULL,
  repo TEXT NOT NULL,        -- as in `sessions`; '': all repositories
  repo_shown TEXT NOT NULL,  -- as it was first written, in upper and lower case
  active INTEGER NOT NULL,
  archived INTEGER NOT NULL,
  PRIMARY KEY (user_id, repo)
) WITHOUT ROWID;
-- The repositories with most sessions, by tab of the list.
CREATE INDEX idx_session_counts_active ON session_counts (user_id, active DESC, repo);
CREATE INDEX idx_session_counts_archived ON session_counts (user_id, archived DESC, repo);
CREATE INDEX idx_session_counts_all ON session_counts (user_id, active + archived DESC, repo);

INSERT INTO session_counts (user_id, repo, repo_shown, active, archived)
SELECT user_id, '', '', sum(status = 'active'), sum(status = 'archived')
FROM sessions GROUP BY user_id;
INSERT INTO session_counts (user_id, repo, repo_shown, active, archived)
SELECT user_id, repo, min(repo_owner || '/' || repo_name), sum(status = 'active'), sum(status = 'archived')
FROM sessions GROUP BY user_id, repo;

CREATE TRIGGER sessions_count_inserted AFTER INSERT ON sessions BEGIN
  INSERT INTO session_counts (user_id, repo, repo_shown, active, archived)
  VALUES
    (NEW.user_id, '', '', NEW.status = 'active', NEW.status = 'archived'),
    (NEW.user_id, NEW.repo, NEW.repo_owner || '/' || NEW.repo_name, NEW.status = 'active', NEW.status = 'archived')
  ON CONFLICT (user_id, repo) DO UPDATE SET
    active = active + excluded.active, archived = archived + excluded.archived;
END;

CREATE TRIGGER sessions_count_deleted AFTER DELETE ON sessions BEGIN
  UPDATE session_counts
  SET active = active - (OLD.status = 'active'), archived = archived - (OLD.status = 'archived')
  WHERE user_id = OLD.user_id AND repo IN ('', OLD.repo);
  DELETE FROM session_counts
  WHERE user_id = OLD.user_id AND repo IN ('', OLD.repo) AND active + archived = 0;
END;

-- A session's owner and repository never change.
CREATE TRIGGER sessions_count_changed AFTER UPDATE OF status ON sessions WHEN NEW.status <> OLD.status BEGIN
  UPDATE session_counts
  SET
    active = active + (NEW.status = 'active') - (OLD.status = 'active'),
    archived = archived + (NEW.status = 'archived') - (OLD.status = 'archived')
  WHERE user_id = NEW.user_id AND repo IN ('', NEW.repo);
END;
