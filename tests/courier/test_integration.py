"""The courier platform and two phones over a real Mosquitto; a script plays everybody else.

The script is made of plain MQTT clients that know only topics and messages: the rental platform, a
cabinet's tray and a user's door. The clock is scaled, so ways of minutes take a second or two.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import Clock, ScaledClock
from chargeloop.broker.main import running_broker
from chargeloop.broker.mosquitto import find_mosquitto
from chargeloop.courier.agent.main import AgentSettings, run_agents
from chargeloop.courier.agent.profile import Profile
from chargeloop.courier.main import DispatchSettings, run
from chargeloop.protocol.codec import Fault, decode, encode, seal
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import (
    BankId,
    CabinetId,
    CourierId,
    JobId,
    JournalId,
    OrderId,
    RegionId,
    ReservationId,
    UserId,
)
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.common import JournalAck
from chargeloop.protocol.messages.world import BankInserted, CabinetAnswered, CodeTyped, DoorAnswered, Knocked
from tests.courier.core.making import NOW_MS, PLACE, north
from tests.tasks import end

REGION = RegionId("demo")
CLIENTS = ("dsp-main", "rnt-main", "cou-1", "cou-2", "cab-1", "usr-1")
SPEED = 120.0
CODE = "4821"

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="Mosquitto is not installed")


def request(number: int, *, back: bool) -> delivery.RentalRequested | delivery.ReturnRequested:
    job = JobId(f"job-{number}")
    kind = delivery.ReturnRequested if back else delivery.RentalRequested
    return kind(
        job=job,
        order=OrderId("ord-1"),
        user=UserId("usr-1"),
        user_location=north(400),
        quantity=2,
        cabinet=CabinetId("cab-1"),
        cabinet_location=PLACE,
        reservation=ReservationId(f"rsv-{number}"),
        code="402913",
        handover_sha256=hashlib.sha256(f"{job}:{CODE}".encode()).hexdigest(),
        deliver_by=NOW_MS + 3_600_000,
        pay_minor=300,
        pay_max_minor=900,
        currency="EUR",
    )


@dataclass
class Player:
    """A client that answers what it hears; `heard` keeps everything."""

    name: str
    address: BrokerAddress
    password: str
    clock: Clock
    client: aiomqtt.Client = field(init=False)
    heard: list[tuple[str, Envelope[Data]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    def __post_init__(self) -> None:
        self.client = aiomqtt.Client(
            self.address.host,
            self.address.port,
            identifier=self.name,
            username=self.name,
            password=self.password,
        )

    async def say(self, topic: str, data: Data, *, role: str, **attributes: object) -> None:
        self.sent += 1
        message = seal(
            data,
            id=f"{self.name}.{self.sent}",
            source=f"{role}/{self.name}",
            time=self.clock.now_ms(),
            **attributes,
        )
        await self.client.publish(topic, encode(message), qos=1)

    async def listen(self, answer: Callable[[str, Envelope[Data]], Awaitable[None]]) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            decoded = decode(message.payload)
            assert not isinstance(decoded, Fault)
            self.heard.append((str(message.topic), decoded))
            await answer(str(message.topic), decoded)
            self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(40):
            while not condition():
                self.news.clear()
                await self.news.wait()


@dataclass
class Town:
    """Everybody around the courier platform."""

    rental: Player
    cabinet: Player
    user: Player
    banks_in_cabinet: list[BankStatus]
    banks_of_user: list[BankStatus] = field(default_factory=list)
    answers: dict[str, Data] = field(default_factory=dict)
    reports: dict[int, Envelope[Data]] = field(default_factory=dict)
    requests: int = 0
    first_acknowledgements_kept_back: int = 2

    async def ask(self, data: Data) -> None:
        self.requests += 1
        await self.rental.say(
            f"cl/v1/{REGION}/dispatch/dsp-main/request",
            data,
            role="rental",
            journalid="jnl-rental",
            seq=self.requests,
        )

    async def hear_report(self, topic: str, message: Envelope[Data]) -> None:
        if not topic.endswith("/report") or message.seq is None:
            return
        if self.first_acknowledgements_kept_back > 0:  # so it must be said again
            self.first_acknowledgements_kept_back -= 1
            return
        self.reports.setdefault(message.seq, message)
        assert message.journalid is not None
        known = 0
        while known + 1 in self.reports:
            known += 1
        ack = JournalAck(journal=JournalId(message.journalid), seq=known, gap=message.seq > known)
        await self.rental.say(f"cl/v1/{REGION}/dispatch/dsp-main/report-ack", ack, role="rental")

    async def at_cabinet(self, topic: str, message: Envelope[Data]) -> None:
        who = topic.split("/")[4]
        act = message.data
        if message.id not in self.answers:
            banks: list[BankStatus] = []
            if isinstance(act, CodeTyped) and act.code == "402913" and self.banks_of_user == []:
                banks, self.banks_in_cabinet = self.banks_in_cabinet, []
            elif isinstance(act, BankInserted):
                self.banks_in_cabinet.append(act.bank)
            self.answers[message.id] = CabinetAnswered(accepted=True, display="done", banks=tuple(banks))
        await self.cabinet.say(
            f"clsim/v1/{REGION}/tray/cab-1/for/{who}",
            self.answers[message.id],
            role="cabinet",
            correlationid=message.id,
        )

    async def at_door(self, topic: str, message: Envelope[Data]) -> None:
        who, knock = topic.split("/")[4], message.data
        assert isinstance(knock, Knocked)
        if message.id not in self.answers:
            given: tuple[BankStatus, ...] = ()
            if knock.delivering:
                self.banks_of_user += knock.banks
            else:
                given, self.banks_of_user = tuple(self.banks_of_user), []
            self.answers[message.id] = DoorAnswered(present=True, code=CODE, banks=given)
        await self.user.say(
            f"clsim/v1/{REGION}/answer/usr-1/to/{who}",
            self.answers[message.id],
            role="user",
            correlationid=message.id,
        )

    def told(self) -> list[str]:
        return [type(self.reports[number].data).__name__ for number in sorted(self.reports)]


@asynccontextmanager
async def town(data: Path, address: BrokerAddress, clock: Clock) -> AsyncIterator[Town]:
    store = CredentialStore.of_data(data)
    rental, cabinet, user = (
        Player(name, address, store.load(name).password, clock) for name in ("rnt-main", "cab-1", "usr-1")
    )
    banks = [
        BankStatus(bank=BankId(f"bnk-{number}"), charge_pct=90, health_pct=97, temperature_c=24, cycles=3)
        for number in (1, 2)
    ]
    place = Town(rental, cabinet, user, banks)
    async with AsyncExitStack() as stack:
        for player in (rental, cabinet, user):
            await stack.enter_async_context(player.client)
        await rental.client.subscribe(f"cl/v1/{REGION}/dispatch/dsp-main/#", qos=1)
        await cabinet.client.subscribe(f"clsim/v1/{REGION}/hands/+/at/cab-1", qos=1)
        await user.client.subscribe(f"clsim/v1/{REGION}/knock/+/at/usr-1", qos=1)
        listening = [
            asyncio.create_task(rental.listen(place.hear_report)),
            asyncio.create_task(cabinet.listen(place.at_cabinet)),
            asyncio.create_task(user.listen(place.at_door)),
        ]
        try:
            yield place
        finally:
            for task in listening:
                await end(task)


@asynccontextmanager
async def running(start: Callable[[Callable[[], None]], Awaitable[None]]) -> AsyncIterator[None]:
    """Run something until the end of the context; wait for its `ready`, and for its orderly end."""
    ready = asyncio.Event()
    task = asyncio.ensure_future(start(ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED, timeout=30)
        assert ready.is_set(), task
        yield
        assert not task.done(), task
    finally:
        waiting.cancel()
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


def phones(data: Path, address: BrokerAddress) -> AgentSettings:
    return AgentSettings(
        region=REGION,
        broker=address,
        data=data,
        origin=PLACE,
        couriers=tuple(
            Profile(
                courier=CourierId(name),
                lat_e7=north(metres).lat_e7,
                lon_e7=PLACE.lon_e7,
                speed_m_per_s=5.0,
                clock_offset_ms=3_600_000,
            )
            for name, metres in (("cou-1", 50), ("cou-2", 150))
        ),
    )


async def test_a_rental_and_its_return_by_courier_over_mosquitto_with_the_platform_restarted_between(
    tmp_path: Path,
) -> None:
    for client in CLIENTS:
        CredentialStore.of_data(tmp_path).grant(client, REGION)
    clock = ScaledClock(real_origin_ms=time.time_ns() // 1_000_000, origin_ms=NOW_MS, speed=SPEED)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(running_broker("mosquitto", tmp_path))
        place = await stack.enter_async_context(town(tmp_path, address, clock))
        settings = DispatchSettings(region=REGION, broker=address, data=tmp_path)
        await stack.enter_async_context(
            running(lambda ready: run_agents(phones(tmp_path, address), clock, ready=ready))
        )
        async with running(lambda ready: run(settings, clock, ready=ready)):
            await place.ask(request(1, back=False))
            await place.rental.until(lambda: "FirstIndication" in place.told())
        async with running(lambda ready: run(settings, clock, ready=ready)):
            await place.rental.until(lambda: "RentalSucceeded" in place.told())
            await place.ask(request(2, back=True))
            await place.rental.until(lambda: "ReturnSucceeded" in place.told())
    outward = [
        "FirstIndication",
        "CourierProgressed",
        "BanksPickedUp",
        "CourierProgressed",
        "RentalSucceeded",
    ]
    back = ["SecondIndication", "CourierProgressed", "BanksCollected", "CourierProgressed", "ReturnSucceeded"]
    assert place.told() == outward + back
    assert sorted(bank.bank for bank in place.banks_in_cabinet) == ["bnk-1", "bnk-2"]
    assert place.banks_of_user == []
    times = [place.reports[number].time for number in sorted(place.reports)]
    assert times == sorted(times)
    assert all(NOW_MS <= at <= clock.now_ms() for at in times)
