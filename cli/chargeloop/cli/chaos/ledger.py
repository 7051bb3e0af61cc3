"""Reads what both platforms have committed, by SQL alone, for the checks that nothing was lost."""

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chargeloop.cli.books import rows
from chargeloop.cli.chaos.heard import Traces
from chargeloop.cli.chaos.lossless import Channel, Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

_RENTAL: Final = "platform/rental.sqlite3"
_DISPATCH: Final = "courier/dispatch.sqlite3"
_RETURNS: Final = frozenset({"bank_returned", "bank_found"})
# Who sends to whom, and the name under which the receiver notes it.
_CHANNELS: Final = (
    ("rental to courier platform", _RENTAL, _DISPATCH),
    ("courier to rental platform", _DISPATCH, _RENTAL),
)


def read_ledger(data: Path) -> Ledger:
    """Return what the stores in a data directory hold; safe while the platforms run."""
    asked = [
        (order, json.loads(detail)["hold"])
        for order, detail in rows(data / _RENTAL, _EVENTS, ("reservation_asked",))
    ]
    ejected = rows(data / _RENTAL, _EVENTS, ("bank_ejected",))
    return Ledger(
        marks=_marks(data / _RENTAL) | _marks(data / _DISPATCH),
        channels=[
            channel
            for name, sender, receiver in _CHANNELS
            for channel in _channels(name, data / sender, data / receiver)
        ],
        quantities={hold["reservation"]: hold["quantity"] for _, hold in asked},
        orders={hold["reservation"]: order for order, hold in asked},
        ejected=frozenset((order, json.loads(detail)["bank"]) for order, detail in ejected),
        quarantined=[*_quarantined(data / _RENTAL), *_quarantined(data / _DISPATCH)],
    )


def read_traces(data: Path) -> Traces:
    """Return what the rental platform's store says of what cabinets have told; reads all orders' journals."""
    store = data / _RENTAL
    entries: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for order, kind, detail in rows(store, "SELECT order_id, type, detail FROM order_events"):
        entries[order, kind].append(json.loads(detail))
    back = [
        (detail["bank"], detail["cabinet"], detail["slot"])
        for (_, kind), details in entries.items()
        if kind in _RETURNS
        for detail in details
    ]
    early = rows(store, "SELECT bank, cabinet, slot FROM early_returns")
    slots = {
        cabinet: {number: bank for number, _, bank, *_ in json.loads(written)}
        for cabinet, written in rows(store, "SELECT id, slots FROM cabinets")
    }
    return Traces(entries, frozenset((*back, *early)), slots)


_EVENTS: Final = "SELECT order_id, detail FROM order_events WHERE type = ? ORDER BY time_ms, id"


def _marks(store: Path) -> dict[tuple[str, str], int]:
    found = rows(store, "SELECT source, journal, seq FROM inbox_marks")
    return {(source, journal): seq for source, journal, seq in found}


def _channels(name: str, sender: Path, receiver: Path) -> list[Channel]:
    taken = {journal: seq for (_, journal), seq in _marks(receiver).items()}
    sent = rows(sender, "SELECT journal, last, acked FROM channels")
    return [Channel(name, last, acked, taken.get(journal, 0)) for journal, last, acked in sent]


def _quarantined(store: Path) -> list[str]:
    refused = rows(store, "SELECT topic, fault, detail FROM quarantine ORDER BY number")
    failed = rows(store, "SELECT topic, error FROM suspects ORDER BY received_ms")
    return [
        *(f"a message on {topic} is in quarantine: {fault}, {detail}" for topic, fault, detail in refused),
        *(f"{store.stem} failed on a message on {topic}: {error}" for topic, error in failed),
    ]
