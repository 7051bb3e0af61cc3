"""The topic table: every topic, its one writer, its readers, its kind and its messages.

Access rules of both brokers, subscriptions, topics.md and the checks on arriving messages are all made from
this table. A topic is `cl/v1/{region}/…` (`clsim/v1/{region}/…` for the world of simulations). A client gets
only the topics that carry its own id where its role stands in the pattern, and its own region only.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import IdKind, RegionId, is_id, is_region
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, courier, delivery, rental, service, world

ROOT: Final = "cl/v1"
WORLD_ROOT: Final = "clsim/v1"


class Role(StrEnum):
    """Who takes part; each has credentials of its own, and its id is its client id."""

    CABINET = "cabinet"
    COURIER = "courier"
    USER = "user"
    OPERATOR = "operator"
    GATEWAY = "gateway"
    RENTAL = "rental"
    DISPATCH = "dispatch"


ROLE_OF_KIND: Final[Mapping[IdKind, Role]] = {
    IdKind.CABINET: Role.CABINET,
    IdKind.COURIER: Role.COURIER,
    IdKind.USER: Role.USER,
    IdKind.OPERATOR: Role.OPERATOR,
    IdKind.GATEWAY: Role.GATEWAY,
    IdKind.RENTAL: Role.RENTAL,
    IdKind.DISPATCH: Role.DISPATCH,
}
KIND_OF_ROLE: Final[Mapping[Role, IdKind]] = {role: kind for kind, role in ROLE_OF_KIND.items()}


class Delivery(StrEnum):
    """How a message is kept until it has arrived, and what a receiver may rely on."""

    STATE = "state"  # retained snapshot; said again at connections and probes; the highest version wins
    JOURNAL = "journal"  # numbered without gaps, resent until the receiver's commit is acknowledged, in order
    LEASE = "lease"  # resent until its outcome is known or it expires; acted upon at most once
    REQUEST = "request"  # resent by the asker until answered; the same id gets the same answer
    ONCE = "once"  # sent after the commit it follows from; if lost, a resend of its cause brings it again
    LOSSY = "lossy"  # readings and positions, QoS 0; the next one makes up for a lost one


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One row of the table. `pattern` has `{region}` and one or two ids in braces, named by role or kind."""

    name: str
    pattern: str
    delivery: Delivery
    writer: Role
    readers: tuple[Role, ...]
    messages: tuple[type[Data], ...]
    about: str
    acked_by: str | None = None
    owner: str = field(init=False)
    _regex: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the owner (the writer's placeholder where it stands, else the last one) and the parser."""
        names = re.findall(r"\{(\w+)\}", self.pattern)
        own = str(self.writer)
        object.__setattr__(self, "owner", own if own in names else names[-1])
        regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern)
        object.__setattr__(self, "_regex", re.compile(regex))

    @property
    def qos(self) -> int:
        """Return the MQTT quality of service: 0 for what may be lost, else 1."""
        return 0 if self.delivery is Delivery.LOSSY else 1

    @property
    def retain(self) -> bool:
        """Tell whether it is retained; only state is, never an event or a command."""
        return self.delivery is Delivery.STATE

    def topic(self, region: str, **ids: str) -> str:
        """Return the topic for these ids (placeholders by name)."""
        return self.pattern.format(region=region, **ids)

    def match(self, topic: str) -> Mapping[str, str] | None:
        """Return the placeholders' values when `topic` is of this pattern, else None."""
        found = self._regex.fullmatch(topic)
        return None if found is None else found.groupdict()

    def write_filter(self, role: Role, client: str, region: str) -> str | None:
        """Return the topic filter a client may publish to, or None when the role is not the writer."""
        return self._filter(role, client, region) if role is self.writer else None

    def read_filter(self, role: Role, client: str, region: str) -> str | None:
        """Return the topic filter a client may subscribe to, or None when the role is not a reader."""
        return self._filter(role, client, region) if role in self.readers else None

    def _filter(self, role: Role, client: str, region: str) -> str:
        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name == "region":
                return region
            return client if name == str(role) else "+"

        return re.sub(r"\{(\w+)\}", fill, self.pattern)


_CABINET: Final = ROOT + "/{region}/cabinet/{cabinet}"
_COURIER: Final = ROOT + "/{region}/courier/{courier}"
_DISPATCH: Final = ROOT + "/{region}/dispatch/{dispatch}"
_GATEWAY: Final = ROOT + "/{region}/gateway/{gateway}"
_OPERATOR: Final = ROOT + "/{region}/operator/{operator}"
_RENTAL: Final = ROOT + "/{region}/rental/{rental}"
_USER: Final = ROOT + "/{region}/user/{user}"
_R, _D, _O = Role.RENTAL, Role.DISPATCH, Role.OPERATOR
_CONNECTION = (common.ConnectionState,)

_ROWS: Final[tuple[TopicSpec, ...]] = (
    # Charging cabinets.
    TopicSpec(
        "cabinet_connection", _CABINET + "/connection", Delivery.STATE, Role.CABINET, (_R, _O),
        _CONNECTION, "Birth, goodbye and last will of the cabinet's connection.",
    ),
    TopicSpec(
        "cabinet_info", _CABINET + "/info", Delivery.STATE, Role.CABINET, (_R, _O),
        (cab.CabinetInfo,), "What the cabinet is and where it stands.",
    ),
    TopicSpec(
        "cabinet_slots", _CABINET + "/slots", Delivery.STATE, Role.CABINET, (_R, _O),
        (cab.SlotsSnapshot,), "All slots as they stand, after every change.",
    ),
    TopicSpec(
        "cabinet_event", _CABINET + "/event", Delivery.JOURNAL, Role.CABINET, (_R, _D, _O),
        (
            cab.Booted, cab.CommandFinished, cab.ReservationEnded, cab.PickupStarted, cab.BankEjected,
            cab.EjectFailed, cab.PickupFinished, cab.BankReturned, cab.ReturnRejected, cab.SlotChanged,
            cab.KeypadLocked, cab.InventoryReported,
        ),
        "What happened at the cabinet. The rental platform acknowledges; a courier platform may listen.",
        acked_by="cabinet_ack",
    ),
    TopicSpec(
        "cabinet_telemetry", _CABINET + "/telemetry", Delivery.LOSSY, Role.CABINET, (_R, _O),
        (cab.Telemetry,), "Sensor readings; keeps the presence lease alive.",
    ),
    TopicSpec(
        "cabinet_time", _CABINET + "/time", Delivery.LOSSY, Role.CABINET, (_R,),
        (common.TimeProbe,), "The cabinet asks for the time and reports the exchange before.",
    ),
    TopicSpec(
        "cabinet_clock", _CABINET + "/clock", Delivery.LOSSY, _R, (Role.CABINET,),
        (common.TimeReply,), "The rental platform's time.",
    ),
    TopicSpec(
        "cabinet_command", _CABINET + "/command", Delivery.LEASE, _R, (Role.CABINET, _O),
        (
            cab.ReserveBanks, cab.ReserveSlots, cab.ReleaseReservation, cab.EjectBanks, cab.ReportInventory,
            cab.LockSlot, cab.Reboot,
        ),
        "Commands. The outcome comes back as command_finished in the cabinet's journal.",
    ),
    TopicSpec(
        "cabinet_ack", _CABINET + "/ack", Delivery.ONCE, _R, (Role.CABINET,),
        (common.JournalAck,), "The highest journal number committed without a gap.",
    ),
    # Couriers' phones.
    TopicSpec(
        "courier_connection", _COURIER + "/connection", Delivery.STATE, Role.COURIER, (_D, _O),
        _CONNECTION, "Birth, goodbye and last will of the phone's connection.",
    ),
    TopicSpec(
        "courier_event", _COURIER + "/event", Delivery.JOURNAL, Role.COURIER, (_D, _O),
        (
            courier.DutyChanged, courier.OfferAccepted, courier.OfferDeclined, courier.ArrivedAtCabinet,
            courier.PickedUp, courier.ArrivedAtUser, courier.Delivered, courier.Collected, courier.PutBack,
            courier.GaveUp, courier.ProblemReported,
        ),
        "What the courier did.", acked_by="courier_ack",
    ),
    TopicSpec(
        "courier_position", _COURIER + "/position", Delivery.LOSSY, Role.COURIER, (_D, _O, Role.GATEWAY),
        (courier.Position,), "Where the courier is; keeps the presence lease alive.",
    ),
    TopicSpec(
        "courier_time", _COURIER + "/time", Delivery.LOSSY, Role.COURIER, (_D,),
        (common.TimeProbe,), "The phone asks for the time and reports the exchange before.",
    ),
    TopicSpec(
        "courier_clock", _COURIER + "/clock", Delivery.LOSSY, _D, (Role.COURIER,),
        (common.TimeReply,), "The courier platform's time.",
    ),
    TopicSpec(
        "courier_offer", _COURIER + "/offer", Delivery.LEASE, _D, (Role.COURIER, _O),
        (courier.JobOffered, courier.OfferClosed), "Offers with an expiry, and their end.",
    ),
    TopicSpec(
        "courier_work", _COURIER + "/work", Delivery.STATE, _D, (Role.COURIER, _O),
        (courier.Work,), "All the jobs the courier holds, with their next step, and refused acts.",
    ),
    TopicSpec(
        "courier_ack", _COURIER + "/ack", Delivery.ONCE, _D, (Role.COURIER,),
        (common.JournalAck,), "The highest journal number committed without a gap.",
    ),
    # Between the platforms.
    TopicSpec(
        "dispatch_request", _DISPATCH + "/request", Delivery.JOURNAL, _R, (_D, _O),
        (
            delivery.RentalRequested, delivery.ReturnRequested, delivery.DeliveryRedirected,
            delivery.DeliveryCancelled,
        ),
        "Rental and return requests to a courier platform.", acked_by="dispatch_request_ack",
    ),
    TopicSpec(
        "dispatch_request_ack", _DISPATCH + "/request-ack", Delivery.ONCE, _D, (_R,),
        (common.JournalAck,), "The highest request number committed without a gap.",
    ),
    TopicSpec(
        "dispatch_report", _DISPATCH + "/report", Delivery.JOURNAL, _D, (_R, _O),
        (
            delivery.FirstIndication, delivery.SecondIndication, delivery.CourierProgressed,
            delivery.BanksPickedUp, delivery.RentalSucceeded, delivery.BanksCollected,
            delivery.ReturnSucceeded, delivery.CourierGaveUp, delivery.DeliveryProblem,
            delivery.DeliveryFailed,
        ),
        "Indications and reports of a courier platform.", acked_by="dispatch_report_ack",
    ),
    TopicSpec(
        "dispatch_report_ack", _DISPATCH + "/report-ack", Delivery.ONCE, _R, (_D,),
        (common.JournalAck,), "The highest report number committed without a gap.",
    ),
    # People who rent, gateways, operators.
    TopicSpec(
        "user_request", _USER + "/request", Delivery.REQUEST, Role.USER, (_R, _O),
        (rental.PlaceOrder, rental.CancelOrder, rental.RequestReturn, rental.OpenDispute),
        "What a user asks of the rental platform.",
    ),
    TopicSpec(
        "user_reply", _USER + "/reply", Delivery.ONCE, _R, (Role.USER,),
        (rental.RequestDone, rental.RequestRefused), "The answer, by correlationid.",
    ),
    TopicSpec(
        "user_orders", _USER + "/orders", Delivery.STATE, _R, (Role.USER, _O),
        (rental.UserOrders,), "The user's orders as they stand.",
    ),
    TopicSpec(
        "gateway_request", _GATEWAY + "/request", Delivery.REQUEST, Role.GATEWAY, (_R, _O),
        (
            rental.PlaceOrder, rental.CancelOrder, rental.RequestReturn, rental.OpenDispute,
            rental.EndOrder, rental.AnswerDispute, rental.WaiveFee, rental.CommandCabinet,
        ),
        "What an HTTP gateway asks for users and operators it has authenticated.",
    ),
    TopicSpec(
        "gateway_reply", _GATEWAY + "/reply", Delivery.ONCE, _R, (Role.GATEWAY,),
        (rental.RequestDone, rental.RequestRefused, rental.CabinetCommanded), "The answer, by correlationid.",
    ),
    TopicSpec(
        "operator_request", _OPERATOR + "/request", Delivery.REQUEST, _O, (_R,),
        (
            rental.CancelOrder, rental.EndOrder, rental.AnswerDispute, rental.WaiveFee, rental.CommandCabinet,
        ),
        "An operator's intervention.",
    ),
    TopicSpec(
        "operator_reply", _OPERATOR + "/reply", Delivery.ONCE, _R, (_O,),
        (rental.RequestDone, rental.RequestRefused, rental.CabinetCommanded), "The answer, by correlationid.",
    ),
    TopicSpec(
        "order_event", ROOT + "/{region}/order/{order}/event", Delivery.ONCE, _R, (_O,),
        (rental.OrderMoved,), "Every step of every order, for operators.",
    ),
    # Services about themselves.
    TopicSpec(
        "rental_connection", _RENTAL + "/connection", Delivery.STATE, _R, (_O, _D),
        _CONNECTION, "Birth, goodbye and last will of the rental platform.",
    ),
    TopicSpec(
        "rental_stats", _RENTAL + "/stats", Delivery.LOSSY, _R, (_O,),
        (service.ServiceStats,), "Counters of the rental platform.",
    ),
    TopicSpec(
        "rental_quarantine", _RENTAL + "/quarantine", Delivery.ONCE, _R, (_O,),
        (service.Quarantined,), "Messages the rental platform could not understand.",
    ),
    TopicSpec(
        "dispatch_connection", _DISPATCH + "/connection", Delivery.STATE, _D, (_O, _R),
        _CONNECTION, "Birth, goodbye and last will of the courier platform.",
    ),
    TopicSpec(
        "dispatch_stats", _DISPATCH + "/stats", Delivery.LOSSY, _D, (_O,),
        (service.ServiceStats,), "Counters of the courier platform.",
    ),
    TopicSpec(
        "dispatch_quarantine", _DISPATCH + "/quarantine", Delivery.ONCE, _D, (_O,),
        (service.Quarantined,), "Messages the courier platform could not understand.",
    ),
    # The physical world of simulations.
    TopicSpec(
        "courier_hands", WORLD_ROOT + "/{region}/hands/{courier}/at/{cabinet}", Delivery.REQUEST,
        Role.COURIER, (Role.CABINET,), (world.CodeTyped, world.BankInserted),
        "A simulated courier's hands at a cabinet.",
    ),
    TopicSpec(
        "courier_tray", WORLD_ROOT + "/{region}/tray/{cabinet}/for/{courier}", Delivery.ONCE, Role.CABINET,
        (Role.COURIER,), (world.CabinetAnswered,), "What the cabinet shows and gives a courier.",
    ),
    TopicSpec(
        "user_hands", WORLD_ROOT + "/{region}/fingers/{user}/at/{cabinet}", Delivery.REQUEST, Role.USER,
        (Role.CABINET,), (world.CodeTyped, world.BankInserted, world.TrayReached),
        "A simulated user's hands at a cabinet.",
    ),
    TopicSpec(
        "user_tray", WORLD_ROOT + "/{region}/shelf/{cabinet}/for/{user}", Delivery.ONCE, Role.CABINET,
        (Role.USER,), (world.CabinetAnswered,), "What the cabinet shows and gives the user.",
    ),
    TopicSpec(
        "door_knock", WORLD_ROOT + "/{region}/knock/{courier}/at/{user}", Delivery.REQUEST, Role.COURIER,
        (Role.USER,), (world.Knocked,), "A courier at the user's door.",
    ),
    TopicSpec(
        "door_answer", WORLD_ROOT + "/{region}/answer/{user}/to/{courier}", Delivery.ONCE, Role.USER,
        (Role.COURIER,), (world.DoorAnswered,), "What the user does at the door.",
    ),
)  # fmt: skip

TOPICS: Final[Mapping[str, TopicSpec]] = {row.name: row for row in _ROWS}

_KIND_OF_NAME: Final[Mapping[str, IdKind]] = {
    **{str(role): kind for role, kind in KIND_OF_ROLE.items()},
    "order": IdKind.ORDER,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that has been understood: its row, its region, and the id of its owner."""

    spec: TopicSpec
    region: RegionId
    ids: Mapping[str, str]

    @property
    def owner(self) -> str:
        """Return the owner's id: the cabinet of a cabinet's topic, and so on."""
        return self.ids[self.spec.owner]


# The literal words of a topic, which no two rows share, select the row without trying each.
_BY_WORDS: Final = {
    tuple("" if part.startswith("{") else part for part in row.pattern.split("/")): row for row in _ROWS
}
if len(_BY_WORDS) != len(_ROWS):
    message = "two rows of the topic table cannot be told apart"
    raise AssertionError(message)


# Participants are few beside messages: their topics need not be taken apart each time.
@lru_cache(maxsize=16_384)
def parse_topic(text: str) -> Topic | None:
    """Return the topic, or None when it is not in the table or an id in it is malformed."""
    parts = text.split("/")
    if len(parts) == 6:  # cl / v1 / region / kind / id / word
        words: tuple[str, ...] = (parts[0], parts[1], "", parts[3], "", parts[5])
    elif len(parts) == 7:  # clsim / v1 / region / word / id / word / id
        words = (parts[0], parts[1], "", parts[3], "", parts[5], "")
    else:
        return None
    spec = _BY_WORDS.get(words)
    found = None if spec is None else spec.match(text)
    if spec is None or found is None:
        return None
    ids = {name: value for name, value in found.items() if name != "region"}
    region = found["region"]
    if not is_region(region) or not all(is_id(_KIND_OF_NAME[name], value) for name, value in ids.items()):
        return None
    return Topic(spec, RegionId(region), ids)


def subscriptions(role: Role, client: str, region: str, *, only: Iterable[str] | None = None) -> list[str]:
    """Return the filters of all topics the role reads, without world topics unless named in `only`."""
    names = set(only) if only is not None else {row.name for row in _ROWS if row.pattern.startswith(ROOT)}
    filters = (row.read_filter(role, client, region) for row in _ROWS if row.name in names)
    return [text for text in filters if text is not None]


def source_of(client: str, role: Role) -> str:
    """Return the CloudEvents source of a participant: `cabinet/cab-0001`."""
    return f"{role}/{client}"
