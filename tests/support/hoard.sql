-- What the person "hoarder" has: 2,000 sessions, the n-th of them active n half hours ago, three at a time; every fifth
-- archived. There are more of a repository the higher its number: 2k + 1 of the k-th.
INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, last_activity, created_at, archived_at, archived_by)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000),
  numbered AS (SELECT i, CAST(sqrt(i) AS INTEGER) AS k, unixepoch() * 1000 AS now FROM n)
SELECT
  printf('%08x-0000-8000-8000-%012x', i * 40503 % 65536, i),
  'local:hoarder',
  iif(k % 2 = 0, 'Fleet', 'harbour-works'),
  printf('boat-%d', k),
  iif(i % 5 = 0, 'archived', 'active'),
  now - i / 3 * 3 * 1800000,
  now - 100 * 86400000 + i * 7919 % 2003 * 60000,
  iif(i % 5 = 0, now, NULL),
  iif(i % 5 = 0, 'owner', NULL)
FROM numbered;
