"""What names tell: derived ids carry the body of their order's, and an id's prefix tells what it names.

The order `ord-<body>` has the reservations `rsv-<body>-<n>`, the commands `cmd-<body>-<n>` and the jobs
`job-<body>-<n>`.
"""

from typing import Final

CABINET: Final = "cab"
COURIER: Final = "cou"
_RENTAL: Final = frozenset({"rnt", "rental"})
_DISPATCH: Final = frozenset({"dsp", "dispatch"})


def order_of(derived: str) -> str:
    """Return the order from whose id the id of a reservation, command or job was made."""
    return f"ord-{derived.partition('-')[2].rpartition('-')[0]}"


def prefix(name: str) -> str:
    """Return the prefix of an id, also of one with its role before it (`cabinet/cab-1`)."""
    return name.rpartition("/")[2].partition("-")[0]


def is_device(name: str) -> bool:
    """Tell whether a source is a device, which keeps a journal of its own."""
    return prefix(name) in {CABINET, COURIER}


def is_rental(name: str) -> bool:
    """Tell whether a name is that of a rental platform."""
    return prefix(name) in _RENTAL


def answers_for(service: str, device: str) -> bool:
    """Tell whether it is this service that commits the journal of that device.

    Rental platforms commit those of cabinets and courier platforms those of couriers. A courier platform also
    listens to cabinets, without committing or acknowledging their entries.
    """
    services = _RENTAL if prefix(device) == CABINET else _DISPATCH
    return prefix(service) in services
