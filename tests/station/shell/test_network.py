"""A cabinet whose network is gone: the platform loses it, hands do not."""

from pathlib import Path
from typing import cast

import aiomqtt

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import VirtualClock
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, world
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.topics import TOPICS
from chargeloop.station.shell.world_line import WorldLine
from tests.station.core.workbench import NOON_MS
from tests.station.shell.town import CABINET, REGION, town

CODE = world.CodeTyped(code="402913")
GONE_MS, BACK_MS = NOON_MS + 10 * MINUTE_MS, NOON_MS + 20 * MINUTE_MS


async def test_the_keypad_works_without_network_and_the_journal_comes_later(tmp_path: Path) -> None:
    clock = VirtualClock(NOON_MS)
    faults = {"offline": [{"from_ms": GONE_MS, "until_ms": BACK_MS}]}
    pushed = cab.BankStatus(bank=BankId("bnk-9"), charge_pct=5, health_pct=90, temperature_c=20, cycles=3)
    async with town(tmp_path, clock=clock, faults=faults) as here, here.fleet():
        with clock.hold():
            await here.know_the_time()
            assert (await here.reserve()).outcome is cab.Outcome.DONE
        await clock.sleep_until_ms(GONE_MS + 1)
        answer = await here.hands(here.courier, CODE)
        with clock.hold():
            assert [bank.bank for bank in answer.banks] == ["bnk-1", "bnk-2"]
            assert (await here.hands(here.user, world.BankInserted(bank=pushed))).accepted
            gone = await here.platform.first(common.ConnectionState, after=1)
            assert gone.state is common.Presence.OFFLINE
            assert GONE_MS < clock.now_ms() < BACK_MS
            assert here.platform.all(cab.BankEjected) == []
        await here.platform.first(cab.BankReturned)
        assert clock.now_ms() >= BACK_MS
        assert len(here.platform.all(cab.BankEjected)) == 2
        numbers = here.journal_numbers()
        assert numbers == list(range(1, len(numbers) + 1))
        epochs = [said.connection_epoch for said in here.platform.all(common.ConnectionState)]
        assert epochs == sorted(epochs)
        with clock.hold():
            assert (await here.hands(here.user, world.TrayReached())).display == "the tray is empty"


async def test_a_cabinet_can_begin_its_life_without_network(tmp_path: Path) -> None:
    clock = VirtualClock(NOON_MS)
    faults = {"offline": [{"from_ms": 0, "until_ms": BACK_MS}]}
    async with town(tmp_path, clock=clock, faults=faults) as here:
        with clock.hold():
            async with here.fleet():
                answer = await here.insist(here.courier, CODE)
                assert (answer.accepted, answer.display) == (False, "wrong code")
                assert here.platform.all(cab.Booted) == []
        async with here.fleet():
            assert (await here.platform.first(cab.Booted)).cause == "power_on"
            assert clock.now_ms() >= BACK_MS


async def test_an_answer_that_the_broker_does_not_take_ends_nothing(tmp_path: Path) -> None:
    class Refusing:
        async def publish(self, topic: str, *_: object, **__: object) -> None:
            asked.append(topic)
            raise aiomqtt.MqttError("Operation timed out")

    async def hears(_: Incoming) -> None: ...

    asked = list[str]()
    line = WorldLine(
        credentials=CredentialStore.of_data(tmp_path).grant(CABINET, REGION),
        broker=BrokerAddress("127.0.0.1", 1),
        clock=VirtualClock(NOON_MS),
        receive=hears,
    )
    line._client = cast("aiomqtt.Client", Refusing())
    answer = world.CabinetAnswered(accepted=True, display="take your banks")
    tray = TOPICS["user_tray"].topic(REGION, cabinet=CABINET, user="usr-1")
    await line.publish(Send(tray, answer, correlation_id="m-1"))
    assert asked == [tray]
