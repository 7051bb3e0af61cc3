"""A cabinet over a real broker: the platform, the courier and the user are raw MQTT clients."""

from pathlib import Path

from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, world
from chargeloop.protocol.time import HOUR_MS
from chargeloop.protocol.topics import TOPICS
from tests.station.shell.town import CABINET, REGION, town

CODE = world.CodeTyped(code="402913")


def status(name: str) -> cab.BankStatus:
    return cab.BankStatus(bank=BankId(name), charge_pct=12, health_pct=97, temperature_c=24, cycles=113)


async def test_a_courier_fetches_reserved_banks_with_the_code(tmp_path: Path) -> None:
    async with town(tmp_path) as here, here.fleet():
        await here.know_the_time()
        reserved = await here.reserve()
        assert [content.bank for content in reserved.slots] == ["bnk-1", "bnk-2"]
        answer = await here.hands(here.courier, CODE)
        assert [bank.bank for bank in answer.banks] == ["bnk-1", "bnk-2"]
        await here.platform.first(cab.ReservationEnded)
        assert here.platform.all(cab.PickupFinished)[0].ejected == 2
        assert here.journal_numbers() == list(range(1, len(here.journal_numbers()) + 1))
        assert here.banks_inside() == ["bnk-3", "bnk-4"]
        await here.platform.until(
            lambda: (
                [str(slot.state) for slot in here.platform.all(cab.SlotsSnapshot)[-1].slots[:3]]
                == ["empty", "empty", "ready"]
            )
        )
        versions = [snapshot.version for snapshot in here.platform.all(cab.SlotsSnapshot)]
        assert versions == sorted(versions)


async def test_at_its_start_it_says_what_it_is_and_what_is_inside(tmp_path: Path) -> None:
    async with town(tmp_path) as here, here.fleet():
        info = await here.platform.first(cab.CabinetInfo)
        assert (info.name, info.slots) == ("Harbour Café", 6)
        inventory = await here.platform.first(cab.InventoryReported)
        states = [str(slot.state) for slot in inventory.slots]
        assert states == ["ready", "ready", "ready", "charging", "empty", "empty"]
        assert (await here.platform.first(common.ConnectionState)).state is common.Presence.ONLINE
        assert here.platform.all(cab.Booted)[0].cause == "power_on"


async def test_a_command_delivered_twice_over_the_wire_moves_the_motor_once(tmp_path: Path) -> None:
    async with town(tmp_path) as here, here.fleet():
        await here.know_the_time()
        reserved = await here.reserve(1)
        assert reserved.reservation is not None
        eject = cab.EjectBanks(reservation=reserved.reservation, epoch=9)
        await here.command(eject, "cmd-eject")
        assert (await here.outcome("cmd-eject")).outcome is cab.Outcome.DONE
        await here.command(eject, "cmd-eject")
        await here.platform.until(
            lambda: (
                [str(said.command) for said in here.platform.all(cab.CommandFinished)].count("cmd-eject") == 2
            )
        )
        assert len(here.platform.all(cab.BankEjected)) == 1
        taken = await here.hands(here.user, world.TrayReached())
        assert [bank.bank for bank in taken.banks] == ["bnk-1"]
        again = await here.hands(here.user, world.TrayReached())
        assert (again.accepted, again.banks) == (False, ())


async def test_a_command_that_comes_too_late_says_expired(tmp_path: Path) -> None:
    async with town(tmp_path) as here, here.fleet():
        await here.know_the_time()
        reserved = await here.reserve(1)
        assert reserved.reservation is not None
        late = cab.EjectBanks(reservation=reserved.reservation, epoch=9)
        await here.command(late, "cmd-late", expires_ms=here.clock.now_ms() - 1)
        assert (await here.outcome("cmd-late")).outcome is cab.Outcome.EXPIRED
        assert here.platform.all(cab.PickupStarted) == []


async def test_a_command_that_the_firmware_does_not_know_is_dropped_and_the_next_one_obeyed(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as here, here.fleet():
        await here.know_the_time()
        sealed = seal(
            cab.Reboot(epoch=1), id="cmd-new", source="rental/rnt-main", time=here.clock.now_ms(),
            expirytime=here.clock.now_ms() + HOUR_MS,
        )  # fmt: skip
        unknown = encode(sealed).replace(cab.Reboot.TYPE.encode(), b"chargeloop.cabinet.dance.v1")
        topic = TOPICS["cabinet_command"].topic(REGION, cabinet=CABINET)
        await here.platform.client.publish(topic, unknown, qos=1)
        assert (await here.reserve()).outcome is cab.Outcome.DONE
        assert [said.command for said in here.platform.all(cab.CommandFinished)] == ["cmd-1"]
        assert len(here.platform.all(cab.Booted)) == 1


async def test_expiry_is_judged_by_the_platforms_time_and_not_by_a_wrong_clock(tmp_path: Path) -> None:
    async with town(tmp_path, faults={"clock_offset_ms": 5 * HOUR_MS}) as here, here.fleet():
        await here.know_the_time()
        assert (await here.reserve()).outcome is cab.Outcome.DONE
        assert (await here.hands(here.courier, CODE)).accepted


async def test_a_clock_that_was_never_set_says_so_and_obeys_all_the_same(tmp_path: Path) -> None:
    async with town(tmp_path, faults={"clock_unset": True}) as here, here.fleet():
        await here.know_the_time()
        assert (await here.reserve()).outcome is cab.Outcome.DONE
        states = {said.clockstate for topic, said in here.platform.heard if topic.endswith("/event")}
        assert states == {ClockState.UNSET}


async def test_a_jam_over_the_wire_gives_a_substitute(tmp_path: Path) -> None:
    async with town(tmp_path, faults={"jam_next": 1, "bounce_slots": [2]}) as here, here.fleet():
        await here.know_the_time()
        await here.reserve()
        answer = await here.hands(here.courier, CODE)
        assert [bank.bank for bank in answer.banks] == ["bnk-2", "bnk-3"]
        assert (await here.platform.first(cab.EjectFailed)).slot == 1


async def test_a_return_is_told_once_and_its_answer_outlives_a_restart(tmp_path: Path) -> None:
    push = world.BankInserted(bank=status("bnk-77"))
    async with town(tmp_path) as here:
        async with here.fleet():
            first = await here.hands(here.user, push, message_id="push-1")
            again = await here.hands(here.user, push, message_id="push-1")
            assert first.accepted
            assert again == first
        async with here.fleet():
            later = await here.hands(here.user, push, message_id="push-1")
            assert later == first
            inside_already = await here.hands(here.user, push, message_id="push-2")
            assert not inside_already.accepted
            await here.platform.first(cab.ReturnRejected)
        returned = here.platform.all(cab.BankReturned)
        assert [event.bank for event in returned] == ["bnk-77"]
        assert sorted(here.banks_inside()) == ["bnk-1", "bnk-2", "bnk-3", "bnk-4", "bnk-77"]
        assert [event.cause for event in here.platform.all(cab.Booted)] == ["power_on", "reboot"]


async def test_an_unreadable_bank_stays_outside(tmp_path: Path) -> None:
    async with town(tmp_path, faults={"unreadable_banks": ["bnk-77"]}) as here, here.fleet():
        answer = await here.hands(here.user, world.BankInserted(bank=status("bnk-77")))
        assert (answer.accepted, answer.display) == (False, "this bank cannot be read")
        rejected = await here.platform.first(cab.ReturnRejected)
        assert rejected.reason is cab.CabinetReason.UNREADABLE_BANK


async def test_an_orderly_stop_says_goodbye(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        async with here.fleet():
            await here.platform.first(common.ConnectionState)
        gone = await here.platform.first(common.ConnectionState, after=1)
        assert gone.state is common.Presence.OFFLINE
        assert {
            topic for topic, said in here.platform.heard if isinstance(said.data, common.ConnectionState)
        } == {f"cl/v1/demo/cabinet/{CABINET}/connection"}


async def test_heartbeats_carry_the_readings(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        here.settings = here.settings.model_copy(update={"heartbeat_ms": 20})
        async with here.fleet():
            telemetry = await here.platform.first(cab.Telemetry, after=2)
        assert [reading.slot for reading in telemetry.slots] == [1, 2, 3, 4]
        assert telemetry.power_w > 0
