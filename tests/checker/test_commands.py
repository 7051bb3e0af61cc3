"""Commands and how they ended."""

import pytest
from checker_stream import NOON_MS, Stream

RESERVE, EJECT = "cmd-9b-1", "cmd-9b-2"


def sent() -> Stream:
    """Returns a stream with two commands to cab-1."""
    stream = Stream().command(RESERVE, "reserve_banks", "rsv-9b-1", 4)
    return stream.command(EJECT, "eject_banks", "rsv-9b-1", 5)


def test_commands_with_rising_epochs_end_once() -> None:
    stream = sent().tell("outcome", "cab-1", RESERVE, 4, "done", None, NOON_MS)
    assert stream.tell("outcome", "cab-1", EJECT, 5, "failed", "jam", NOON_MS).broken() == set()


def test_an_outcome_may_be_told_again() -> None:
    stream = sent().tell("outcome", "cab-1", EJECT, 5, "failed", "jam", NOON_MS).repeat("outcome")
    assert stream.broken() == set()


def test_a_command_may_be_told_again() -> None:
    assert sent().repeat("command", 0).broken() == set()


@pytest.mark.parametrize(
    "change",
    [{"type": "reserve_slots"}, {"epoch": 6}, {"cabinet": "cab-2"}, {"expires_ms": 1}, {"reservation": None}],
)
def test_a_command_has_one_content(change: dict[str, object]) -> None:
    assert sent().repeat("command", 1).change("command", 2, **change).broken() == {"commands.content"}


@pytest.mark.parametrize("epoch", [4, 3])
def test_epochs_rise(epoch: int) -> None:
    assert sent().change("command", 1, epoch=epoch).broken() == {"commands.epoch"}


def test_every_cabinet_has_epochs_of_its_own() -> None:
    assert sent().change("command", 1, epoch=1, cabinet="cab-2").broken() == set()


@pytest.mark.parametrize(("outcome", "reason"), [("done", None), ("failed", "power_cut"), ("expired", None)])
def test_a_command_does_not_end_in_two_ways(outcome: str, reason: str | None) -> None:
    stream = sent().tell("outcome", "cab-1", EJECT, 5, "failed", "jam", NOON_MS)
    assert stream.tell("outcome", "cab-1", EJECT, 5, outcome, reason, NOON_MS).broken() == {
        "commands.outcome"
    }


def test_an_outcome_is_forgotten_a_day_after_the_expiry_and_then_it_is_expired() -> None:
    stream = sent().tell("outcome", "cab-1", EJECT, 5, "done", None, NOON_MS).wait(24 * 60 + 1)
    assert stream.tell("outcome", "cab-1", EJECT, 5, "expired", None, NOON_MS).broken() == set()
    assert stream.tell("outcome", "cab-1", EJECT, 5, "done", None, NOON_MS).broken() == {"commands.outcome"}


@pytest.mark.parametrize(
    "outcome", [("cab-1", "cmd-9b-3", 5), ("cab-2", EJECT, 5), ("cab-1", EJECT, 4)], ids=str
)
def test_only_a_command_that_was_sent_to_the_cabinet_ends(outcome: tuple[str, str, int]) -> None:
    assert sent().tell("outcome", *outcome, "done", None, NOON_MS).broken() == {"commands.outcome"}


def test_a_command_that_reached_its_cabinet_has_an_outcome() -> None:
    stream = sent().tell("heard", "cab-1", EJECT).tell("heard", "cab-1", EJECT).wait(90)
    assert stream.broken() == {"commands.answered"}
    assert stream.tell("outcome", "cab-1", EJECT, 5, "expired", None, NOON_MS).broken() == set()


def test_a_command_that_its_cabinet_never_heard_has_none() -> None:
    assert sent().wait(90).broken() == set()


def test_a_command_is_lost_when_the_power_fails_as_it_comes() -> None:
    stream = sent().tell("heard", "cab-1", EJECT).tell("crash", "cab-1", "power")
    assert stream.broken() == set()
    assert stream.wait(1).tell("heard", "cab-1", EJECT).broken() == {"commands.answered"}


@pytest.mark.parametrize(("node", "where"), [("cab-1", "restart"), ("cab-2", "power")])
def test_no_other_crash_loses_a_command(node: str, where: str) -> None:
    stream = sent().tell("heard", "cab-1", EJECT).tell("crash", node, where)
    assert stream.broken() == {"commands.answered"}


def test_a_power_cut_later_loses_no_command() -> None:
    stream = sent().tell("heard", "cab-1", EJECT).wait(1).tell("crash", "cab-1", "power")
    assert stream.broken() == {"commands.answered"}
