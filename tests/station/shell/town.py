"""A broker, a fleet, and raw MQTT clients that play the platform, a courier and a user."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import aiomqtt

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import Clock, RealClock
from chargeloop.broker.main import running_broker
from chargeloop.broker.software import BrokerKind
from chargeloop.protocol.codec import Fault, decode, encode, seal
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, world
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.protocol.topics import TOPICS, subscriptions
from chargeloop.station.main import FleetSettings, run
from tests.tasks import end

REGION = RegionId("demo")
CABINET = "cab-0001"
CLIENTS = ("rnt-main", "cou-0001", "usr-0001")
PATIENCE_S = 20.0
D = TypeVar("D", bound=Data)


class Peer:
    """A raw client that keeps what it hears, each journal entry once, and lets tests wait for it."""

    def __init__(self, name: str, client: aiomqtt.Client, clock: Clock) -> None:
        self.name = name
        self.client = client
        self.clock = clock
        self.heard: list[tuple[str, Envelope[Data]]] = []
        self._news = asyncio.Condition()
        self._numbers = itertools.count(1)
        self._high = 0

    async def listen(self, answer: Callable[[str, Envelope[Data]], Awaitable[None]] | None = None) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            envelope = decode(message.payload)
            assert not isinstance(envelope, Fault), envelope
            if answer is not None:
                await answer(str(message.topic), envelope)
            await self._keep(str(message.topic), envelope)
            self.clock.flight.arrived(self.name, envelope.id)

    async def _keep(self, topic: str, envelope: Envelope[Data]) -> None:
        if envelope.seq is not None and envelope.seq <= self._high:
            return
        self._high = max(self._high, envelope.seq or 0)
        async with self._news:
            self.heard.append((topic, envelope))
            self._news.notify_all()

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(wanted)

    def all(self, kind: type[D]) -> list[D]:
        return [said.data for _, said in self.heard if isinstance(said.data, kind)]

    async def first(self, kind: type[D], *, after: int = 0) -> D:
        await self.until(lambda: len(self.all(kind)) > after)
        return self.all(kind)[after]

    async def say(self, topic: str, data: Data, *, message_id: str | None = None, **more: object) -> str:
        name = message_id or f"{self.name}-{next(self._numbers)}"
        role = {"rnt": "rental", "cou": "courier", "usr": "user"}[self.name[:3]]
        sealed = seal(data, id=name, source=f"{role}/{self.name}", time=self.clock.now_ms(), **more)
        self.clock.flight.sent(name, topic)
        await self.client.publish(topic, encode(sealed), qos=1)
        return name


@dataclass
class Town:
    """The broker is there for the whole test; the fleet may be stopped and started."""

    data: Path
    address: BrokerAddress
    clock: Clock
    platform: Peer
    courier: Peer
    user: Peer
    settings: FleetSettings
    epochs: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @asynccontextmanager
    async def fleet(self) -> AsyncIterator[None]:
        ready = asyncio.Event()
        task = asyncio.create_task(run(self.settings, self.clock, ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait((task, waiting), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            assert ready.is_set() or task.result() is None
            yield
        finally:
            waiting.cancel()
            task.cancel()
            await asyncio.gather(task, waiting, return_exceptions=True)

    async def know_the_time(self) -> None:
        """Returns when the cabinet has the platform's time: its second probe reports the first exchange."""
        await self.platform.until(
            lambda: any(probe.previous is not None for probe in self.platform.all(common.TimeProbe))
        )

    async def command(self, data: Data, name: str, *, expires_ms: int | None = None) -> None:
        expiry_ms = self.clock.now_ms() + MINUTE_MS if expires_ms is None else expires_ms
        topic = TOPICS["cabinet_command"].topic(REGION, cabinet=CABINET)
        await self.platform.say(topic, data, message_id=name, expirytime=expiry_ms)

    async def outcome(self, command: str) -> cab.CommandFinished:
        def found() -> list[cab.CommandFinished]:
            return [said for said in self.platform.all(cab.CommandFinished) if said.command == command]

        await self.platform.until(lambda: bool(found()))
        return found()[0]

    async def reserve(self, quantity: int = 2, code: str = "402913") -> cab.CommandFinished:
        epoch = next(self.epochs)
        wanted = cab.ReserveBanks.model_validate(
            {
                "reservation": f"rsv-{epoch}",
                "epoch": epoch,
                "quantity": quantity,
                "min_charge_pct": 60,
                "hold_until": self.clock.now_ms() + HOUR_MS,
                "code": code,
            }
        )
        await self.command(wanted, f"cmd-{epoch}")
        return await self.outcome(f"cmd-{epoch}")

    async def hands(self, peer: Peer, data: Data, *, message_id: str | None = None) -> world.CabinetAnswered:
        kind = "courier" if peer is self.courier else "user"
        topic = TOPICS[f"{kind}_hands"].topic(REGION, **{kind: peer.name, "cabinet": CABINET})
        already = len(peer.heard)
        name = await peer.say(topic, data, message_id=message_id)

        def answers() -> list[Data]:
            return [said.data for _, said in peer.heard[already:] if said.correlationid == name]

        await peer.until(lambda: bool(answers()))
        answered = answers()[0]
        assert isinstance(answered, world.CabinetAnswered)
        return answered

    async def insist(self, peer: Peer, data: Data) -> world.CabinetAnswered:
        """Repeats a request under one id until it is answered, as hands do."""
        name = f"insist-{next(self.epochs)}"
        while True:
            try:
                async with asyncio.timeout(0.3):
                    return await self.hands(peer, data, message_id=name)
            except TimeoutError:
                continue

    def state(self) -> dict[str, list[dict[str, dict[str, str]]]]:
        text = (self.data / "cabinets" / CABINET / "state.json").read_text()
        return json.loads(text)  # type: ignore[no-any-return]

    def banks_inside(self) -> list[str]:
        state = self.state()
        return [place["bank"]["bank"] for place in state["slots"] if place["bank"]] + [
            lying["bank"]["bank"] for lying in state["tray"]
        ]

    def journal_numbers(self) -> list[int | None]:
        return [said.seq for topic, said in self.platform.heard if topic.endswith("/event")]


def fleet_file(path: Path, **more: object) -> Path:
    entry = {
        "cabinet": CABINET,
        "name": "Harbour Café",
        "lat_e7": 434500000,
        "lon_e7": 52300000,
        "slots": 6,
        "banks": [
            {"bank": f"bnk-{number}", "charge_pct": charge}
            for number, charge in enumerate((100, 90, 80, 20), 1)
        ],
    }
    path.write_text(json.dumps([entry | more]))
    return path


@asynccontextmanager
async def town(
    data: Path, *, clock: Clock | None = None, motor_ms: int = 5, **more: object
) -> AsyncIterator[Town]:
    """Yields a town whose fleet has not been started; `more` goes into the cabinet's entry."""
    clock = clock or RealClock()
    store = CredentialStore.of_data(data)
    for client in (*CLIENTS, CABINET):
        store.grant(client, REGION)
    async with running_broker(BrokerKind.MOSQUITTO, data) as address, asyncio.TaskGroup() as tasks:
        peers = [Peer(client, _client(store, address, client), clock) for client in CLIENTS]
        platform, courier, user = peers
        for peer in peers:
            await peer.client.__aenter__()
            only = None if peer is platform else ("courier_tray", "user_tray")
            role = store.load(peer.name).role
            filters = subscriptions(role, peer.name, REGION, only=only)
            await peer.client.subscribe([(text, 1) for text in filters])
            clock.flight.subscribed(peer.name, filters)
        listening = [
            tasks.create_task(platform.listen(lambda topic, said: _answer(platform, topic, said))),
            tasks.create_task(courier.listen()),
            tasks.create_task(user.listen()),
        ]
        settings = FleetSettings(
            region=REGION,
            data=data,
            broker=address,
            fleet=fleet_file(data / "fleet.json", **more),
            heartbeat_ms=0,
            motor_ms=motor_ms,
        )
        yield Town(data, address, clock, platform, courier, user, settings)
        for task in listening:
            await end(task)
        for peer in peers:
            await peer.client.__aexit__(None, None, None)


def _client(store: CredentialStore, address: BrokerAddress, name: str) -> aiomqtt.Client:
    password = store.load(name).password
    return aiomqtt.Client(address.host, address.port, username=name, password=password, identifier=name)


async def _answer(platform: Peer, topic: str, said: Envelope[Data]) -> None:
    """Gives the time and acknowledges the journal, as a platform does."""
    if isinstance(said.data, common.TimeProbe):
        reply = common.TimeReply(
            platform_time=platform.clock.now_ms(), sent_uptime_ms=said.data.sent_uptime_ms
        )
        clock_topic = TOPICS["cabinet_clock"].topic(REGION, cabinet=CABINET)
        await platform.say(clock_topic, reply, correlationid=said.id)
    elif topic.endswith("/event") and said.journalid is not None and said.seq is not None:
        ack_topic = TOPICS["cabinet_ack"].topic(REGION, cabinet=CABINET)
        await platform.say(ack_topic, common.JournalAck(journal=said.journalid, seq=said.seq))
