"""A cabinet whose network is gone: the platform loses it, hands do not."""

from pathlib import Path

from chargeloop.broker.clock import RealClock
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, world
from tests.station.shell.town import PATIENCE_S, town

CODE = world.CodeTyped(code="402913")


async def test_the_keypad_works_without_network_and_the_journal_comes_later(tmp_path: Path) -> None:
    now_ms = RealClock().now_ms()
    window = {"from_ms": now_ms + 2_500, "until_ms": now_ms + 5_500}
    async with town(tmp_path, faults={"offline": [window]}) as here, here.fleet():
        await here.know_the_time()
        assert (await here.reserve()).outcome is cab.Outcome.DONE
        gone = await here.platform.first(common.ConnectionState, after=1)
        assert gone.state is common.Presence.OFFLINE
        pushed = world.BankInserted(
            bank=cab.BankStatus(bank=BankId("bnk-9"), charge_pct=5, health_pct=90, temperature_c=20, cycles=3)
        )
        # A request is repeated until it is answered: the first ones may come before hands can reach it.
        answer = await here.insist(here.courier, CODE)
        assert [bank.bank for bank in answer.banks] == ["bnk-1", "bnk-2"]
        assert (await here.insist(here.user, pushed)).accepted
        assert here.clock.now_ms() < window["until_ms"]
        assert here.platform.all(cab.BankEjected) == []
        await here.platform.until(lambda: bool(here.platform.all(cab.BankReturned)))
        assert here.clock.now_ms() >= window["until_ms"]
        assert len(here.platform.all(cab.BankEjected)) == 2
        numbers = here.journal_numbers()
        assert numbers == list(range(1, len(numbers) + 1))
        epochs = [said.connection_epoch for said in here.platform.all(common.ConnectionState)]
        assert epochs == sorted(epochs)
        assert (await here.hands(here.user, world.TrayReached())).display == "the tray is empty"


async def test_a_cabinet_can_begin_its_life_without_network(tmp_path: Path) -> None:
    now_ms = RealClock().now_ms()
    window = {"from_ms": 0, "until_ms": now_ms + round(PATIENCE_S * 100)}
    async with town(tmp_path, faults={"offline": [window]}) as here, here.fleet():
        answer = await here.insist(here.courier, CODE)
        assert (answer.accepted, answer.display) == (False, "wrong code")
        assert here.platform.all(cab.Booted) == []
        assert (await here.platform.first(cab.Booted)).cause == "power_on"
