"""Whatever is said to a region, its rows never break a rule of the database, and a restart continues them."""

import random
import sqlite3
from contextlib import closing

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.core.rows import PlatformWrite
from chargeloop.platform.shell.store import schema_text, statements
from chargeloop.protocol.effects import Effects
from tests.platform.core.chaos import Chaos, check_always, check_bills, check_end, drain
from tests.platform.core.script import REGION, TARIFF, Script


def keep_rows(script: Script, database: sqlite3.Connection) -> None:
    """Let the script's rows be written to the database too, each turn in one transaction."""
    database.executescript("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);")
    database.executescript(schema_text(REGION))
    take = script._take

    def written(effects: Effects[PlatformWrite]) -> None:
        database.execute("BEGIN")
        for sql, rows in statements(effects.writes):
            database.executemany(sql, rows)
        database.execute("COMMIT")
        take(effects)

    script._take = written  # type: ignore[method-assign]


def restart(script: Script) -> None:
    live = script.region._memory.orders
    script.region = RentalRegion(REGION, tariff=TARIFF)
    rows = script.rows
    script.region.load(
        tariffs=rows.tariffs.values(),
        cabinets=rows.cabinets.values(),
        banks=rows.banks.values(),
        orders=[order for name, order in rows.orders.items() if name in live],
        returns=rows.early_returns.values(),
    )


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_no_sequence_of_messages_and_restarts_breaks_a_rule_of_the_database(seed: int) -> None:
    drawn = random.Random(seed)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        chaos = Chaos()
        keep_rows(chaos.script, database)
        chaos.step((0, 1, 1, 1))
        for _ in range(drawn.randint(5, 60)):
            chaos.step((drawn.randrange(38), drawn.randrange(60), drawn.randrange(60), drawn.randrange(60)))
            check_always(chaos.script)
            if drawn.randrange(4) == 0:
                restart(chaos.script)
        drain(chaos.script)
        check_end(chaos.script)
        check_bills(chaos.script)
