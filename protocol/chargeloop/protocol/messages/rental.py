"""Requests to the rental platform by users, gateways and operators, its replies, and what users are shown."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.common import Location


class OrderState(StrEnum):
    """Where an order stands. The last three are final; the transitions are in the platform's order module."""

    RESERVING = "reserving"  # waiting for a cabinet to set banks aside
    DISPATCHING = "dispatching"  # rental request sent, no courier yet
    FETCHING = "fetching"  # first indication: a courier is on the way to the cabinet
    DELIVERING = "delivering"  # banks are out of the cabinet, on the way to the user
    UNLOCKING = "unlocking"  # walk-up: the cabinet is giving out the banks
    IN_USE = "in_use"  # rental success: the user has banks
    RETURN_RESERVING = "return_reserving"  # waiting for a cabinet to keep slots empty
    RETURN_DISPATCHING = "return_dispatching"  # return request sent, no courier yet
    COLLECTING = "collecting"  # second indication: a courier is on the way to the user
    RETURNING = "returning"  # banks collected, on the way to the cabinet
    RECALLING = "recalling"  # called off while the courier held banks: they go back to a cabinet
    SETTLED = "settled"
    CANCELLED = "cancelled"
    FAILED = "failed"


class HandOver(StrEnum):
    """How banks reach the user."""

    COURIER = "courier"
    WALK_UP = "walk_up"


# The id of an entry of an order's journal, and that of a line of its bill.
OrderEventId = Annotated[str, StringConstraints(pattern=r"^ord-[a-z0-9-]{1,44}-e[0-9]{1,6}$")]
FeeLineId = Annotated[str, StringConstraints(pattern=r"^ord-[a-z0-9-]{1,44}(/[a-z0-9_-]{1,48}){3}$")]


class PlaceOrder(Data):
    """Rent banks: brought to `location`, or (walk_up) given out by the `cabinet` where the user stands.

    The order id follows from the user and the envelope's source and id: a repeated request places one order.
    So do two scans: a walk-up at the cabinet where the user began one for as many banks less than 30 s ago,
    which is still open, is answered with that order.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.place_order.v1"
    EXAMPLE: ClassVar[str] = (
        '{"user":"usr-0042","location":{"lat_e7":434520000,"lon_e7":52330000},"quantity":2,"accept_fewer":false,'
        '"hand_over":"courier","cabinet":null}'
    )

    user: fields.User
    location: Location
    quantity: fields.Quantity
    accept_fewer: bool = False
    hand_over: HandOver = HandOver.COURIER
    cabinet: fields.Cabinet | None = None


class CancelOrder(Data):
    """Stop the order. Before hand-over nothing is charged; banks on the way come back."""

    TYPE: ClassVar[str] = "chargeloop.rental.cancel_order.v1"
    EXAMPLE: ClassVar[str] = '{"user":"usr-0042","order":"ord-7a10","reason":"changed my mind"}'

    user: fields.User
    order: fields.Order
    reason: fields.Reason = "cancelled by the user"


class RequestReturn(Data):
    """Have `quantity` banks fetched at `location` (claim 3)."""

    TYPE: ClassVar[str] = "chargeloop.rental.request_return.v1"
    EXAMPLE: ClassVar[str] = (
        '{"user":"usr-0042","order":"ord-7a10","location":{"lat_e7":434520000,"lon_e7":52330000},"quantity":2}'
    )

    user: fields.User
    order: fields.Order
    location: Location
    quantity: fields.Quantity


class OpenDispute(Data):
    """Something about the order is wrong, and an operator shall look at it: returned, but still charged.

    `bank` is the bank it is about, when it is about one. An order has five open disputes at most.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.open_dispute.v1"
    EXAMPLE: ClassVar[str] = (
        '{"user":"usr-0042","order":"ord-7a10","bank":"bnk-000017","text":"I put it back at noon"}'
    )

    user: fields.User
    order: fields.Order
    bank: fields.Bank | None = None
    text: fields.Reason


class EndOrder(Data):
    """An operator ends an order that is stuck, whatever it waits for.

    One whose banks have not reached the user fails, as if nobody had served it: banks on the way come back.
    One whose banks are with the user, or were said to be back, is settled: its rental ends now.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.end_order.v1"
    EXAMPLE: ClassVar[str] = (
        '{"operator":"opr-0001","order":"ord-7a10","reason":"the bank was handed in at our office"}'
    )

    operator: fields.Operator
    order: fields.Order
    reason: fields.ReasonOfOperator


class AnswerDispute(Data):
    """An operator answers a dispute, once. `dispute` is the id of the journal entry that opened it."""

    TYPE: ClassVar[str] = "chargeloop.rental.answer_dispute.v1"
    EXAMPLE: ClassVar[str] = (
        '{"operator":"opr-0001","order":"ord-7a10","dispute":"ord-7a10-e17",'
        '"text":"the reader of the slot was at fault; the rental costs nothing"}'
    )

    operator: fields.Operator
    order: fields.Order
    dispute: OrderEventId
    text: fields.Reason


class WaiveFee(Data):
    """An operator takes a standing fee line of a settled order back, for good.

    A line that a correction has taken back meanwhile is refused: another one may stand for it.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.waive_fee.v1"
    EXAMPLE: ClassVar[str] = (
        '{"operator":"opr-0001","order":"ord-7a10","line":"ord-7a10/rental/bnk-000017/1",'
        '"reason":"the reader of the slot was at fault"}'
    )

    operator: fields.Operator
    order: fields.Order
    line: FeeLineId
    reason: fields.Reason


class CabinetAction(StrEnum):
    """What an operator has a cabinet do."""

    LOCK = "lock"  # take a slot out of use
    UNLOCK = "unlock"  # put it back, which clears a fault too
    INVENTORY = "inventory"  # tell every slot as it stands
    RELEASE = "release"  # end a reservation
    EJECT = "eject"  # give out the banks of a reservation now
    REBOOT = "reboot"  # start anew


class CommandCabinet(Data):
    """An operator has a cabinet do something: lock and unlock name a slot, release and eject a reservation.

    The command is a lease like any other. That it was sent, that the cabinet answered, and that what was
    wanted was seen to happen are three facts, each told when it is known.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.command_cabinet.v1"
    EXAMPLE: ClassVar[str] = (
        '{"operator":"opr-0001","cabinet":"cab-0003","action":"unlock","slot":4,'
        '"reason":"the motor was mended"}'
    )

    operator: fields.Operator
    cabinet: fields.Cabinet
    action: CabinetAction
    slot: fields.Slot | None = None
    reservation: fields.Reservation | None = None
    reason: fields.Reason


class CabinetCommanded(Data):
    """The command was committed and is being sent until it is answered or expires."""

    TYPE: ClassVar[str] = "chargeloop.rental.cabinet_commanded.v1"
    EXAMPLE: ClassVar[str] = (
        '{"cabinet":"cab-0003","command":"cmd-5f0c2a","expires":"2026-11-23T12:00:15.000Z"}'
    )

    cabinet: fields.Cabinet
    command: fields.Command
    expires: fields.Instant


class RequestDone(Data):
    """The request was committed; `correlationid` is its id."""

    TYPE: ClassVar[str] = "chargeloop.rental.request_done.v1"
    EXAMPLE: ClassVar[str] = '{"order":"ord-7a10","state":"reserving","quantity":2}'

    order: fields.Order
    state: OrderState
    quantity: fields.Quantity


class RefusalCode(StrEnum):
    """Why a request was refused."""

    NOT_ENOUGH_BANKS = "not_enough_banks"
    NO_CABINET_NEAR = "no_cabinet_near"
    NO_ROOM_NEAR = "no_room_near"
    CABINET_OFFLINE = "cabinet_offline"
    NOT_SUPPORTED = "not_supported"  # the cabinet's firmware does not know the command
    UNKNOWN_CABINET = "unknown_cabinet"
    UNKNOWN_ORDER = "unknown_order"
    NOT_YOURS = "not_yours"
    UNKNOWN_DISPUTE = "unknown_dispute"
    UNKNOWN_LINE = "unknown_line"
    WRONG_STATE = "wrong_state"
    TOO_MANY = "too_many"
    KEY_REUSED = "key_reused"
    INVALID = "invalid"  # it could not be read: asking the same again brings the same answer


class RequestRefused(Data):
    """The request was understood and refused; nothing has changed. `available`: so many can be had."""

    TYPE: ClassVar[str] = "chargeloop.rental.request_refused.v1"
    EXAMPLE: ClassVar[str] = (
        '{"code":"not_enough_banks","detail":"no cabinet near has 5 banks; 3 can be had","available":3}'
    )

    code: RefusalCode
    detail: fields.Said
    available: fields.Count | None = None


class OrderView(Data):
    """One order as its user sees it. `handover_code` is what the user tells the courier at the door."""

    order: fields.Order
    state: OrderState
    quantity: fields.Quantity
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)] = ()
    hand_over: HandOver
    cabinet: fields.Cabinet | None = None
    cabinet_location: Location | None = None
    courier: fields.Courier | None = None
    handover_code: fields.Code | None = None
    reason: fields.Said | None = None
    placed: fields.Instant
    changed: fields.Instant


class UserOrders(Data):
    """The user's open orders and the last few that ended, newest first; the highest `version` counts.

    There are six at most, and no more than fit into a message.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.user_orders.v1"
    EXAMPLE: ClassVar[str] = (
        '{"version":4,"orders":[{"order":"ord-7a10","state":"fetching","quantity":2,"banks":[],"hand_over":"courier",'
        '"cabinet":"cab-0003","cabinet_location":{"lat_e7":434500000,"lon_e7":52300000},"courier":"cou-0005",'
        '"handover_code":"4821","placed":"2026-11-23T12:00:00.000Z","changed":"2026-11-23T12:01:10.000Z"}]}'
    )

    version: fields.Count
    orders: Annotated[tuple[OrderView, ...], Field(max_length=6)] = ()


class OrderMoved(Data):
    """One step in the life of an order, for operators' streams; the journal in the store is the truth.

    `event` is the journal's event type, such as `bank_ejected`; both states are equal when it moved nothing.
    """

    TYPE: ClassVar[str] = "chargeloop.rental.order_moved.v1"
    EXAMPLE: ClassVar[str] = (
        '{"order":"ord-7a10","event":"first_indication","from_state":"dispatching","to_state":"fetching","reason":null}'
    )

    order: fields.Order
    event: Annotated[str, StringConstraints(pattern="^[a-z_]{1,40}$")]
    from_state: OrderState | None = None
    to_state: OrderState
    reason: fields.Said | None = None
