"""What is known of a running city from its messages: orders, cabinets, couriers, rates and the last events.

Pure: messages and times go in, lines for tables come out. Retained state tells where everything stands when
one begins to listen; events then move it. The world's time is that of the latest message of a platform.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from chargeloop.cli.news import members, name_of, news_of
from chargeloop.cli.top.rates import Rate
from chargeloop.cli.visible import visible
from chargeloop.cli.words import in_words
from chargeloop.protocol.codec import Fault, decode
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.geo import Point, distances_from
from chargeloop.protocol.messages.cabinet import CabinetInfo, SlotsSnapshot, SlotState
from chargeloop.protocol.messages.common import ConnectionState, Presence
from chargeloop.protocol.messages.courier import DutyChanged, Position, Work
from chargeloop.protocol.messages.rental import OrderMoved, OrderState, UserOrders
from chargeloop.protocol.topics import Role, Topic, parse_topic

ENDED: Final = frozenset({OrderState.SETTLED, OrderState.CANCELLED, OrderState.FAILED})
UNKNOWN: Final = "not ours"
_EVENTS_KEPT: Final = 300
_ORDERS_KEPT: Final = 5_000
_PLATFORMS: Final = frozenset({Role.RENTAL, Role.DISPATCH})
# Topics of which each message is an event; of orders and cabinets only what has a sentence is told.
_TOLD: Final = frozenset({"courier_event", "rental_quarantine", "dispatch_quarantine"})
# Is given the id of the topic's owner and the message.
Handler = Callable[[str, Envelope[Any]], None]
_CONNECTIONS: Final = frozenset(
    {"cabinet_connection", "courier_connection", "rental_connection", "dispatch_connection"}
)


@dataclass(slots=True)
class Order:
    """An order as it was last heard of; times in milliseconds since 1970 UTC."""

    order: str
    state: OrderState | None = None
    user: str = ""
    quantity: int = 0
    cabinet: str = ""
    courier: str = ""
    changed_ms: int = 0


@dataclass(slots=True)
class Cabinet:
    """A cabinet as last heard of: `slots` counts its slots by state, `held` those whose bank is set aside."""

    cabinet: str
    name: str = ""
    place: Point | None = None
    presence: Presence | None = None
    slots: Counter[SlotState] = field(default_factory=Counter)
    held: int = 0
    heard_s: float = 0.0

    @property
    def faults(self) -> int:
        """Return how many slots are faulty or locked."""
        return self.slots[SlotState.FAULTY] + self.slots[SlotState.LOCKED]


@dataclass(frozen=True, slots=True)
class Near:
    """A cabinet by its name, and how far away it is."""

    name: str
    distance_m: int


@dataclass(slots=True)
class Courier:
    """A courier as last heard of; `task` is what is to be done next, in words.

    `near` is worked out when somebody asks, and forgotten when the courier moves.
    """

    courier: str
    presence: Presence | None = None
    on_duty: bool | None = None
    jobs: int = 0
    task: str = ""
    place: Point | None = None
    near: Near | None = None
    heard_s: float = 0.0

    def move(self, place: Point) -> None:
        """Be somewhere else now."""
        if place != self.place:
            self.place, self.near = place, None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `at_ms` is the world's time then, in milliseconds since 1970 UTC."""

    at_ms: int
    text: str


class Board:
    """Takes messages and knows how everything stands."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.cabinets: dict[str, Cabinet] = {}
        self.couriers: dict[str, Courier] = {}
        self.rates: defaultdict[str, Rate] = defaultdict(Rate)
        self.rate = Rate()
        self.events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self.world_ms: int | None = None
        self._told: deque[str] = deque(maxlen=_EVENTS_KEPT)
        self._handlers: dict[str, Handler] = {
            "order_event": self._order_moved,
            "user_orders": self._users_orders,
            "cabinet_connection": self._cabinet_connected,
            "cabinet_info": self._cabinet_introduced,
            "cabinet_slots": self._slots,
            "courier_connection": self._courier_connected,
            "courier_position": self._position,
            "courier_event": self._courier_acted,
            "courier_work": self._work,
        }

    def take(self, topic_text: str, payload: bytes, *, now_s: float, retained: bool) -> None:
        """Take one message that came now; what is not understood is counted as `not ours`."""
        topic = parse_topic(topic_text)
        self.rate.count(now_s)
        self.rates[UNKNOWN if topic is None else topic.spec.name].count(now_s)
        envelope = decode(payload)
        if topic is None or isinstance(envelope, Fault):
            return
        if topic.spec.writer in _PLATFORMS and not retained:
            self.world_ms = max(envelope.time, self.world_ms or 0)
        handler = self._handlers.get(topic.spec.name)
        if handler is not None:
            handler(topic.owner, envelope)
        self._note_life(topic, now_s)
        if not retained:
            self._tell(topic, envelope)

    def cabinet(self, cabinet: str) -> Cabinet:
        """Return the cabinet, a new one when nothing has been heard of it yet."""
        return self.cabinets.setdefault(cabinet, Cabinet(cabinet))

    def courier(self, courier: str) -> Courier:
        """Return the courier, a new one when nothing has been heard of them yet."""
        return self.couriers.setdefault(courier, Courier(courier))

    def states(self) -> Counter[OrderState]:
        """Return how many orders are in which state."""
        return Counter(order.state for order in self.orders.values() if order.state is not None)

    def near(self, courier: Courier) -> Near | None:
        """Return the cabinet nearest to a courier, or None when a place is not known."""
        if courier.place is None:
            return None
        if courier.near is None:
            metres = distances_from(courier.place)
            found = ((metres(one.place), one) for one in self.cabinets.values() if one.place is not None)
            distance, nearest = min(found, key=lambda pair: pair[0], default=(0.0, None))
            if nearest is not None:
                courier.near = Near(nearest.name or nearest.cabinet, round(distance))
        return courier.near

    def _note_life(self, topic: Topic, now_s: float) -> None:
        if topic.spec.writer is Role.CABINET:
            self.cabinet(topic.owner).heard_s = now_s
        elif topic.spec.writer is Role.COURIER:
            self.courier(topic.owner).heard_s = now_s

    def _tell(self, topic: Topic, envelope: Envelope[Data]) -> None:
        """Keep an event once, however often its message comes."""
        text = _sentence(topic, envelope.data)
        key = f"{envelope.source} {envelope.id}"
        if text is not None and key not in self._told:
            self._told.append(key)
            # Clocks of devices are wrong, and for the eye what has just come has just happened.
            self.events.append(Event(self.world_ms or envelope.time, visible(text)))

    def _forget(self) -> None:
        """Forget the oldest orders that have ended, so that a long look does not grow."""
        for name in [name for name, order in self.orders.items() if order.state in ENDED]:
            if len(self.orders) <= _ORDERS_KEPT:
                return
            del self.orders[name]

    # One handler for each kind of topic that moves something.

    def _order_moved(self, _: str, envelope: Envelope[Any]) -> None:
        data: OrderMoved = envelope.data
        order = self.orders.setdefault(data.order, Order(data.order))
        if envelope.time >= order.changed_ms:
            order.state, order.changed_ms = data.to_state, envelope.time
        self._forget()

    def _users_orders(self, user: str, envelope: Envelope[Any]) -> None:
        data: UserOrders = envelope.data
        for view in data.orders:
            order = self.orders.setdefault(view.order, Order(view.order))
            order.user, order.quantity = user, view.quantity
            order.cabinet, order.courier = view.cabinet or "", view.courier or ""
            if view.changed >= order.changed_ms:
                order.state, order.changed_ms = view.state, view.changed
        self._forget()

    def _cabinet_connected(self, cabinet: str, envelope: Envelope[Any]) -> None:
        data: ConnectionState = envelope.data
        self.cabinet(cabinet).presence = data.state

    def _cabinet_introduced(self, cabinet: str, envelope: Envelope[Any]) -> None:
        data: CabinetInfo = envelope.data
        known = self.cabinet(cabinet)
        known.name, known.place = data.name, data.location.point

    def _slots(self, cabinet: str, envelope: Envelope[Any]) -> None:
        data: SlotsSnapshot = envelope.data
        known = self.cabinet(cabinet)
        known.slots = Counter(slot.state for slot in data.slots)
        known.held = sum(slot.state is SlotState.RESERVED and slot.bank is not None for slot in data.slots)

    def _courier_connected(self, courier: str, envelope: Envelope[Any]) -> None:
        data: ConnectionState = envelope.data
        self.courier(courier).presence = data.state

    def _position(self, courier: str, envelope: Envelope[Any]) -> None:
        data: Position = envelope.data
        self.courier(courier).move(data.location.point)

    def _courier_acted(self, courier: str, envelope: Envelope[Any]) -> None:
        if isinstance(envelope.data, DutyChanged):
            known = self.courier(courier)
            known.on_duty = envelope.data.on_duty
            known.move(envelope.data.location.point)

    def _work(self, courier: str, envelope: Envelope[Any]) -> None:
        data: Work = envelope.data
        known = self.courier(courier)
        known.on_duty, known.jobs = data.on_duty, len(data.jobs)
        known.task = ""
        if data.jobs:
            job = data.jobs[0]
            at_user = job.step.value.endswith("user")
            known.task = f"{in_words(job.step.value)} {job.user if at_user else job.cabinet}"


def _sentence(topic: Topic, data: Data) -> str | None:
    """Return what is told of a message among the events, or None."""
    if topic.spec.name in _CONNECTIONS and isinstance(data, ConnectionState):
        return f"{topic.owner} is {data.state}"
    if topic.spec.name in _TOLD:
        return " ".join((topic.owner, name_of(data), *members(data)))
    return news_of(topic.owner, data)
