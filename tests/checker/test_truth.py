"""Bills and journals against what really happened."""

from checker_stream import DAY_MS, REGION, Stream, courier_rental, walk_up_rental

ORDER, OTHER, BANK, SLOT = "ord-9b", "ord-8c", "bnk-1", "slot/cab-1/1"


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


def test_a_rental_that_ended_at_the_first_look_says_nothing() -> None:
    stream = walk_up_rental().change(
        "event", 2, detail='{"bank":"bnk-2","cabinet":"cab-1","slot":1,"job":null}'
    )
    stream.change("event", 4, detail='{"bank":"bnk-2"}').change("line", of="bnk-2")
    (from_ms,) = (record[9] for record in stream.records if record[0] == "line")
    assert "truth.left" in stream.change("line", to_ms=from_ms + 5_001).broken()
    assert "truth.left" not in stream.change("line", to_ms=from_ms + 5_000).broken()


def handed_over_late(by_ms: int) -> set[str]:
    """Returns what is broken when a courier hands the bank over so long after telling of it."""
    stream = courier_rental()
    door = [record for record in stream.records if record[0] == "move"][2]
    return stream.change("move", 2, at_ms=door[1] + by_ms).broken()


def test_nobody_pays_from_before_the_bank_was_in_their_hands() -> None:
    assert handed_over_late(5_000) == set()
    assert handed_over_late(5_001) == {"truth.handed"}


def test_another_time_out_does_not_count() -> None:
    assert charged_for(61, 600) == {"truth.left"}


def test_nobody_pays_for_a_bank_that_never_left() -> None:
    stream = walk_up_rental().change(
        "event", 2, detail='{"bank":"bnk-2","cabinet":"cab-1","slot":1,"job":null}'
    )
    stream.change("event", 4, detail='{"bank":"bnk-2"}').change("line", of="bnk-2")
    assert stream.broken() == {"truth.left"}


def test_a_sensor_that_lies_hides_that_a_bank_stayed() -> None:
    stream = walk_up_rental().change("motor", moved=False)
    for _ in range(3):
        stream.drop("move")
    assert stream.broken() == {"truth.hidden"}


def test_force_hides_a_bank() -> None:
    stream = walk_up_rental().drop("move", 2)
    at_ms = stream.records[0][1] + 60_000
    index = next(
        index for index, record in enumerate(stream.records) if record[4:6] == (f"{ORDER}-e4", "unlocked")
    )
    stream.records.insert(index + 2, ("move", at_ms, "demo", BANK, "user/usr-1", SLOT, "vandal"))
    assert stream.broken() == {"truth.hidden"}


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
    stream.ejected(ORDER, "unlocking")
    stream.event(ORDER, "unlocked", "unlocking > in_use").wait(7 * DAY_MS / 60_000)
    stream.event(ORDER, "bought_out", "in_use > settled", banks=[BANK])
    assert stream.line(ORDER, "rental", BANK, (3, 5), 9_900).broken() == set()


def bought_although_back(quality: str, crashed: str) -> set[str]:
    """Returns what is broken when a bank was put back hours before it was sold, and found after that."""
    stream = Stream().tariff().tell("bank", BANK, "user/usr-1").order(ORDER, walk_up=True)
    stream.event(ORDER, "placed", "nothing > reserving").event(
        ORDER, "unlock_ordered", "reserving > unlocking"
    )
    stream.ejected(ORDER, "unlocking")
    stream.event(ORDER, "unlocked", "unlocking > in_use").wait(60).move(BANK, "user/usr-1", SLOT, "hand")
    stream.tell("crash", crashed, "power").wait(7 * DAY_MS / 60_000 - 60)
    stream.event(ORDER, "bought_out", "in_use > settled", banks=[BANK])
    stream.line(ORDER, "rental", BANK, (3, 5), 9_900).wait(5)
    stream.event(ORDER, "bank_found", "settled", quality=quality, bank=BANK, cabinet="cab-1", slot=1)
    return stream.broken()


def test_a_return_of_a_boot_that_nobody_can_date_does_not_undo_a_sale() -> None:
    assert bought_although_back("inferred", "cab-1") == set()
    assert bought_although_back("inferred", "cab-2") == {"truth.held"}
    assert bought_although_back("synced", "cab-1") == {"truth.held"}


# What is told.


def put_back_in_silence() -> Stream:
    """Returns an order that failed while its bank was out; somebody put it into a slot since."""
    stream = Stream().tariff().tell("bank", BANK, "user/usr-1").order(ORDER, walk_up=True)
    stream.event(ORDER, "placed", "nothing > reserving").event(
        ORDER, "unlock_ordered", "reserving > unlocking"
    )
    stream.ejected(ORDER, "unlocking").event(ORDER, "failed", "unlocking > failed")
    return stream.wait(5).move(BANK, "user/usr-1", SLOT, "hand")


def test_an_order_is_told_what_left_for_it() -> None:
    stream = walk_up_rental().change(
        "event", 2, detail='{"bank":"bnk-1","cabinet":"cab-1","slot":2,"job":null}'
    )
    assert stream.broken() == {"truth.told"}


def test_a_bank_that_left_a_slot_after_force_may_have_been_unseen() -> None:
    stream = walk_up_rental().change(
        "event", 2, detail='{"bank":"bnk-1","cabinet":"cab-1","slot":2,"job":null}'
    )
    stream.move(BANK, SLOT, "outside", "vandal").move(BANK, "outside", SLOT, "vandal")
    assert stream.broken() == set()


def test_an_order_is_told_what_came_back() -> None:
    assert put_back_in_silence().broken() == {"truth.told"}
    assert put_back_in_silence().event(ORDER, "bank_found", "failed", bank=BANK).broken() == set()


def test_the_last_courier_who_left_with_a_bank_is_told_of_it_also_when_the_order_is_over() -> None:
    stream = put_back_in_silence().order(OTHER)
    stream.event(OTHER, "placed", "nothing > reserving").event(OTHER, "failed", "reserving > failed")
    stream.event(OTHER, "job_ended", "failed", job="job-8c-1", why="gave_up_with_banks", astray=[BANK])
    assert stream.broken() == {"truth.told"}
    assert stream.event(OTHER, "bank_found", "failed", bank=BANK).broken() == set()


def test_a_bank_that_was_forced_may_be_back_unseen() -> None:
    stream = put_back_in_silence().move(BANK, SLOT, "outside", "vandal").move(BANK, "outside", SLOT, "vandal")
    assert stream.broken() == set()


def test_a_bank_that_never_left_may_be_back_unseen() -> None:
    stream = put_back_in_silence().tell("hold", "cab-1", 1, "rsv-9b-1")
    stream.command("cmd-9b-1", "reserve_banks", "rsv-9b-1", 1)
    stream.tell("motor", "cab-1", 1, BANK, "rsv-9b-1", None, 0, False).tell("hold", "cab-1", 1, None)
    assert stream.broken() == set()


def test_a_bank_that_is_out_still_is_not_told_to_be_back() -> None:
    assert put_back_in_silence().drop("move").broken() == set()


def test_the_whole_rental_was_told() -> None:
    assert courier_rental().broken() == set()


def test_a_return_told_late_that_leaves_the_price_as_it_was_corrects_the_times_too() -> None:
    stream = walk_up_rental()
    back_ms = stream.records[0][1] + 50 * 60_000
    stream.change("move", 2, at_ms=back_ms)
    assert stream.broken() == {"truth.held"}
    stream.event(ORDER, "bank_returned", "settled", at_ms=back_ms, bank=BANK, cabinet="cab-1", slot=1)
    assert stream.broken() == set()


def inferred(early_s: int, crashed: str | None = None) -> set[str]:
    """Returns what is broken when times that were not measured charge for so long after the return."""
    stream = walk_up_rental().change("event", 4, quality="inferred").change("line", quality="inferred")
    (*_, back_ms) = (record[1] for record in stream.records if record[0] == "move")
    stream.change("move", 2, at_ms=back_ms - 1_000 * early_s)
    if crashed is not None:
        stream.records.insert(-4, ("crash", back_ms - 1_000, REGION, crashed, "power"))
    return stream.broken()


def test_doubt_favours_the_user() -> None:
    assert inferred(60) == set()
    assert inferred(61) == {"truth.held"}


def test_a_boot_that_was_over_before_its_time_was_learned_is_dated_by_what_is_heard_of_it() -> None:
    assert inferred(600, crashed="cab-1") == set()
    assert inferred(600, crashed="cab-2") == {"truth.held"}
