"""Lays a scenario out in a data directory: credentials for everybody, and the simulators' files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chargeloop.broker import CredentialStore
from chargeloop.cli.errors import CommandError
from chargeloop.cli.scenario import CabinetPlan, CourierPlan, Scenario
from chargeloop.protocol.ids import DispatchId, GatewayId, OperatorId, RentalId

RENTAL = RentalId("rnt-main")
DISPATCH = DispatchId("dsp-main")
GATEWAY = GatewayId("gwy-main")
# Who watches as a person, and as whom the demo itself follows what happens: two cannot share a name.
OPERATOR = OperatorId("opr-main")
FOLLOWER = OperatorId("opr-demo")
# What a broker that was started for this directory beforehand has put there.
_OF_BROKER = frozenset({"credentials", "broker", "run"})


@dataclass(frozen=True, slots=True)
class CityFiles:
    """Where the laid out scenario lies."""

    data: Path

    @property
    def fleet(self) -> Path:
        """Return the cabinets' file."""
        return self.data / "fleet.json"

    @property
    def couriers(self) -> Path:
        """Return the simulated couriers' file."""
        return self.data / "couriers.json"

    @property
    def run(self) -> Path:
        """Return the directory of process ids, logs and addresses."""
        return self.data / "run"


def require_fresh(data: Path) -> None:
    """Make the directory; nothing may have been played in it: a world that has begun cannot begin again.

    Raises:
        CommandError: something is in it, or it cannot be made.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        occupied = any(path.name not in _OF_BROKER for path in data.iterdir())
    except OSError as error:
        raise CommandError(f"cannot use {data}: {error.strerror}") from None
    if occupied:
        raise CommandError(f"{data} is not empty: a demo or replay begins in an empty directory")


def lay_out(scenario: Scenario, data: Path) -> CityFiles:
    """Write the scenario's files and grant everybody credentials."""
    files = CityFiles(data)
    files.run.mkdir(parents=True, exist_ok=True)
    _write(files.fleet, [_cabinet(cabinet, scenario.origin_ms) for cabinet in scenario.cabinets])
    write_couriers(files, scenario)
    store = CredentialStore.of_data(data)
    for client in (RENTAL, DISPATCH, GATEWAY, OPERATOR, FOLLOWER, *_participants(scenario)):
        store.grant(client, scenario.region)
    return files


def write_couriers(files: CityFiles, scenario: Scenario) -> None:
    """Write the simulated couriers' file, again when they have changed."""
    _write(files.couriers, [_courier(courier, scenario.origin_ms) for courier in scenario.couriers])


def _participants(scenario: Scenario) -> list[str]:
    cabinets = [str(cabinet.cabinet) for cabinet in scenario.cabinets]
    couriers = [str(courier.courier) for courier in scenario.couriers]
    return cabinets + couriers + [str(person.user) for person in scenario.people]


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def _cabinet(plan: CabinetPlan, origin_ms: int) -> Mapping[str, object]:
    faults = plan.faults
    return {
        "cabinet": plan.cabinet,
        "name": plan.name,
        "lat_e7": plan.place.lat_e7,
        "lon_e7": plan.place.lon_e7,
        "slots": plan.slots,
        "banks": [
            {
                "bank": bank.bank,
                "charge_pct": bank.charge_pct,
                "health_pct": bank.health_pct,
                "cycles": bank.cycles,
            }
            for bank in plan.banks
        ],
        "faults": {
            "jam_slots": list(faults.jam_slots),
            "jam_next": faults.jam_next,
            "offline": [
                {"from_ms": origin_ms + outage.from_ms, "until_ms": origin_ms + outage.until_ms}
                for outage in faults.offline
            ],
            "clock_offset_ms": faults.clock_offset_ms,
            "drift_ppm": faults.drift_ppm,
        },
    }


def _courier(plan: CourierPlan, origin_ms: int) -> Mapping[str, object]:
    return {
        "courier": plan.courier,
        "lat_e7": plan.place.lat_e7,
        "lon_e7": plan.place.lon_e7,
        "on_ms": None if plan.on_ms is None else origin_ms + plan.on_ms,
        "off_ms": None if plan.off_ms is None else origin_ms + plan.off_ms,
        "speed_m_per_s": plan.speed_m_per_s,
        "metres_per_minute_ceil": plan.metres_per_minute,
        "service_ms": plan.service_ms,
        "answer_ms": plan.answers.least_ms,
        "answer_spread_ms": plan.answers.spread_ms,
        "accept_probability": plan.accept_probability,
        "gives_up": plan.gives_up,
        "gives_up_at_job": plan.gives_up_at_job,
        "seed": plan.seed,
    }
