"""People who come when all is well again."""

import pytest
from checker_stream import Stream, courier_rental, walk_up_rental


def visited(stream: Stream, quantity: int = 1) -> Stream:
    """Returns the same stream, whose user came after the healing."""
    first = stream.records[0]
    stream.records[:0] = [("healed", first[1]), ("visitor", first[1], first[2], "usr-1", quantity)]
    return stream


@pytest.mark.parametrize("stream", [walk_up_rental(), courier_rental()])
def test_a_whole_rental_serves_a_visitor(stream: Stream) -> None:
    assert visited(stream).broken() == set()


def test_somebody_who_is_refused_was_not_served() -> None:
    stream = Stream().tell("bank", "bnk-1", "slot/cab-1/1")
    assert visited(stream).broken() == {"visitors.served"}


def test_an_order_that_fails_has_not_served() -> None:
    stream = Stream().tariff().order("ord-1", walk_up=True)
    stream.event("ord-1", "placed", "nothing > reserving").event("ord-1", "failed", "reserving > failed")
    assert "visitors.served" in visited(stream).broken()


def test_every_bank_asked_for_is_charged() -> None:
    assert "visitors.served" in visited(walk_up_rental().drop("line")).broken()
    assert visited(walk_up_rental(), quantity=2).broken() == {"visitors.served"}


def test_only_what_the_visitor_had_is_charged() -> None:
    stream = walk_up_rental()
    for number in (1, 2):
        ends = {"to": "user/usr-2"} if number == 1 else {"from": "user/usr-2"}
        stream.change("move", number, **ends)
    assert visited(stream).broken() == {"visitors.served"}


def charged_late_by(seconds: int) -> set[str]:
    """Returns what is broken when the user at the cabinet had the bank for so much longer than charged."""
    stream = walk_up_rental()
    until_ms = next(reversed([record[1] for record in stream.records if record[0] == "move"]))
    return visited(stream.change("move", 2, at_ms=until_ms + 1_000 * seconds)).broken()


def test_a_visitor_pays_for_as_long_as_they_had_the_bank() -> None:
    assert charged_late_by(5) == set()
    assert charged_late_by(6) == {"visitors.charged"}


def test_doubt_favours_a_visitor() -> None:
    stream = walk_up_rental().change("event", 4, quality="inferred").change("line", quality="inferred")
    (*_, back_ms) = (record[1] for record in stream.records if record[0] == "move")
    assert visited(stream.change("move", 2, at_ms=back_ms + 600_000)).broken() == set()


def test_a_courier_may_wait_at_the_door() -> None:
    assert visited(courier_rental().change("line", 1, of="bnk-1")).broken() == set()
    stream = courier_rental()
    door_ms = [record[1] for record in stream.records if record[0] == "move"][3]
    assert "visitors.charged" in visited(stream.change("move", 3, at_ms=door_ms + 11 * 60_000)).broken()


def test_without_a_visitor_nobody_needs_to_be_served() -> None:
    assert Stream().tell("bank", "bnk-1", "slot/cab-1/1").broken() == set()
