-- Accounts and sessions of the HTTP gateway. Times are UTC milliseconds of the real clock.

CREATE TABLE IF NOT EXISTS accounts (
  id TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('user', 'courier', 'operator')),
  login TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) STRICT;

-- One log-in and all refresh tokens that follow from it. A session that has ended stays ended.
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id),
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  ended_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_of_account ON sessions (account);
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_ms);
CREATE TRIGGER IF NOT EXISTS a_session_ends_once BEFORE UPDATE OF ended_ms ON sessions
WHEN OLD.ended_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a session that has ended stays ended'); END;

-- `digest` is the SHA-256 of a token; the token itself is with its holder alone. `replaced_ms` is when it was
-- first exchanged, `follows` the token it was given for.
CREATE TABLE IF NOT EXISTS refresh_tokens (
  digest BLOB PRIMARY KEY,
  session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  follows BLOB,
  replaced_ms INTEGER
) STRICT, WITHOUT ROWID;
-- Tokens in whose place another one was given or used, for the same one before them.
CREATE TABLE IF NOT EXISTS discarded_tokens (
  digest BLOB PRIMARY KEY REFERENCES refresh_tokens (digest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_of_session ON refresh_tokens (session);
CREATE INDEX IF NOT EXISTS tokens_by_predecessor ON refresh_tokens (follows);
