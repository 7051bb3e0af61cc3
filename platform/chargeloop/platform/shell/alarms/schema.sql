-- Alarms and what operators did about them. Times are UTC milliseconds of the world's clock.

CREATE TABLE IF NOT EXISTS alarms (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  part TEXT NOT NULL,
  severity TEXT NOT NULL,
  text TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  cleared_ms INTEGER,
  acknowledged_by TEXT,
  acknowledged_ms INTEGER,
  assignee TEXT,
  closed_by TEXT,
  closed_ms INTEGER,
  close_reason TEXT
) STRICT;
-- One trouble has one open alarm.
CREATE UNIQUE INDEX IF NOT EXISTS one_open_alarm ON alarms (kind, subject_kind, subject, part)
WHERE closed_ms IS NULL;
CREATE INDEX IF NOT EXISTS alarms_that_last ON alarms (cleared_ms) WHERE cleared_ms IS NULL;
CREATE INDEX IF NOT EXISTS alarms_closed ON alarms (closed_ms) WHERE closed_ms IS NOT NULL;
CREATE TRIGGER IF NOT EXISTS an_alarm_is_closed_once BEFORE UPDATE OF closed_ms ON alarms
WHEN OLD.closed_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an alarm that is closed stays closed'); END;

-- What operators did, in order; never changed.
CREATE TABLE IF NOT EXISTS acts (
  number INTEGER PRIMARY KEY,
  alarm TEXT NOT NULL REFERENCES alarms (id),
  act TEXT NOT NULL CHECK (act IN ('acknowledged', 'assigned', 'closed')),
  by TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS acts_of_alarm ON acts (alarm);
