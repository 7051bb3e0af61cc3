"""The columns of each kind of record, as docs/simulation.md lists them.

A column is `name:type`; the types are `t` (text), `i` (an integer), `b` (a boolean) and `l` (a list of
texts), with `?` where null is allowed. Looking at every value of every record would take longer than all
the rules, so a tuple of types that was found right once is known from then on.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

Record = tuple[Any, ...]

_SPECS: Final[Mapping[str, str]] = {
    "bank": "region:t bank:t place:t",
    "move": "region:t bank:t from:t to:t by:t",
    "motor": "region:t cabinet:t slot:i bank:t? reservation:t? command:t? epoch:i? moved:b",
    "code": "region:t cabinet:t answer:t",
    "hold": "region:t cabinet:t slot:i reservation:t?",
    "fault": "region:t? name:t target:t?",
    "entry": "region:t device:t journal:t seq:i type:t",
    "heard": "region:t cabinet:t command:t",
    "outcome": "region:t cabinet:t command:t epoch:i outcome:t reason:t? decided_ms:i",
    "took": "region:t service:t source:t journal:t seq:i message:t?",
    "mark": "region:t service:t source:t journal:t seq:i",
    "acked": "region:t service:t journal:t seq:i",
    "puback": "region:t service:t message:t? source:t? journal:t? seq:i?",
    "planted": "region:t message:t?",
    "poison": "region:t service:t message:t?",
    "quarantined": "region:t service:t message:t? fault:t source:t? journal:t? seq:i?",
    "crash": "region:t? node:t where:t",
    "rebuilt": "region:t service:t live:t stored:t",
    "request": "region:t user:t request:t type:t",
    "reply": "region:t user:t request:t answer:t",
    "wish": "region:t who:t request:t type:t target:t detail:t",
    "intervention": (
        "region:t command:t cabinet:t operator:t action:t slot:i? reservation:t? expires_ms:i outcome:t?"
        " refusal:t? answered_ms:i? happened_ms:i?"
    ),
    "tariff": (
        "region:t version:t currency:t free_minutes:i unit_minutes:i price_minor:i cap_per_24h_minor:i?"
        " total_cap_minor:i? buyout_after_minutes:i? base_minor:i per_minute_minor:i promised_minutes:i"
    ),
    "order": "region:t order:t user:t asked_quantity:i quantity:i tariff:t hand_over:t cabinet:t?",
    "event": (
        "region:t order:t event:t type:t from_state:t? to_state:t time_ms:i received_ms:i quality:t detail:t"
    ),
    "line": (
        "region:t order:t line:t fee:t of:t from_event:t to_event:t from_ms:i to_ms:i amount_minor:i"
        " currency:t tariff:t quality:t reverses:t?"
    ),
    "command": "region:t cabinet:t command:t type:t reservation:t? epoch:i expires_ms:i",
    "presence": "region:t service:t device:t connection_epoch:i online:b",
    "job": "region:t job:t order:t leg:t state:t courier:t? banks:l back:l",
    "offer": "region:t offer:t job:t courier:t state:t",
    "healed": "",
    "depth": "region:t node:t waiting:i",
    "restless": "region:t who:t",
    "visitor": "region:t user:t quantity:i",
    "slot": "region:t cabinet:t slot:i state:t bank:t?",
    "end": "",
}


class Column(NamedTuple):
    """One column of a kind of record."""

    name: str
    type: str
    may_be_null: bool

    def takes(self, value: object) -> bool:
        """Tell whether the value is of the column's type; texts may be members of enumerations."""
        if value is None:
            return self.may_be_null
        if self.type == "t":
            return isinstance(value, str)
        if self.type == "l":
            return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        return isinstance(value, bool) if self.type == "b" else type(value) is int


def _columns(spec: str) -> tuple[Column, ...]:
    parts = [part.partition(":") for part in ("kind:t", "at_ms:i", *spec.split())]
    return tuple(Column(name, kind[0], kind.endswith("?")) for name, _, kind in parts)


COLUMNS: Final = {kind: _columns(spec) for kind, spec in _SPECS.items()}
KINDS: Final = frozenset(_SPECS)


class Shapes:
    """Tells whether records have the columns of their kind."""

    def __init__(self) -> None:
        self._known: dict[str, set[tuple[type, ...]]] = {kind: set() for kind in KINDS}

    def fault_of(self, record: Record) -> str | None:
        """Return what is wrong with a record, or None."""
        kind = record[0] if record else None
        known = self._known.get(kind) if isinstance(kind, str) else None
        if kind is None or known is None:
            return f"{kind!r} is no kind of record"
        types = tuple(map(type, record))
        return None if types in known else self._look_at(record, types, known)

    @staticmethod
    def _look_at(record: Record, types: tuple[type, ...], known: set[tuple[type, ...]]) -> str | None:
        columns = COLUMNS[record[0]]
        if len(record) != len(columns):
            return f"{record[0]} has {len(record)} columns and not {len(columns)}"
        for column, value in zip(columns, record, strict=True):
            if not column.takes(value):
                return f"{record[0]} has {value!r} as its {column.name}"
        if not any(column.type == "l" for column in columns):
            known.add(types)
        return None
