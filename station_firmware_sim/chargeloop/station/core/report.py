"""The slots as the cabinet tells of them: in snapshots, inventories and telemetry."""

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.station.core.memory import Memory, Senses
from chargeloop.station.core.slot import Slot


def slot_statuses(memory: Memory, senses: Senses) -> tuple[cab.SlotStatus, ...]:
    """Return every slot as it stands, with what its reader shows."""
    return tuple(_status(slot, senses.reading(slot.number)) for slot in memory.slots)


def telemetry(senses: Senses, power_w: int) -> cab.Telemetry:
    """Return the sensor readings of the slots that hold a bank."""
    readings = tuple(
        cab.SlotReading(slot=number, charge_pct=reading.charge_pct, temperature_c=reading.temperature_c)
        for number, reading in enumerate(senses.slots, start=1)
        if reading is not None
    )
    return cab.Telemetry(power_w=power_w, slots=readings)


def _status(slot: Slot, reading: cab.BankStatus | None) -> cab.SlotStatus:
    # While the bank is on its way out, or before a new one is accepted, the firmware's word stands.
    shown = reading if reading is not None and reading.bank == slot.bank else None
    return cab.SlotStatus(slot=slot.number, state=slot.state, bank=shown, reservation=slot.reservation)
