-- What agents report into a session, as its Durable Object last said, and what its owner has seen of it.
ALTER TABLE sessions ADD COLUMN agent_status TEXT;  -- 'working', 'waiting', 'done' or 'failed'; NULL: none was reported
ALTER TABLE sessions ADD COLUMN agent_at INTEGER;   -- when an agent last reported, epoch milliseconds
ALTER TABLE sessions ADD COLUMN agent_message INTEGER NOT NULL DEFAULT 0; -- the newest message of an agent, by its id
ALTER TABLE sessions ADD COLUMN seen_message INTEGER NOT NULL DEFAULT 0;  -- the newest message that the owner has seen
