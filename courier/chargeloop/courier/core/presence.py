"""Couriers' presence and duty: birth and will, positions, questions for the time, going on and off duty."""

from chargeloop.courier.core import courier as people
from chargeloop.courier.core.board import Turn
from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job_decide import LoseCourier
from chargeloop.courier.core.offering import carry_out, withdraw
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import CourierId
from chargeloop.protocol.messages.common import ConnectionState, Presence, TimeProbe
from chargeloop.protocol.messages.courier import DutyChanged, Position
from chargeloop.protocol.values import replace


def hear(turn: Turn, courier_id: CourierId, incoming: Incoming) -> Courier:
    """Note a message of the phone: a sign of life, and a bound on its clock. Return the courier after it."""
    known = turn.board.courier(courier_id)
    clock = known.clock.heard(DeviceTime.of(incoming.message), incoming.received_ms)
    heard = people.seen(replace(known, clock=clock), turn.now_ms)
    if heard != turn.board.couriers.get(courier_id):
        turn.save_courier(heard)
    return heard


def connection(turn: Turn, courier: CourierId, message: Envelope[ConnectionState]) -> None:
    """A phone connected, said goodbye, or its last will came."""
    known = turn.board.courier(courier)
    change = people.connected if message.data.state is Presence.ONLINE else people.disconnected
    after = change(known, message.data.connection_epoch, turn.now_ms)
    if after != turn.board.couriers.get(courier):
        turn.save_courier(after)


def position(turn: Turn, courier: CourierId, message: Envelope[Position]) -> None:
    """The courier is there now."""
    turn.save_courier(replace(turn.board.courier(courier), location=message.data.location.point))


def duty(turn: Turn, courier: CourierId, message: Envelope[DutyChanged]) -> None:
    """The courier goes on or off duty; an offer that is open goes to others, a job under way is finished."""
    known = turn.board.courier(courier)
    on_duty = message.data.on_duty
    changed = replace(known, on_duty=on_duty, location=message.data.location.point, missed=0)
    turn.save_courier(changed, tell=on_duty is not known.on_duty)
    if not on_duty and known.offer is not None:
        withdraw(turn, turn.board.offers[known.offer])


def probe(turn: Turn, courier: CourierId, message: Envelope[TimeProbe]) -> None:
    """The phone asks for the time (the shell has answered) and tells of the exchange before."""
    known = turn.board.courier(courier)
    if message.data.previous is None:
        return
    clock = known.clock.learn(DeviceTime.of(message), message.data.previous, turn.now_ms)
    if clock != known.clock:
        turn.save_courier(replace(known, clock=clock))


def lose(turn: Turn, courier: Courier) -> None:
    """Take the jobs whose patience is over from a courier who has been silent for so long."""
    for job_id in courier.jobs:
        job = turn.board.jobs[job_id]
        if turn.board.job_lost_ms(courier, job) <= turn.now_ms:
            carry_out(turn, job, LoseCourier())


def is_sign_of_life(data: Data) -> bool:
    """Tell whether a message shows that the phone is there; a connection state may be an old one."""
    return not isinstance(data, ConnectionState)
