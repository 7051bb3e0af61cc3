"""Cabinets that do not stay connected are told."""

import sqlite3
from contextlib import closing
from pathlib import Path

from chargeloop.cli.chaos.presence import PresenceWatch, online_cabinets


def test_only_cabinets_that_were_gone_again_or_never_came_are_told() -> None:
    watch = PresenceWatch(frozenset({"cab-1", "cab-2", "cab-3", "cab-4"}))
    watch.look({"cab-1": True, "cab-2": True, "cab-3": False, "cab-9": True})
    watch.look({"cab-1": True, "cab-2": False, "cab-3": True, "cab-9": False})
    watch.look({"cab-1": True, "cab-3": True})
    assert list(watch.violations()) == [
        "cab-4 was never connected",
        "cab-2 was not connected at 2 of 3 looks",
    ]


def test_who_is_connected_is_read_from_the_platform_s_store(tmp_path: Path) -> None:
    assert online_cabinets(tmp_path) == {}
    (tmp_path / "platform").mkdir()
    with closing(sqlite3.connect(tmp_path / "platform" / "rental.sqlite3")) as store:
        store.execute("CREATE TABLE cabinets (id TEXT, online INTEGER)")
        store.execute("INSERT INTO cabinets VALUES ('cab-1', 1), ('cab-2', 0)")
        store.commit()
    assert online_cabinets(tmp_path) == {"cab-1": True, "cab-2": False}
