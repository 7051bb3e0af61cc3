"""What operators do: have cabinets do something, of which what becomes is noted, and end stuck orders."""

from typing import Final

from chargeloop.platform.core import ending, handlers_cabinet, holds
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.fleet import Cabinet
from chargeloop.platform.core.handlers_user import Answer, done, owned, refuse
from chargeloop.platform.core.intervention import BY_RESERVATION, Intervention, command_of
from chargeloop.platform.core.order import RENTED_STATES, BankPlace
from chargeloop.platform.core.rows import SaveIntervention
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.ids import CommandId, IdKind, derived_id
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.rental import (
    CabinetCommanded,
    CommandCabinet,
    EndOrder,
    OrderState,
    RefusalCode,
    RequestRefused,
)
from chargeloop.protocol.values import replace

# Commands of operators that one cabinet may have open.
_MOST_OPEN: Final = 20


def end_order(turn: Turn, request: EndOrder) -> Answer:
    """End an order whatever it waits for; one that has ended, or is ending, stays as it is."""
    order = owned(turn, request.order, None)
    if isinstance(order, RequestRefused):
        return order
    reason = f"{request.operator}: {request.reason}"
    if order.state is OrderState.UNLOCKING:
        handlers_cabinet.end_unlocking(turn, order, reason)
        order = turn.order(order.id)  # failed, or in use when banks have come out
    if order.final or order.state is OrderState.RECALLING:
        return done(order)
    if order.state in RENTED_STATES:
        out = tuple(track.bank for track in order.banks_at(BankPlace.USER, BankPlace.INBOUND))
        # Nobody has measured when the banks were given back, if they were.
        now = Corrected(turn.now_ms, ClockState.INFERRED)
        order = turn.happen(order.id, ev.RentalClosed(request.operator, out, request.reason), now)
        return done(ending.settle(turn, order, reason))
    if order.state is OrderState.RESERVING:
        return done(ending.fail(turn, order, reason))
    return done(ending.call_off(turn, order, OrderState.FAILED, reason))


def command_cabinet(
    turn: Turn, request: CommandCabinet, source: str, message_id: str
) -> CabinetCommanded | RequestRefused:
    """Send a cabinet the command; the same message sends one, and is answered alike."""
    name = CommandId(derived_id(IdKind.COMMAND, "operator", source, message_id))
    cabinet = turn.cabinet(request.cabinet)
    if cabinet is None:
        return refuse(RefusalCode.UNKNOWN_CABINET, f"there is no cabinet {request.cabinet}")
    known = turn.memory.interventions.get(cabinet.id, {}).get(name)
    if known is not None:
        return _commanded(known)
    # What it becomes does not depend on the epoch, which only a command that is sent uses up.
    refusal = _refusal(turn, cabinet, request) or _misfit(cabinet, command_of(request, 1))
    if refusal is not None:
        return refusal
    return _send(turn, cabinet, request, name)


def _misfit(cabinet: Cabinet, wanted: Data | None) -> RequestRefused | None:
    """Refuse what is no whole command, and what the cabinet would drop because it does not know it."""
    if wanted is None:
        needs = "slot alone for lock and unlock, reservation alone for release and eject, neither for others"
        return refuse(RefusalCode.INVALID, f"name {needs}")
    if not cabinet.obeys(wanted.TYPE):
        return refuse(RefusalCode.NOT_SUPPORTED, f"the firmware of {cabinet.id} does not know {wanted.TYPE}")
    return None


def _refusal(turn: Turn, cabinet: Cabinet, request: CommandCabinet) -> RequestRefused | None:
    _forget(turn, cabinet)
    if not turn.fleet.usable(cabinet, turn.now_ms):
        return refuse(RefusalCode.CABINET_OFFLINE, f"{cabinet.id} cannot be reached now")
    if request.action in BY_RESERVATION and request.reservation not in cabinet.holds:
        return refuse(RefusalCode.INVALID, f"{cabinet.id} has no such reservation")
    waiting = turn.memory.interventions.get(cabinet.id, {}).values()
    if sum(one.outcome is None and one.expires_ms > turn.now_ms for one in waiting) >= _MOST_OPEN:
        return refuse(RefusalCode.TOO_MANY, f"{_MOST_OPEN} commands for {cabinet.id} wait for its answer")
    return None


def _send(turn: Turn, cabinet: Cabinet, request: CommandCabinet, name: CommandId) -> CabinetCommanded:
    data = command_of(request, turn.fleet.next_epoch(cabinet))
    if data is None:
        raise AssertionError(request)
    intervention = Intervention(
        command=name,
        cabinet=cabinet.id,
        operator=request.operator,
        action=request.action,
        slot=request.slot,
        reservation=request.reservation,
        reason=request.reason,
        sent_ms=turn.now_ms,
        expires_ms=turn.now_ms + turn.policy.command_life_ms,
    )
    holds.command(turn, cabinet.id, name, data, intervention.expires_ms)
    _keep(turn, intervention)
    return _commanded(intervention)


def _commanded(intervention: Intervention) -> CabinetCommanded:
    return CabinetCommanded(
        cabinet=intervention.cabinet, command=intervention.command, expires=intervention.expires_ms
    )


def note(turn: Turn, cabinet: Cabinet, event: Data, when: Corrected) -> None:
    """Note what an event of a cabinet tells about the commands operators have sent it."""
    known = turn.memory.interventions.get(cabinet.id)
    if known is None:
        return
    for intervention in tuple(known.values()):
        if isinstance(event, cab.CommandFinished) and event.command == intervention.command:
            _note_answer(turn, intervention, event)
        elif intervention.happened_ms is None and _shows(turn, intervention, event, when):
            _keep(turn, replace(intervention, happened_ms=when.time_ms))


def _note_answer(turn: Turn, intervention: Intervention, said: cab.CommandFinished) -> None:
    if intervention.outcome is None:
        noted = replace(intervention, outcome=said.outcome, refusal=said.reason, answered_ms=turn.now_ms)
        _keep(turn, noted)


def _shows(turn: Turn, intervention: Intervention, event: Data, when: Corrected) -> bool:
    """Tell whether the event is what was wanted, and not an old one that is only heard now."""
    fresh = when.time_ms >= intervention.sent_ms - turn.policy.command_life_ms
    return fresh and intervention.is_shown_by(event)


def _keep(turn: Turn, intervention: Intervention) -> None:
    of_cabinet = turn.memory.interventions.setdefault(intervention.cabinet, {})
    of_cabinet[intervention.command] = intervention
    turn.effects.writes.append(SaveIntervention(intervention))


def _forget(turn: Turn, cabinet: Cabinet) -> None:
    """Drop from memory what was sent long ago; the store keeps it."""
    kept = {
        name: one
        for name, one in turn.memory.interventions.get(cabinet.id, {}).items()
        if one.sent_ms > turn.now_ms - turn.policy.remember_ms
    }
    if kept:
        turn.memory.interventions[cabinet.id] = kept
    else:
        turn.memory.interventions.pop(cabinet.id, None)
