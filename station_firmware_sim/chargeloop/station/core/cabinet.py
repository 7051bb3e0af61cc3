"""The charging cabinet as one object of decisions: every input there is, each giving one `Step`.

The cabinet is three things kept apart. The *firmware* is what stands here: a memory and functions from
(memory, input, senses) to a step. The *mechanics* are the physical world: banks, slots, motors, the tray, and
hands; the firmware knows them only through its senses. The *shell* carries steps out in the order that
`memory` describes.

    command ──┐                       ┌─> memory   1. written down at once with entries and acts
    code ─────┤                       │
    bank ─────┼─> firmware (a step) ──┼─> entries  2. appended to the journal
    sensor ───┤                       │
    time ─────┘                       └─> acts     3. motors, slots, answers; their results are new inputs

A reservation sets banks aside or keeps slots empty (`reservation`), the slots carry it (`slot`), a pickup
gives banks out (`pickup`), hands bring banks back (`returns`), commands come under a lease (`commands`), and
after a power cut the readers are believed (`recovery`). Each input first lets the time pass (`passing_time`).
Between the step that decides to restart and the boot nothing is taken in: whoever asks then asks again.
"""

from collections.abc import Callable

from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.values import replace
from chargeloop.station.core import codes, commands, missing, recovery, returns
from chargeloop.station.core import pickup as pickups
from chargeloop.station.core.memory import Asker, Memory, Senses, Step, Turn
from chargeloop.station.core.passing_time import next_due_ms, pass_time

FIRMWARE = "1.0.0"
COMMANDS = commands.TYPES

__all__ = [
    "COMMANDS", "FIRMWARE", "bank_inserted", "boot", "look", "motor_stopped", "next_due_ms", "obey",
    "offer_bank", "reach_into_tray", "stop", "type_code",
]  # fmt: skip


def boot(memory: Memory, senses: Senses) -> Step:
    """Return what the cabinet does when its power comes on; this must be its first input."""
    turn = Turn(memory, senses)
    recovery.boot(turn, FIRMWARE)
    pass_time(turn)
    recovery.tell_inventory(turn)
    return turn.step()


def stop(memory: Memory, senses: Senses) -> Step:
    """Return the last step before an orderly end."""
    turn = Turn(memory, senses)
    turn.memory = replace(memory, stopped=True)
    return turn.step()


def obey(memory: Memory, senses: Senses, message: Envelope[Data]) -> Step:
    """Return what a command leads to. Raises as `commands.obey` does."""
    return _step(memory, senses, lambda turn: commands.obey(turn, message), causation_id=message.id)


def type_code(memory: Memory, senses: Senses, asker: Asker, code: str) -> Step:
    """Return what a code typed at the keypad leads to."""
    return _step(memory, senses, lambda turn: codes.type_code(turn, asker, code))


def reach_into_tray(memory: Memory, senses: Senses, asker: Asker) -> Step:
    """Return what a hand in the tray leads to."""
    return _step(memory, senses, lambda turn: codes.reach_into_tray(turn, asker))


def offer_bank(
    memory: Memory, senses: Senses, asker: Asker, bank: cab.BankStatus | None, code: str | None
) -> Step:
    """Return what follows when somebody holds a bank (None: unreadable) against the cabinet."""
    return _step(memory, senses, lambda turn: returns.offer(turn, asker, bank, code))


def bank_inserted(memory: Memory, senses: Senses, slot: int, asker: Asker | None) -> Step:
    """Return what follows when something was pushed into `slot`."""
    return _step(memory, senses, lambda turn: returns.inserted(turn, slot, asker))


def motor_stopped(memory: Memory, senses: Senses, slot: int) -> Step:
    """Return what follows when the motor of `slot` has stopped and the exit sensor is read."""
    return _step(memory, senses, lambda turn: pickups.motor_stopped(turn, slot))


def look(memory: Memory, senses: Senses) -> Step:
    """Return what the passing of time alone has changed."""
    return _step(memory, senses, _nothing)


def _step(
    memory: Memory, senses: Senses, decide: Callable[[Turn], None], *, causation_id: str | None = None
) -> Step:
    if memory.restarting is not None:
        return Step(memory)
    turn = Turn(memory, senses, causation_id=causation_id)
    pass_time(turn)
    recovery.notice_other_banks(turn)
    missing.notice(turn)
    decide(turn)
    return turn.step()


def _nothing(_turn: Turn) -> None:
    """Decide nothing beyond what time has changed."""
