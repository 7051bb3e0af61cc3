"""Motors ran by right, in time, and not twice."""

from checker_stream import Stream, walk_up_rental

ORDER, RESERVATION, EJECT = "ord-9b", "rsv-9b-1", "cmd-9b-2"


def pickup(quantity: int = 2) -> Stream:
    """Returns a walk-up order for some of the three banks in cab-1, and the command to give them out."""
    stream = Stream().tariff().order(ORDER, quantity=quantity, walk_up=True)
    for number in range(1, 4):
        stream.tell("bank", f"bnk-{number}", f"slot/cab-1/{number}").tell(
            "hold", "cab-1", number, RESERVATION
        )
    stream.event(ORDER, "placed", "nothing > reserving").command("cmd-9b-1", "reserve_banks", RESERVATION, 1)
    stream.command(EJECT, "eject_banks", RESERVATION, 2)
    return stream


def broken(stream: Stream) -> set[str]:
    """Returns the rules that a stream breaks besides that its order was told nothing and has not ended."""
    return stream.broken() - {"orders.end", "truth.told"}


def test_a_pickup_runs_one_motor_after_the_other() -> None:
    stream = pickup().eject("bnk-1", 1, RESERVATION, EJECT, 2).eject("bnk-2", 2, RESERVATION, EJECT, 2)
    assert broken(stream) == set()


def test_a_motor_that_jammed_is_not_run_again() -> None:
    stream = pickup().tell("motor", "cab-1", 1, "bnk-1", RESERVATION, EJECT, 2, False)
    assert broken(stream) == set()
    assert broken(stream.eject("bnk-1", 1, RESERVATION, EJECT, 2)) == {"motors.once"}


def test_a_motor_does_not_run_twice_although_its_slot_is_empty() -> None:
    stream = pickup().eject("bnk-1", 1, RESERVATION, EJECT, 2)
    stream.tell("motor", "cab-1", 1, None, RESERVATION, EJECT, 2, False)
    assert broken(stream) == {"motors.once", "motors.empty"}


def test_no_motor_runs_for_a_slot_out_of_which_the_bank_was_forced() -> None:
    stream = pickup().move("bnk-1", "slot/cab-1/1", "outside", "vandal")
    stream.tell("motor", "cab-1", 1, None, RESERVATION, EJECT, 2, False)
    assert broken(stream) == {"motors.empty"}


def held_anew(stream: Stream) -> Stream:
    """Lets slot 1 be kept for nobody, and then for the reservation again."""
    return stream.tell("hold", "cab-1", 1, None).tell("hold", "cab-1", 1, RESERVATION)


def test_a_bank_put_into_the_slot_meanwhile_may_be_a_substitute() -> None:
    stream = pickup().eject("bnk-1", 1, RESERVATION, EJECT, 2).tell("bank", "bnk-9", "user/usr-2")
    held_anew(stream.move("bnk-9", "user/usr-2", "slot/cab-1/1", "hand"))
    assert broken(stream.eject("bnk-9", 1, RESERVATION, EJECT, 2)) == set()


def test_a_bank_that_was_seen_inside_again_may_be_its_own_substitute() -> None:
    stream = pickup().tell("motor", "cab-1", 1, "bnk-1", RESERVATION, EJECT, 2, False)
    assert broken(held_anew(stream).eject("bnk-1", 1, RESERVATION, EJECT, 2)) == set()


def test_that_a_slot_is_still_kept_is_no_reason_to_run_its_motor_again() -> None:
    stream = pickup().tell("motor", "cab-1", 1, "bnk-1", RESERVATION, EJECT, 2, False)
    stream.tell("hold", "cab-1", 1, RESERVATION).eject("bnk-1", 1, RESERVATION, EJECT, 2)
    assert broken(stream) == {"motors.once"}


def test_no_more_banks_come_out_than_the_order_asked_for() -> None:
    stream = pickup(quantity=1).eject("bnk-1", 1, RESERVATION, EJECT, 2)
    assert broken(stream) == set()
    assert broken(stream.eject("bnk-2", 2, RESERVATION, EJECT, 2)) == {"motors.quantity"}


def test_a_jam_does_not_count_as_a_bank() -> None:
    stream = pickup(quantity=1).tell("motor", "cab-1", 1, "bnk-1", RESERVATION, EJECT, 2, False)
    assert broken(stream.eject("bnk-2", 2, RESERVATION, EJECT, 2)) == set()


def test_the_first_motor_runs_before_the_command_expires() -> None:
    stream = pickup().wait(0.25 + 0.1)
    assert broken(stream.eject("bnk-1", 1, RESERVATION, EJECT, 2)) == {"motors.late"}


def test_a_pickup_that_has_begun_is_carried_through() -> None:
    stream = pickup().wait(0.2).eject("bnk-1", 1, RESERVATION, EJECT, 2)
    assert broken(stream.wait(10).eject("bnk-2", 2, RESERVATION, EJECT, 2)) == set()


def test_a_motor_needs_a_reservation() -> None:
    stream = pickup().tell("motor", "cab-1", 1, "bnk-1", None, None, 0, False)
    assert broken(stream) == {"motors.command"}


def test_a_typed_code_needs_a_reservation_that_the_cabinet_was_sent() -> None:
    assert broken(pickup().eject("bnk-1", 1, RESERVATION)) == set()
    assert broken(pickup().drop("command", 0).drop("command", 0).eject("bnk-1", 1, RESERVATION)) == {
        "motors.command"
    }


def test_a_motor_runs_only_by_a_command_that_was_sent() -> None:
    stream = pickup().eject("bnk-1", 1, RESERVATION, "cmd-9b-3", 2)
    assert broken(stream) == {"motors.command"}


def test_a_motor_runs_only_by_a_command_to_its_own_cabinet() -> None:
    stream = pickup().change("command", 1, cabinet="cab-2").eject("bnk-1", 1, RESERVATION, EJECT, 2)
    assert broken(stream) == {"motors.command"}


def test_a_motor_names_the_epoch_of_its_command() -> None:
    assert broken(pickup().eject("bnk-1", 1, RESERVATION, EJECT, 3)) == {"motors.command"}


def test_only_an_eject_runs_motors() -> None:
    stream = (
        pickup().change("command", 1, type="release_reservation").eject("bnk-1", 1, RESERVATION, EJECT, 2)
    )
    assert broken(stream) == {"motors.command"}
    assert broken(stream.change("command", 1, type="chargeloop.cabinet.eject_banks.v1")) == set()


def test_only_kept_banks_come_out_by_a_typed_code() -> None:
    stream = pickup().change("command", 0, type="reserve_slots").eject("bnk-1", 1, RESERVATION)
    assert broken(stream) == {"motors.command"}


def test_a_motor_runs_only_in_a_slot_that_is_kept() -> None:
    stream = pickup().tell("hold", "cab-1", 1, None).eject("bnk-1", 1, RESERVATION, EJECT, 2)
    assert broken(stream) == {"motors.held"}


def test_a_motor_does_not_run_in_a_slot_that_is_kept_for_another() -> None:
    stream = pickup(quantity=1).tell("hold", "cab-1", 1, None).tell("hold", "cab-1", 1, "rsv-8c-1")
    assert broken(stream.eject("bnk-1", 1, RESERVATION)) == {"motors.held", "holds.end"}


def test_an_older_command_does_not_run_a_motor_after_a_newer_one() -> None:
    stream = pickup().command("cmd-9b-3", "eject_banks", RESERVATION, 3)
    stream.eject("bnk-1", 1, RESERVATION, "cmd-9b-3", 3).eject("bnk-2", 2, RESERVATION, EJECT, 2)
    assert broken(stream) == {"motors.epoch"}


def test_the_whole_walk_up_is_right_by_its_motors() -> None:
    assert walk_up_rental().broken() == set()
