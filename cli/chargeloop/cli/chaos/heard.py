"""What cabinets have told has had its effect: their journals and real slots against the platform's store.

That an entry is committed says only that its number was noted. So each entry that must leave a trace is
looked for in the journal of the order that it is about, and the slots as the platform knows them are compared
with what stands in them. Entries whose effect depends on what came before are left out: the answer to a
reservation may come when the order has long gone to the next cabinet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.lossless import Ledger
from chargeloop.cli.truth import Truth

# A kept slot that a bank came back through is kept no longer by that alone.
_ENDS: Final = ("reservation_ended", "reservation_refused", "bank_returned")


@dataclass(frozen=True, slots=True)
class Traces:
    """What the rental platform's store says in the end.

    Attributes:
        entries: the details of the orders' journal entries, by order and type.
        returns: bank, cabinet and slot of each return that an order or the early returns know of.
        slots: the bank in each slot as the platform knows it, by cabinet and slot.
    """

    entries: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
    returns: frozenset[tuple[str, str, int]]
    slots: Mapping[str, Mapping[int, str | None]]

    def has(self, order: str, kind: str, **members: object) -> bool:
        """Tell whether the order's journal has an entry of that type with these members."""
        return any(
            all(detail.get(name) == value for name, value in members.items())
            for detail in self.entries.get((order, kind), ())
        )


def unheeded(watch: JournalWatch, ledger: Ledger, traces: Traces, truth: Truth) -> Iterator[str]:
    """Yield a sentence for everything that a cabinet has told and that the store does not know."""
    yield from _pickups(watch, ledger, traces)
    yield from _jams(watch, ledger, traces)
    yield from _ended_reservations(watch, ledger, traces)
    yield from _returns(watch, traces, truth)
    yield from _outcomes(watch)
    yield from other_slots(traces, truth)


def _about(watch: JournalWatch, ledger: Ledger, kind: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield what cabinets have told about an order's reservation: the cabinet, the order and what it said."""
    for journal, entry in watch.entries(kind):
        order = ledger.orders.get(entry["data"].get("reservation"))
        if order is not None:
            yield journal.source.removeprefix("cabinet/"), order, entry["data"]


def _pickups(watch: JournalWatch, ledger: Ledger, traces: Traces) -> Iterator[str]:
    for cabinet, order, said in _about(watch, ledger, "pickup_finished"):
        if not traces.has(order, "pickup_finished", reservation=said["reservation"]):
            yield f"{cabinet} finished the pickup of {said['reservation']}, which {order} does not know"


def _jams(watch: JournalWatch, ledger: Ledger, traces: Traces) -> Iterator[str]:
    for cabinet, order, said in _about(watch, ledger, "eject_failed"):
        if not traces.has(order, "eject_failed", cabinet=cabinet, slot=said["slot"]):
            yield f"slot {said['slot']} of {cabinet} jammed for {order}, whose journal does not say so"


def _ended_reservations(watch: JournalWatch, ledger: Ledger, traces: Traces) -> Iterator[str]:
    for cabinet, order, said in _about(watch, ledger, "reservation_ended"):
        if not any(traces.has(order, kind, reservation=said["reservation"]) for kind in _ENDS):
            yield f"{cabinet} ended {said['reservation']}, and the journal of {order} does not say so"


def _returns(watch: JournalWatch, traces: Traces, truth: Truth) -> Iterator[str]:
    """Of a bank that stands where it was last put back, an order or the early returns must know."""
    for (cabinet, bank), slot in sorted(_last_seen(watch).items()):
        if slot is None or truth.slots.get(cabinet, {}).get(slot) != bank:
            continue
        if (bank, cabinet, slot) not in traces.returns:
            yield f"{bank} is back in slot {slot} of {cabinet}, and no order nor early return says so"


def _last_seen(watch: JournalWatch) -> Mapping[tuple[str, str], int | None]:
    """Return by cabinet and bank the slot into which it came back last, None when it has left since."""
    last: dict[tuple[str, str], int | None] = {}
    for journal in watch.journals:
        cabinet = journal.source.removeprefix("cabinet/")
        for _, entry in sorted(journal.entries.items()):
            said = entry["data"]
            match entry["type"].split(".")[-2]:
                case "bank_returned":
                    last[cabinet, said["bank"]] = said["slot"]
                case "bank_ejected":
                    last[cabinet, said["bank"]] = None
    return last


def _outcomes(watch: JournalWatch) -> Iterator[str]:
    """A command that was sent again is answered again, and always with the same outcome."""
    first: dict[tuple[str, str], Mapping[str, Any]] = {}
    for journal, entry in watch.entries("command_finished"):
        said = entry["data"]
        if first.setdefault((journal.source, said["command"]), said) != said:
            yield f"{journal.source} told two outcomes of {said['command']}"


def other_slots(traces: Traces, truth: Truth) -> Iterator[str]:
    """Yield a sentence for each slot in which the platform knows another bank than stands there."""
    for cabinet, slots in truth.slots.items():
        known = traces.slots.get(cabinet, {})
        for slot, bank in slots.items():
            if known.get(slot) != bank:
                yield (
                    f"slot {slot} of {cabinet} holds {bank or 'no bank'},"
                    f" and the platform knows {known.get(slot) or 'none'} there"
                )
