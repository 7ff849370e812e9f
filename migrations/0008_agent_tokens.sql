-- How many agents' tokens work in a session, as its Durable Object last said; NULL: not known yet.
ALTER TABLE sessions ADD COLUMN agent_tokens INTEGER;

-- The sessions that have agents, or may have some; what counts them and what revokes them look at nothing else.
CREATE INDEX idx_sessions_agents ON sessions (user_id, agent_tokens DESC, id) WHERE agent_tokens IS NOT 0;
