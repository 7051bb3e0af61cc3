"""Every message twice at once, and every message again when all is over."""

from collections.abc import Callable

import pytest

from chargeloop.platform.core.region import _CABINET, _DELIVERY
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.cabinet import CabinetReason, Outcome
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import HandOver
from tests.platform.core.chaos import check_end, check_reload, drain
from tests.platform.core.script import COURIER, A, B, Script, city, made, ready

# What is sent anew for a repeated request, and moves nothing.
ANSWERS = (rental.RequestDone, rental.RequestRefused)


class Echo(Script):
    """Delivers every message twice."""

    def deliver(self, incoming: Incoming) -> None:
        super().deliver(incoming)
        first = self.last
        events, lines, orders = len(self.rows.events), len(self.rows.lines), dict(self.rows.orders)
        super().deliver(incoming)
        assert (len(self.rows.events), len(self.rows.lines)) == (events, lines)
        assert self.rows.orders == orders
        assert all(isinstance(send.data, ANSWERS) for send in self.last)
        self.last = first


def reservation(script: Script) -> str:
    return script.command(cab.ReserveBanks)[1].reservation


def whole_loop(script: Script) -> None:
    order = script.place(2)
    script.answer(cab.ReserveBanks, slots=[(1, "bnk-a1"), (2, "bnk-a2")])
    script.taken()
    job, _ = script.job()
    about = {"job": job, "order": order.id}
    script.report(made(delivery.CourierProgressed, **about, milestone="arrived_at_cabinet"))
    script.event(A, made(cab.PickupStarted, reservation=reservation(script), by="keypad"))
    script.eject(A, reservation(script), {1: "bnk-a1", 2: "bnk-a2"})
    banks = ("bnk-a1", "bnk-a2")
    script.report(made(delivery.BanksPickedUp, **about, banks=banks))
    script.minutes(2)
    script.report(made(delivery.RentalSucceeded, **about, banks=banks))
    script.ask_return(order.id, 2)
    script.answer(cab.ReserveSlots)
    script.taken()
    job, _ = script.job()
    about = {"job": job, "order": order.id}
    script.report(made(delivery.BanksCollected, **about, banks=banks))
    slots = script.command(cab.ReserveSlots)[1].reservation
    script.insert(A, 1, "bnk-a1", slots)
    script.insert(A, 2, "bnk-a2", slots)
    script.report(made(delivery.ReturnSucceeded, **about, banks=banks, evidence=Evidence.CABINET))


def troubles(script: Script) -> None:
    order = script.place(2)
    script.answer(cab.ReserveBanks, Outcome.REFUSED, reason=CabinetReason.NOT_ENOUGH_BANKS, cabinet=A)
    script.answer(cab.ReserveBanks, cabinet=B)
    script.taken()
    job, _ = script.job()
    about = {"job": job, "order": order.id}
    left = made(
        delivery.CourierGaveUp, **about, courier=COURIER, reason="tired", banks=(), offered_again=True
    )
    script.report(left)
    script.taken("cou-0002")
    script.report(made(delivery.DeliveryProblem, **about, problem=Problem.CABINET_GAVE_NOTHING))
    script.answer(cab.ReserveBanks, cabinet=A)
    jam = made(
        cab.EjectFailed, slot=1, bank="bnk-a1", reservation=reservation(script), reason=CabinetReason.JAM
    )
    script.event(A, jam)
    script.event(A, made(cab.SlotChanged, slot=1, state=cab.SlotState.FAULTY, reason=CabinetReason.JAM))
    script.eject(A, reservation(script), {2: "bnk-a2"}, missing=1)
    failed = made(delivery.DeliveryFailed, **about, why=JobEnd.GAVE_UP_WITH_BANKS, banks=("bnk-a2",))
    script.report(failed)
    script.cancel(order.id)
    script.insert(B, 5, "bnk-a2")
    script.event(A, made(cab.Booted, cause="crash", firmware="1"))
    script.event(A, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms))
    script.event(A, made(cab.ReturnRejected, reason=CabinetReason.UNREADABLE_BANK))
    script.event(A, made(cab.InventoryReported, slots=(ready(3, "bnk-a3"),)))


def walk_up(script: Script) -> None:
    order = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    script.minutes(4)
    inquiry, _ = script.command(cab.ReportInventory)
    script.alive(A, B)
    script.event(A, made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=reservation(script)))
    script.event(A, made(cab.InventoryReported, command=inquiry.id, slots=()))
    script.answer(cab.ReportInventory)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).final


STORIES = (whole_loop, troubles, walk_up)


@pytest.mark.parametrize("story", STORIES)
def test_every_message_delivered_twice_moves_an_order_once(story: Callable[[Script], None]) -> None:
    plain, echo = city(), city(Echo)
    story(plain)
    story(echo)
    assert [event.type for event in echo.rows.events] == [event.type for event in plain.rows.events]
    assert [(send.topic, send.data) for send in echo.sent if not isinstance(send.data, ANSWERS)] == [
        (send.topic, send.data) for send in plain.sent if not isinstance(send.data, ANSWERS)
    ]


@pytest.mark.parametrize("story", STORIES)
def test_every_message_delivered_again_when_all_is_over_moves_nothing(
    story: Callable[[Script], None],
) -> None:
    script = city()
    story(script)
    script.minutes(6 * 60)
    assert all(order.final for order in script.rows.orders.values())
    orders, lines, events = dict(script.rows.orders), list(script.rows.lines), list(script.rows.events)
    for incoming in tuple(script.messages):
        if incoming.topic.spec.name != "gateway_request":  # the endpoint answers a repeated id itself
            script.again(incoming)
    assert (script.rows.orders, script.rows.lines, script.rows.events) == (orders, lines, events)
    drain(script)
    check_end(script)


@pytest.mark.parametrize("story", STORIES)
def test_what_was_written_is_the_same_memory_again(story: Callable[[Script], None]) -> None:
    script = city()
    story(script)
    check_reload(script)


def test_the_stories_have_every_message_that_has_a_handler() -> None:
    heard = set()
    for story in STORIES:
        script = city()
        story(script)
        heard |= {type(incoming.message.data) for incoming in script.messages}
    assert set(_CABINET) | set(_DELIVERY) <= heard
