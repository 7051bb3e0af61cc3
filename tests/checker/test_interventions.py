"""Commands of operators to cabinets."""

from typing import Any

import pytest
from checker_stream import NOON_MS, Stream

OPERATOR, COMMAND = "opr-1", "cmd-5f"


def wished(stream: Stream, action: str = "unlock", command: str = COMMAND, **what: Any) -> Stream:
    what = what or {"slot": 4}
    return stream.wish(OPERATOR, "command_cabinet", "cab-1", {"command": command}, action=action, **what)


def noted(
    stream: Stream,
    *known: object,
    action: str = "unlock",
    slot: int | None = 4,
    reservation: str | None = None,
) -> Stream:
    """Tells what is known of the command: outcome, refusal, when answered, when happened."""
    facts = (*known, *(None,) * (4 - len(known)))
    return stream.tell(
        "intervention", COMMAND, "cab-1", OPERATOR, action, slot, reservation, NOON_MS + 15_000, *facts
    )


def sent(**what: Any) -> Stream:
    return noted(wished(Stream(), **what)).command(COMMAND, "lock_slot", None, 1)


def told(stream: Stream, outcome: str = "done", reason: str | None = None) -> Stream:
    return stream.tell("outcome", "cab-1", COMMAND, 1, outcome, reason, NOON_MS)


def test_a_command_is_sent_answered_and_happens() -> None:
    stream = noted(told(sent()), None, None, None, NOON_MS)
    assert noted(stream, "done", None, NOON_MS, NOON_MS).broken() == set()


def test_a_command_may_stay_without_an_answer() -> None:
    assert sent().broken() == set()


@pytest.mark.parametrize("change", [{"operator": "opr-2"}, {"slot": 5}, {"action": "lock"}])
def test_a_command_is_sent_as_an_operator_asked(change: dict[str, object]) -> None:
    assert sent().change("intervention", **change).broken() == {"interventions.asked"}


def test_a_command_is_sent_once_for_each_time_it_was_asked_for() -> None:
    twice = sent().repeat("intervention").change("intervention", 1, command="cmd-6a")
    twice.command("cmd-6a", "lock_slot", None, 2)
    assert twice.broken() == {"interventions.asked"}
    assert wished(sent()).broken() == {"interventions.asked"}


def test_what_is_confirmed_is_sent() -> None:
    assert wished(Stream()).broken() == {"interventions.asked"}
    assert sent().change("command", type="report_inventory").broken() == {"interventions.asked"}
    assert sent().drop("command").broken() == {"interventions.asked"}


def test_an_outcome_is_what_the_cabinet_tells() -> None:
    assert told(sent()).broken() == {"interventions.outcome"}
    assert noted(told(sent()), "refused", "busy", NOON_MS).broken() == {"interventions.outcome"}
    assert noted(sent(), "done", None, NOON_MS).broken() == {"interventions.outcome"}


def test_an_outcome_does_not_change() -> None:
    stream = noted(noted(told(sent()), "done", None, NOON_MS), "done", None, NOON_MS + 1)
    assert stream.broken() == {"interventions.outcome"}


def test_what_happened_happened_once() -> None:
    stream = noted(noted(sent(), None, None, None, NOON_MS), None, None, None, NOON_MS + 1)
    assert stream.broken() == {"interventions.happened"}


def test_no_inventory_happened_that_the_cabinet_did_not_tell() -> None:
    stream = wished(Stream(), "inventory", slot=None).command(COMMAND, "report_inventory", None, 1)
    noted(stream, None, None, None, NOON_MS, action="inventory", slot=None)
    assert stream.broken() == {"interventions.happened"}


def test_nothing_was_given_out_without_a_motor() -> None:
    stream = wished(Stream(), "eject", reservation="rsv-7a-1").command(COMMAND, "eject_banks", "rsv-7a-1", 1)
    noted(stream, None, None, None, NOON_MS, action="eject", slot=None, reservation="rsv-7a-1")
    assert stream.broken() == {"interventions.happened"}
