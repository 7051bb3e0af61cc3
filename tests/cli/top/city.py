"""A city of one cabinet, one courier and one order, as messages, and the participants that send them."""

import asyncio
from collections.abc import Iterable

import aiomqtt

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import (
    BankId,
    CabinetId,
    CourierId,
    JobId,
    JournalId,
    OrderId,
    ReservationId,
    UserId,
)
from chargeloop.protocol.messages.cabinet import (
    BankEjected,
    BankStatus,
    CabinetInfo,
    SlotsSnapshot,
    SlotState,
    SlotStatus,
)
from chargeloop.protocol.messages.common import ConnectionState, Location, Presence
from chargeloop.protocol.messages.courier import JobStep, LegKind, Position, Work, WorkJob
from chargeloop.protocol.messages.rental import HandOver, OrderMoved, OrderState, OrderView, UserOrders
from chargeloop.protocol.time import MINUTE_MS, parse_instant
from chargeloop.protocol.topics import TOPICS

NOON_MS = parse_instant("2026-06-01T12:00:00.000Z")
REGION = "demo"
CABINET, COURIER, USER, RENTAL, DISPATCH = "cab-0001", "cou-0001", "usr-0001", "rnt-main", "dsp-main"
ORDER = OrderId("ord-1")
PLACE = Location(lat_e7=434_520_000, lon_e7=52_330_000)
ONLINE = ConnectionState(state=Presence.ONLINE, connection_epoch=1)
OFFLINE = ConnectionState(state=Presence.OFFLINE, connection_epoch=1)
INFO = CabinetInfo(name="Harbour Café", location=PLACE, slots=4, model="CL-4", firmware="1")
BANK = BankStatus(bank=BankId("bnk-1"), charge_pct=90, health_pct=90, temperature_c=20, cycles=1)


def slots(*states: SlotState) -> SlotsSnapshot:
    """Return a snapshot with slots in these states; all but empty and faulty ones hold a bank."""
    bare = {SlotState.EMPTY, SlotState.FAULTY}
    return SlotsSnapshot(
        version=1,
        journal=JournalId("jnl-1"),
        after_seq=0,
        slots=tuple(
            SlotStatus(slot=number, state=state, bank=None if state in bare else BANK)
            for number, state in enumerate(states, 1)
        ),
    )


SLOTS = slots(SlotState.READY, SlotState.RESERVED, SlotState.EMPTY, SlotState.FAULTY)


def moved(order: str, after: OrderState, before: OrderState | None = None) -> OrderMoved:
    """Return an order's step into a state, named as the state is."""
    return OrderMoved(order=OrderId(order), event=str(after), from_state=before, to_state=after)


def view(order: str, state: OrderState, quantity: int = 2) -> UserOrders:
    """Return what the user of an order is shown."""
    seen = OrderView(
        order=OrderId(order),
        state=state,
        quantity=quantity,
        hand_over=HandOver.COURIER,
        cabinet=CabinetId(CABINET),
        courier=CourierId(COURIER),
        placed=NOON_MS,
        changed=NOON_MS,
    )
    return UserOrders(version=1, orders=(seen,))


def work(*, on_duty: bool = True, step: JobStep | None = JobStep.TO_CABINET) -> Work:
    """Return a courier's work: one job at this step, or none."""
    job = WorkJob(
        job=JobId("job-1"),
        leg=LegKind.OUTWARD,
        step=step or JobStep.TO_CABINET,
        quantity=2,
        cabinet=CabinetId(CABINET),
        cabinet_location=PLACE,
        user=UserId(USER),
        user_location=PLACE,
        reservation=ReservationId("rsv-1"),
        code="123456",
        deliver_by=NOON_MS,
    )
    return Work(version=1, on_duty=on_duty, jobs=() if step is None else (job,))


def topic(name: str) -> str:
    """Return the topic of a row of the table for the participants of this city."""
    ids = {
        "cabinet": CABINET, "courier": COURIER, "user": USER, "rental": RENTAL, "dispatch": DISPATCH,
        "order": ORDER,
    }  # fmt: skip
    spec = TOPICS[name]
    return spec.topic(REGION, **{spec.owner: ids[spec.owner]})


def message(data: Data, *, id: str = "m-1", source: str = "rental/rnt-main", time_ms: int = NOON_MS) -> bytes:  # noqa: A002 - the envelope's own name
    """Return the bytes of a message."""
    return encode(seal(data, id=id, source=source, time=time_ms))


# What each participant says, in its order: who, on the topic of which row, what.
STORY: tuple[tuple[str, str, Data], ...] = (
    (CABINET, "cabinet_connection", ONLINE),
    (CABINET, "cabinet_info", INFO),
    (CABINET, "cabinet_slots", SLOTS),
    (COURIER, "courier_connection", ONLINE),
    (COURIER, "courier_position", Position(location=PLACE)),
    (DISPATCH, "courier_work", work()),
    (RENTAL, "user_orders", view(ORDER, OrderState.DISPATCHING)),
    (RENTAL, "order_event", moved(ORDER, OrderState.FETCHING, OrderState.DISPATCHING)),
    (CABINET, "cabinet_event", BankEjected(slot=1, bank=BankId("bnk-1"))),
)


async def tell(store: CredentialStore, broker: BrokerAddress, story: Iterable[tuple[str, str, Data]]) -> None:
    """Have each participant of a story connect and say its part."""
    for number, (client, name, data) in enumerate(story):
        mine = store.load(client)
        async with aiomqtt.Client(
            broker.host, broker.port, username=client, password=mine.password, identifier=client
        ) as connection:
            spec = TOPICS[name]
            payload = message(
                data, id=f"m-{number}", source=f"{mine.role}/{client}", time_ms=NOON_MS + number * MINUTE_MS
            )
            await connection.publish(topic(name), payload, qos=1, retain=spec.retain)
            await asyncio.sleep(0)
