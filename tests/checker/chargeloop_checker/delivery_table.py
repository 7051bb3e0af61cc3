"""How delivery jobs and offers may move, written out anew, with what can be reached in several steps.

`cancelled` and `lost` were told as ends, but banks may still come to light, and so was `failed` of a way
back, where a collection may; what a way ends with otherwise is final.
"""

from collections.abc import Mapping
from typing import Final

FIRST_STATE: Final = "offering"
UNDER_WAY: Final = frozenset({"to_cabinet", "at_cabinet", "to_user", "at_user", "bring_back"})

_OUTWARD: Final[Mapping[str, frozenset[str]]] = {
    "offering": frozenset({"to_cabinet", "cancelled", "failed"}),
    "to_cabinet": frozenset(
        {"at_cabinet", "to_user", "cancelled", "bring_back", "offering", "lost", "failed"}
    ),
    "at_cabinet": frozenset(
        {"to_cabinet", "to_user", "cancelled", "bring_back", "offering", "lost", "failed"}
    ),
    "to_user": frozenset({"at_user", "delivered", "bring_back", "lost"}),
    "at_user": frozenset({"delivered", "bring_back", "lost"}),
    "bring_back": frozenset({"returned", "lost"}),
    "cancelled": frozenset({"bring_back"}),
    "lost": frozenset({"delivered", "returned"}),
    "delivered": frozenset(),
    "returned": frozenset(),
    "failed": frozenset(),
}
_BACK: Final[Mapping[str, frozenset[str]]] = {
    "offering": frozenset({"to_user", "cancelled", "failed"}),
    "to_user": frozenset({"at_user", "to_cabinet", "returned", "cancelled", "offering", "lost", "failed"}),
    "at_user": frozenset({"to_cabinet", "returned", "cancelled", "offering", "lost", "failed"}),
    "to_cabinet": frozenset({"at_cabinet", "returned", "bring_back", "lost"}),
    "at_cabinet": frozenset({"to_cabinet", "returned", "bring_back", "lost"}),
    "bring_back": frozenset({"returned", "lost"}),
    "cancelled": frozenset({"bring_back"}),
    "lost": frozenset({"returned"}),
    "delivered": frozenset(),
    "returned": frozenset(),
    "failed": frozenset({"bring_back"}),
}
_OFFER: Final[Mapping[str, frozenset[str]]] = {
    "open": frozenset({"accepted", "declined", "expired", "taken", "withdrawn"}),
    "accepted": frozenset({"withdrawn"}),
    "declined": frozenset(),
    "expired": frozenset(),
    "taken": frozenset(),
    "withdrawn": frozenset(),
}

_Reach = Mapping[str, frozenset[str]]


def _reach(moves: _Reach) -> _Reach:
    """Return what can be reached from each state in any number of steps, none included."""
    reached = {state: moves[state] | {state} for state in moves}
    for _ in moves:
        reached = {
            state: frozenset().union(*(reached[near] for near in known)) for state, known in reached.items()
        }
    return reached


# By the leg of a job.
JOB_REACH: Final[Mapping[str, _Reach]] = {"outward": _reach(_OUTWARD), "back": _reach(_BACK)}
OFFER_REACH: Final = _reach(_OFFER)
