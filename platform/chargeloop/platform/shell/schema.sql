-- The rental platform's tables. Rules that must never break stand here too, not only in the code.

CREATE TABLE IF NOT EXISTS tariffs (
  version TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- `body` is the whole order as JSON; the other columns are those that are searched by.
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  state TEXT NOT NULL,
  open INTEGER NOT NULL CHECK (open IN (0, 1)),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  tariff TEXT NOT NULL REFERENCES tariffs (version) DEFERRABLE INITIALLY DEFERRED,
  placed_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS orders_of_user ON orders (user, placed_ms);
CREATE INDEX IF NOT EXISTS orders_by_age ON orders (placed_ms DESC, id);
CREATE INDEX IF NOT EXISTS orders_by_change ON orders (changed_ms);
CREATE INDEX IF NOT EXISTS open_orders ON orders (id) WHERE open = 1;

-- The banks an order answers for. A bank is in one open order at most.
CREATE TABLE IF NOT EXISTS order_banks (
  order_id TEXT NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
  bank TEXT NOT NULL,
  open INTEGER NOT NULL CHECK (open IN (0, 1)),
  PRIMARY KEY (order_id, bank)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_open_order_per_bank ON order_banks (bank) WHERE open = 1;

-- Reservations that have not ended. An order has one live reservation of each kind at most.
CREATE TABLE IF NOT EXISTS order_holds (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
  cabinet TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('banks', 'slots')),
  live INTEGER NOT NULL CHECK (live IN (0, 1)),
  until_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS holds_of_order ON order_holds (order_id);
CREATE UNIQUE INDEX IF NOT EXISTS one_live_hold_per_order_and_kind ON order_holds (order_id, kind) WHERE live = 1;

-- Who brought or fetched banks of an order: to find a courier's trips, which the orders' rows tell in full.
CREATE TABLE IF NOT EXISTS order_couriers (
  courier TEXT NOT NULL,
  placed_ms INTEGER NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (courier, placed_ms, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS order_events (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
  type TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  quality TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_of_order ON order_events (order_id);
CREATE INDEX IF NOT EXISTS disputes_by_age ON order_events (time_ms DESC) WHERE type = 'dispute_opened';
CREATE INDEX IF NOT EXISTS events_of_cabinet
  ON order_events (coalesce(json_extract(detail, '$.cabinet'), json_extract(detail, '$.hold.cabinet')), time_ms)
  WHERE coalesce(json_extract(detail, '$.cabinet'), json_extract(detail, '$.hold.cabinet')) IS NOT NULL;

CREATE TABLE IF NOT EXISTS fee_lines (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
  fee TEXT NOT NULL CHECK (fee IN ('courier_out', 'rental', 'courier_back')),
  subject TEXT NOT NULL,
  from_event TEXT NOT NULL,
  to_event TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  currency TEXT NOT NULL,
  tariff TEXT NOT NULL REFERENCES tariffs (version) DEFERRABLE INITIALLY DEFERRED,
  quality TEXT NOT NULL,
  reverses TEXT UNIQUE,
  CHECK (reverses IS NOT NULL OR amount_minor >= 0)
) STRICT;
CREATE INDEX IF NOT EXISTS lines_of_order ON fee_lines (order_id);

-- `slots` and `clock` are JSON arrays, see cabinet_rows.py.
CREATE TABLE IF NOT EXISTS cabinets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  lat_e7 INTEGER,
  lon_e7 INTEGER,
  epoch INTEGER NOT NULL,
  connection_epoch INTEGER NOT NULL,
  online INTEGER NOT NULL CHECK (online IN (0, 1)),
  last_seen_ms INTEGER NOT NULL,
  journal TEXT,
  seq INTEGER NOT NULL,
  slots_version INTEGER NOT NULL,
  slots_seq INTEGER NOT NULL,
  inventory TEXT,
  inventory_expires_ms INTEGER NOT NULL,
  slots TEXT NOT NULL,
  clock TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The slots that cabinets hold for a reservation. A slot is held for one reservation at most.
CREATE TABLE IF NOT EXISTS slot_holds (
  cabinet TEXT NOT NULL REFERENCES cabinets (id) DEFERRABLE INITIALLY DEFERRED,
  slot INTEGER NOT NULL,
  reservation TEXT NOT NULL,
  PRIMARY KEY (cabinet, slot)
) STRICT;

CREATE TABLE IF NOT EXISTS banks (
  id TEXT PRIMARY KEY,
  place TEXT NOT NULL,
  cabinet TEXT,
  slot INTEGER,
  order_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS banks_of_orders ON banks (order_id) WHERE order_id IS NOT NULL;

-- Returns heard of while no order answered for the bank: see core/early_returns.py.
CREATE TABLE IF NOT EXISTS early_returns (
  bank TEXT PRIMARY KEY,
  cabinet TEXT NOT NULL,
  slot INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  quality TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What operators had cabinets do, and what came of it. `body` is the whole as JSON.
CREATE TABLE IF NOT EXISTS interventions (
  command TEXT PRIMARY KEY,
  cabinet TEXT NOT NULL,
  sent_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS interventions_at_cabinet ON interventions (cabinet, sent_ms);
CREATE INDEX IF NOT EXISTS interventions_by_age ON interventions (sent_ms);
CREATE TRIGGER IF NOT EXISTS interventions_are_not_deleted BEFORE DELETE ON interventions
BEGIN SELECT RAISE(ABORT, 'what operators did is kept'); END;

-- What has been written about money and its reasons is never changed; corrections are added.
CREATE TRIGGER IF NOT EXISTS fee_lines_are_not_changed BEFORE UPDATE ON fee_lines
BEGIN SELECT RAISE(ABORT, 'fee lines are only added'); END;
CREATE TRIGGER IF NOT EXISTS fee_lines_are_not_deleted BEFORE DELETE ON fee_lines
BEGIN SELECT RAISE(ABORT, 'fee lines are only added'); END;
CREATE TRIGGER IF NOT EXISTS order_events_are_not_changed BEFORE UPDATE ON order_events
BEGIN SELECT RAISE(ABORT, 'order events are only added'); END;
CREATE TRIGGER IF NOT EXISTS order_events_are_not_deleted BEFORE DELETE ON order_events
BEGIN SELECT RAISE(ABORT, 'order events are only added'); END;
CREATE TRIGGER IF NOT EXISTS tariffs_are_not_changed BEFORE UPDATE ON tariffs
BEGIN SELECT RAISE(ABORT, 'tariffs are only added'); END;
CREATE TRIGGER IF NOT EXISTS tariffs_are_not_deleted BEFORE DELETE ON tariffs
BEGIN SELECT RAISE(ABORT, 'tariffs are only added'); END;

CREATE TRIGGER IF NOT EXISTS a_fee_line_names_two_events_of_its_order BEFORE INSERT ON fee_lines
WHEN NOT EXISTS (SELECT 1 FROM order_events AS e
                 WHERE e.id = NEW.from_event AND e.order_id = NEW.order_id AND e.time_ms = NEW.from_ms)
  OR NOT EXISTS (SELECT 1 FROM order_events AS e
                 WHERE e.id = NEW.to_event AND e.order_id = NEW.order_id AND e.time_ms = NEW.to_ms)
BEGIN SELECT RAISE(ABORT, 'a fee line names two events of its order and their times'); END;

CREATE TRIGGER IF NOT EXISTS a_reversal_takes_back_one_line_in_full BEFORE INSERT ON fee_lines
WHEN NEW.reverses IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM fee_lines AS l
                 WHERE l.id = NEW.reverses AND l.order_id = NEW.order_id AND l.reverses IS NULL
                   AND l.amount_minor = -NEW.amount_minor)
BEGIN SELECT RAISE(ABORT, 'a reversal takes back one line of its order in full'); END;
