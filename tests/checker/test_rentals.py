"""Charged rentals against each other and against what really happened."""

from checker_stream import DAY_MS, Stream, walk_up_rental

ORDER, BANK, SLOT = "ord-9b", "bnk-1", "slot/cab-1/1"


def rented_again(minutes_later: float) -> Stream:
    """Returns two rentals of one bank; the second is said to have begun so long after the first's end."""
    stream = walk_up_rental()
    began_ms = stream.now_ms + round(minutes_later * 60_000)
    stream.wait(30).move(BANK, SLOT, "tray/cab-1", "vandal").move(BANK, "tray/cab-1", "user/usr-2", "hand")
    stream.order("ord-8c", walk_up=True).event("ord-8c", "placed", "nothing > reserving")
    stream.event("ord-8c", "unlock_ordered", "reserving > unlocking")
    stream.event("ord-8c", "bank_ejected", "unlocking", bank=BANK, job=None, at_ms=began_ms)
    stream.event("ord-8c", "unlocked", "unlocking > in_use").wait(60)
    stream.move(BANK, "user/usr-2", SLOT, "hand").event("ord-8c", "bank_returned", "in_use", bank=BANK)
    stream.event("ord-8c", "settled", "in_use > settled")
    return stream.line("ord-8c", "rental", BANK, (3, 5), 400 if minutes_later == 30 else 800)


def overlaps(stream: Stream) -> bool:
    """Tells whether the rentals are found to overlap."""
    broken = stream.broken() - {"truth.held"}
    assert broken <= {"rentals.overlap"}
    return broken == {"rentals.overlap"}


def test_a_rental_may_begin_when_the_other_ends() -> None:
    assert not overlaps(rented_again(0))
    assert not overlaps(rented_again(30))


def test_two_rentals_of_one_bank_do_not_overlap() -> None:
    assert overlaps(rented_again(-0.001))


def test_a_time_that_was_not_measured_proves_no_overlap() -> None:
    stream = rented_again(-5).change("line", 1, quality="inferred")
    index = next(i for i, record in enumerate(stream.records) if record[4] == "ord-8c-e3")
    record = stream.records[index]
    stream.records[index] = (*record[:10], "inferred", record[11])
    assert not overlaps(stream)


# The truth.


def charged_for(left_min: float, held_min: float) -> set[str]:
    """Returns what is broken when the bank leaves its slot so late and comes back so much later.

    The rental is charged from the beginning, for an hour.
    """
    stream = walk_up_rental()
    moves = [index for index, record in enumerate(stream.records) if record[0] == "move"]
    start_ms = stream.records[0][1] + round(left_min * 60_000)
    for index, at_ms in zip(moves, (start_ms, start_ms, start_ms + round(held_min * 60_000)), strict=True):
        record = stream.records[index]
        stream.records[index] = (record[0], at_ms, *record[2:])
    return stream.broken()


def test_a_rental_is_as_long_as_the_bank_was_out() -> None:
    assert charged_for(0, 60) == set()
    assert charged_for(-5, 90) == set()


def test_the_doubt_of_a_clock_is_allowed_for() -> None:
    assert charged_for(0, 59.95) == set()
    assert charged_for(0.04, 60) == set()


def test_nobody_pays_for_longer_than_the_bank_was_out() -> None:
    assert charged_for(0, 59.9) == {"truth.held"}
    assert charged_for(0.1, 60) == {"truth.held"}


def test_another_time_out_does_not_count() -> None:
    assert charged_for(61, 600) == {"truth.left"}


def test_nobody_pays_for_a_bank_that_never_left() -> None:
    stream = walk_up_rental().change("motor", moved=False)
    for _ in range(3):
        stream.drop("move")
    assert stream.broken() == {"truth.left"}


def test_a_bank_that_is_still_out_is_out_until_the_end() -> None:
    stream = walk_up_rental().drop("move", 2)
    assert stream.broken() == set()


def test_a_rental_whose_times_are_in_doubt_is_not_compared() -> None:
    stream = walk_up_rental().change("event", 2, quality="free").change("line", quality="free")
    assert (
        stream.drop("move", 0).drop("move", 0).drop("move", 0).change("motor", moved=False).broken() == set()
    )


def test_a_bank_that_began_outside_of_a_slot_is_out_from_then_on() -> None:
    stream = walk_up_rental().change("bank", place="user/usr-1").drop("motor").drop("move").drop("move")
    assert stream.broken() == set()


def test_a_bought_bank_stays_out() -> None:
    stream = Stream().tariff().tell("bank", BANK, "user/usr-1").order(ORDER, walk_up=True)
    stream.event(ORDER, "placed", "nothing > reserving").event(
        ORDER, "unlock_ordered", "reserving > unlocking"
    )
    stream.event(ORDER, "bank_ejected", "unlocking", bank=BANK, job=None)
    stream.event(ORDER, "unlocked", "unlocking > in_use").wait(7 * DAY_MS / 60_000)
    stream.event(ORDER, "bought_out", "in_use > settled", banks=[BANK])
    assert stream.line(ORDER, "rental", BANK, (3, 5), 9_900).broken() == set()
