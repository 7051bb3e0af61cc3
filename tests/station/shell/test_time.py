"""Waiting on a virtual clock: a cabinet wakes when something is due, and at no other time."""

from pathlib import Path

import pytest

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import VirtualClock
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import HOUR_MS
from chargeloop.station.core import battery, cabinet
from chargeloop.station.core.battery import Battery
from chargeloop.station.core.mechanics import Mechanics
from chargeloop.station.shell.cabinet_shell import CabinetShell
from chargeloop.station.shell.settings import FleetSettings, load_fleet
from tests.station.core.workbench import NOON_MS, bank
from tests.station.shell.town import CABINET, REGION, fleet_file, town


async def test_a_bank_gets_ready_at_the_foretold_moment_and_a_snapshot_tells_it(tmp_path: Path) -> None:
    clock = VirtualClock(NOON_MS)
    foretold_ms = battery.ready_at(Battery.inserted(bank("1", 20), NOON_MS))
    banks = [{"bank": "bnk-1", "charge_pct": 20, "health_pct": 95, "cycles": 10}]
    async with town(tmp_path, clock=clock, banks=banks) as here, here.fleet():

        def told_ms() -> list[int]:
            return [
                said.time
                for _, said in here.platform.heard
                if isinstance(said.data, cab.SlotsSnapshot) and said.data.slots[0].state == "ready"
            ]

        await here.platform.until(lambda: bool(told_ms()))
        assert told_ms()[0] == foretold_ms


def shell_of(path: Path, charges: list[int]) -> CabinetShell:
    """Returns a cabinet that has not been started, with banks of these charges in slots that charge."""
    banks = [{"bank": f"bnk-{number}", "charge_pct": charge} for number, charge in enumerate(charges)]
    fleet = fleet_file(path / "fleet.json", banks=banks)
    settings = FleetSettings(
        region=REGION, data=path, broker=BrokerAddress("127.0.0.1", 1), fleet=fleet, heartbeat_ms=0
    )
    credentials = CredentialStore.of_data(path).grant(CABINET, REGION)
    shell = CabinetShell(load_fleet(fleet)[0], credentials, settings, VirtualClock(NOON_MS))
    shell._memory = cabinet.boot(shell._memory, shell._senses()).memory
    shell._journal.close()
    return shell


@pytest.mark.parametrize(
    ("charges", "due_for"), [([], None), ([100, 60], None), ([100, 20], 20), ([30, 20], 30)]
)
def test_only_a_bank_that_is_not_ready_yet_sets_a_timer(
    tmp_path: Path, charges: list[int], due_for: int | None
) -> None:
    due_ms = shell_of(tmp_path, charges)._next_due_ms()
    if due_for is None:
        assert due_ms is None
    else:
        assert due_ms == battery.ready_at(Battery(BankId("bnk-1"), due_for * 10_000, 100, 0, NOON_MS))


async def test_a_reservation_ends_by_itself_at_its_time(tmp_path: Path) -> None:
    clock = VirtualClock(NOON_MS)
    banks = [{"bank": "bnk-1"}, {"bank": "bnk-2"}]
    async with town(tmp_path, clock=clock, banks=banks) as here, here.fleet():
        await here.know_the_time()
        began_ms = clock.now_ms()
        with clock.hold():
            assert (await here.reserve()).outcome is cab.Outcome.DONE
        ended = await here.platform.first(cab.ReservationEnded)
        assert ended.why is cab.HoldEnd.EXPIRED
        assert clock.now_ms() >= began_ms + HOUR_MS


async def test_a_bank_that_its_reader_hid_at_a_boot_is_seen_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, shows = VirtualClock(NOON_MS), Mechanics.readings
    async with town(tmp_path, clock=clock, banks=[{"bank": "bnk-1"}]) as here:
        async with here.fleet():
            await here.platform.first(cab.InventoryReported)

        def hides_it(works: Mechanics, now_ms: int) -> tuple[cab.BankStatus | None, ...]:
            missed = here.platform.all(cab.SlotChanged)
            return shows(works, now_ms) if missed else (None, *shows(works, now_ms)[1:])

        monkeypatch.setattr(Mechanics, "readings", hides_it)
        async with here.fleet():
            returned = await here.platform.first(cab.BankReturned)
    assert [said.reason for said in here.platform.all(cab.SlotChanged)] == [cab.CabinetReason.NO_BANK_IN_SLOT]
    assert (returned.bank, returned.slot) == ("bnk-1", 1)
