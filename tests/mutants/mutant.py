"""A planted mistake: a piece of text of the product, and what it is replaced by."""

from dataclasses import dataclass

BROKER = "broker/chargeloop/broker"
PLATFORM = "platform/chargeloop/platform/core"
COURIER = "courier/chargeloop/courier/core"
STATION = "station_firmware_sim/chargeloop/station/core"
PROTOCOL = "protocol/chargeloop/protocol"
SIMULATION = "simulation/chargeloop/simulation"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted mistake."""

    name: str
    about: str
    file: str
    old: str
    new: str
    faults: str = "worst"
