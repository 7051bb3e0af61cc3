"""A fault meets the orders that it concerns, and in enough runs those in each state: that test is long."""

from dataclasses import dataclass, field
from typing import Any, Final, cast

import pytest
from chargeloop_checker import Checker

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.platform.core.order import (
    BankPlace,
    BankTrack,
    Hold,
    HoldKind,
    HoldState,
    Order,
)
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, OrderId, ReservationId, UserId
from chargeloop.protocol.messages.rental import CancelOrder, HandOver, OrderState
from chargeloop.protocol.topics import TOPICS
from chargeloop.simulation.carried import CARRIED
from chargeloop.simulation.city import BEGIN_MS, Region, build
from chargeloop.simulation.coverage import Coverage
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import discard
from chargeloop.simulation.runner import Summary, jobs, play_job
from chargeloop.simulation.stage import Stage

STATES: Final = frozenset(
    (
        "reserving", "dispatching", "unlocking", "fetching", "delivering", "in_use", "return_reserving",
        "return_dispatching", "collecting", "returning", "recalling",
    )
)  # fmt: skip
# The others last for moments, in which what befalls one participant now and then need not happen.
LASTING: Final = frozenset(("fetching", "delivering", "in_use", "collecting", "returning", "recalling"))
CARRYING: Final = frozenset(("fetching", "delivering", "collecting", "returning"))
GIVING_OUT: Final = frozenset(("fetching", "unlocking"))
DEMANDED: Final[dict[str, frozenset[str]]] = (
    dict.fromkeys(("loss", "duplicate", "reorder", "delay", "version_skew", "service_crash"), STATES)
    | dict.fromkeys(
        ("broker_crash", "restart", "partition", "fight", "power_cut", "clock_jump", "poison", "guess"),
        LASTING,
    )
    | dict.fromkeys(("operator_ends", "operator_cancels", "operator_commands"), LASTING)
    | dict.fromkeys(("courier_lies", "courier_vanishes", "misreads"), CARRYING)
    | dict.fromkeys(("jam", "bounce"), GIVING_OUT)
    | {"double_scan": frozenset(("reserving",)), "vandal": frozenset(("in_use",))}
    | dict.fromkeys(("switch", "reader_fails", "strange_bank", "brought_back"), frozenset(("in_use",)))
    | dict.fromkeys(("motor_cut", "sensor_lie"), frozenset(("fetching",)))
)


@pytest.mark.timeout(600)
def test_every_fault_meets_orders_in_every_state_in_which_it_can_be_expected() -> None:
    total = Summary()
    for job in jobs(100, 2_010, 1, "worst"):
        total.add(play_job(job, Checker))
    assert total.violations == []
    assert {state for _, state in total.coverage} == STATES
    assert total.faults.keys() == DEMANDED.keys()
    rows = [(fault, state) for fault, states in DEMANDED.items() for state in sorted(states)]
    assert [row for row in rows if not total.coverage[row]] == []


def order(number: int, state: OrderState, cabinet: str, place: BankPlace | None = None) -> Order:
    """Return an order of `usr-N` with a reservation at a cabinet, or a bank out of it at a place."""
    hold = Hold(
        ReservationId(f"rsv-{number}"), CabinetId(cabinet), HoldKind.BANKS, 1, "123456", HoldState.HELD, 0,
        CommandId(f"cmd-{number}"), 0,
    )  # fmt: skip
    return Order(
        id=OrderId(f"ord-{number}"), user=UserId(f"usr-{number}"), location=Point(0, 0), quantity=1,
        asked_quantity=1, accept_fewer=False, hand_over=HandOver.COURIER, state=state, tariff="t",
        buyout_after_ms=None, placed_ms=0, since_ms=0, changed_ms=0,
        holds=(hold,) if place is None else (),
        banks=() if place is None else (
            BankTrack(BankId(f"bnk-{number}"), place, given_by=CabinetId(cabinet)),
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Carrying:
    """What is asked of a delivery job."""

    order: str
    courier: str
    has_ended: bool = field(default=False)


@pytest.fixture
def region() -> Region:
    """Return a region with orders in five states: two at one cabinet, three at another one."""
    here = build(Stage(1, BEGIN_MS, faults_of("none"), discard), "r1", 3)
    for one in (
        order(1, OrderState.FETCHING, "cab-a"),
        order(2, OrderState.IN_USE, "cab-a", BankPlace.USER),
        order(3, OrderState.DELIVERING, "cab-b", BankPlace.OUTBOUND),
        order(4, OrderState.UNLOCKING, "cab-b"),
        order(5, OrderState.RETURNING, "cab-b", BankPlace.BACK),
    ):
        here.rental.books.orders[one.id] = one
        here.rental.books.open_orders[one.id] = one.state
    for number, job in enumerate((Carrying("ord-3", "cou-a"), Carrying("ord-2", "cou-a", has_ended=True))):
        here.dispatch.books.jobs[str(number)] = cast("Any", job)
    return here


@pytest.mark.parametrize(
    ("target", "states"),
    [
        ("cab-a", {"fetching", "in_use"}),
        ("cab-b", {"delivering", "unlocking"}),
        ("cab-c", set()),
        ("cou-a", {"delivering"}),
        ("usr-4", {"unlocking"}),
        ("ord-1", {"fetching"}),
        ("ord-9", set()),
        ("opr-a", set()),
        ("rnt-r1", {"fetching", "in_use", "delivering", "unlocking", "returning"}),
        ("broker", {"fetching", "in_use", "delivering", "unlocking", "returning"}),
    ],
)
def test_a_fault_meets_the_orders_that_it_concerns(region: Region, target: str, states: set[str]) -> None:
    coverage = Coverage([region])
    coverage.met("r1", "bounce", target)
    assert coverage.counts == {("bounce", state): 1 for state in states}


def test_a_fault_of_a_message_meets_the_order_that_it_names_or_those_of_whom_its_topic_names(
    region: Region,
) -> None:
    cancel = CancelOrder(user=UserId("usr-4"), order=OrderId("ord-1"), reason="it takes too long")
    payload = CARRIED.encode(CARRIED.seal(cancel, id="m-1", source="user/usr-4", time=BEGIN_MS))
    topic = TOPICS["cabinet_event"].topic("r1", cabinet="cab-a")
    coverage = Coverage([region])
    coverage.befell("loss", Outgoing(topic, payload, 1, retain=False, message_id="m-1"))
    assert coverage.counts == {("loss", "fetching"): 1}
    coverage.befell("delay", Outgoing(topic, b"unreadable", 1, retain=False, message_id="m-2"))
    assert coverage.counts == {("loss", "fetching"): 1, ("delay", "fetching"): 1, ("delay", "in_use"): 1}
