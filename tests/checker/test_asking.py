"""What journals of orders say was asked of cabinets."""

from typing import Any

import pytest
from checker_stream import Stream

ORDER = "ord-7a"
RESERVE, OTHER = "cmd-7a-1", "cmd-7a-2"
HOLD = {"reservation": "rsv-7a-1", "cabinet": "cab-1", "kind": "banks", "quantity": 1}
RELEASE = {"reservation": "rsv-7a-1", "cabinet": "cab-1", "command": OTHER}
ASKED: dict[str, dict[str, Any]] = {
    "release_asked": RELEASE,
    "unlock_ordered": {"command": OTHER},
    "inventory_asked": {"command": OTHER},
}
TYPES = {
    "release_asked": "release_reservation",
    "unlock_ordered": "eject_banks",
    "inventory_asked": "report_inventory",
}


def begun() -> Stream:
    """Returns a stream with an order that asks a cabinet to keep banks."""
    stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
    return stream.event(ORDER, "reservation_asked", "reserving", hold=HOLD)


def asked(kind: str) -> Stream:
    """Returns a stream with an order that asks something more of the cabinet."""
    stream = begun().command(RESERVE, "reserve_banks", "rsv-7a-1", 4).wait(1)
    return stream.event(ORDER, kind, "reserving", **ASKED[kind])


def is_sent(stream: Stream) -> bool:
    return stream.wait(1).broken().isdisjoint({"commands.sent"})


def test_a_reservation_that_is_asked_for_is_sent_to_its_cabinet() -> None:
    assert is_sent(begun().command(RESERVE, "reserve_banks", "rsv-7a-1", 4))
    assert not is_sent(begun())
    assert not is_sent(begun().command(RESERVE, "reserve_banks", "rsv-7a-1", 4, cabinet="cab-2"))
    assert not is_sent(begun().command(RESERVE, "reserve_banks", "rsv-7a-9", 4))
    assert not is_sent(begun().command(RESERVE, "release_reservation", "rsv-7a-1", 4))


@pytest.mark.parametrize("kind", ASKED)
def test_what_is_asked_is_sent(kind: str) -> None:
    assert is_sent(asked(kind).command(OTHER, TYPES[kind], "rsv-7a-1", 5))
    assert not is_sent(asked(kind))
    assert not is_sent(asked(kind).command(OTHER, "lock_slot", "rsv-7a-1", 5))
    assert not is_sent(asked(kind).command("cmd-7a-3", TYPES[kind], "rsv-7a-1", 5))


@pytest.mark.parametrize("kind", ASKED)
def test_what_is_asked_is_sent_in_the_same_transaction(kind: str) -> None:
    assert not is_sent(asked(kind).wait(1).command(OTHER, TYPES[kind], "rsv-7a-1", 5))


def test_what_was_not_sent_is_found_as_soon_as_something_else_is_asked() -> None:
    stream = asked("release_asked").wait(1).event(ORDER, "inventory_asked", "reserving", command="cmd-7a-3")
    stream.command("cmd-7a-3", "report_inventory", None, 5)
    assert not is_sent(stream)


def test_a_release_goes_to_the_cabinet_and_for_the_reservation_that_it_names() -> None:
    assert not is_sent(asked("release_asked").command(OTHER, "release_reservation", "rsv-7a-1", 5, "cab-2"))
    assert not is_sent(asked("release_asked").command(OTHER, "release_reservation", "rsv-7a-9", 5))
