"""What a fleet is told at its start, and the file that describes its cabinets."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from chargeloop.broker import BrokerAddress
from chargeloop.protocol import fields
from chargeloop.protocol.handwritten import E7, Entry, NotUsableError, entries_of, unreadable
from chargeloop.protocol.messages.cabinet import CabinetInfo
from chargeloop.protocol.messages.common import Location
from chargeloop.station.core.battery import FULL_PPM, Battery
from chargeloop.station.core.cabinet import COMMANDS, FIRMWARE
from chargeloop.station.core.faults import Faults, OfflineWindow
from chargeloop.station.core.mechanics import Mechanics, Place


class FleetFileError(ValueError):
    """The fleet's file cannot be read; the message says where in it and what is expected."""


class FleetSettings(BaseModel):
    """One process of simulated cabinets.

    `fleet` is the JSON file of its cabinets, `data` the directory of everybody's credentials and of the
    cabinets' own files. `heartbeat_ms` 0 sends no telemetry and asks for the time at connections only;
    `boot_ms` is how long a cabinet that restarts is dark. Times are the world's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: fields.Region
    data: Path
    broker: BrokerAddress
    fleet: Path
    heartbeat_ms: Annotated[int, Field(ge=0)] = 60_000
    motor_ms: Annotated[int, Field(ge=0)] = 2_000
    boot_ms: Annotated[int, Field(ge=0)] = 2_000

    def directory(self, cabinet: str) -> Path:
        """Return where a cabinet keeps its own files."""
        return self.data / "cabinets" / cabinet


class BankEntry(Entry):
    """A bank that is inside when the cabinet is installed; the first is in slot 1, and so on."""

    bank: fields.Bank
    charge_pct: fields.Percent = 100
    health_pct: fields.Percent = 100
    cycles: fields.Cycles = 0


class OfflineEntry(Entry):
    """The network is gone from `from_ms` until just before `until_ms` (world's milliseconds since 1970)."""

    from_ms: fields.Count
    until_ms: fields.Count

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.until_ms <= self.from_ms:
            raise ValueError("until_ms must be after from_ms")
        return self


class FaultsEntry(Entry):
    """What is planted at the cabinet."""

    jam_slots: tuple[fields.Slot, ...] = ()
    jam_next: fields.Count = 0
    bounce_slots: tuple[fields.Slot, ...] = ()
    unreadable_banks: tuple[fields.Bank, ...] = ()
    offline: tuple[OfflineEntry, ...] = ()
    clock_unset: bool = False
    clock_offset_ms: int = 0
    drift_ppm: Annotated[int, Field(ge=-100_000, le=100_000)] = 0

    def faults(self) -> Faults:
        """Return them as the simulated world knows them."""
        return Faults(
            jam_slots=frozenset(self.jam_slots),
            jam_next=self.jam_next,
            bounce_slots=frozenset(self.bounce_slots),
            unreadable_banks=frozenset(self.unreadable_banks),
            offline=tuple(OfflineWindow(window.from_ms, window.until_ms) for window in self.offline),
            clock_unset=self.clock_unset,
            clock_offset_ms=self.clock_offset_ms,
            drift_ppm=self.drift_ppm,
        )


class CabinetEntry(Entry):
    """One cabinet of the fleet."""

    cabinet: fields.Cabinet
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    lat_e7: Annotated[E7, Field(ge=-900_000_000, le=900_000_000)]
    lon_e7: Annotated[E7, Field(ge=-1_800_000_000, le=1_800_000_000)]
    slots: fields.Slot
    banks: tuple[BankEntry, ...] = ()
    faults: FaultsEntry = FaultsEntry()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.banks) > self.slots:
            raise ValueError(f"{len(self.banks)} banks do not fit into {self.slots} slots")
        return self

    def info(self) -> CabinetInfo:
        """Return what the cabinet tells of itself."""
        return CabinetInfo(
            name=self.name,
            location=Location(lat_e7=self.lat_e7, lon_e7=self.lon_e7),
            slots=self.slots,
            model=f"CL-{self.slots}",
            firmware=FIRMWARE,
            commands=COMMANDS,
        )

    def installed(self, now_ms: int) -> Mechanics:
        """Return the cabinet as it is installed at `now_ms`."""
        batteries: list[Battery | None] = [
            Battery(bank.bank, bank.charge_pct * FULL_PPM // 100, bank.health_pct, bank.cycles, now_ms)
            for bank in self.banks
        ]
        batteries += [None] * (self.slots - len(batteries))
        return Mechanics(tuple(Place(slot, battery) for slot, battery in enumerate(batteries, start=1)))


_FLEET = TypeAdapter(tuple[CabinetEntry, ...])


def load_fleet(path: Path) -> tuple[CabinetEntry, ...]:
    """Return the cabinets of a fleet's file.

    Raises:
        FleetFileError: it cannot be read, is not a fleet, has no cabinet, or names a cabinet or a bank twice.
    """
    try:
        entries = entries_of(path.read_bytes(), _FLEET, "cabinets")
    except OSError as error:
        raise FleetFileError(f"{path}: {unreadable(error)}") from error
    except NotUsableError as error:
        raise FleetFileError(f"{path}: {error}") from error
    if not entries:
        raise FleetFileError(f"{path}: the list of cabinets is empty: there is nothing to run")
    _refuse_twice(path, "cabinet", (entry.cabinet for entry in entries))
    _refuse_twice(path, "bank", (bank.bank for entry in entries for bank in entry.banks))
    return entries


def _refuse_twice(path: Path, what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise FleetFileError(f"{path}: the {what} {twice[0]} stands in it twice")
