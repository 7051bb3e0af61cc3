"""A small world for one simulated courier: the real dispatch core, a cabinet and a door; no network."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from chargeloop.broker.clock import VirtualClock
from chargeloop.courier.agent.body import Body
from chargeloop.courier.agent.errand import Memory
from chargeloop.courier.agent.hands import Hands
from chargeloop.courier.agent.phone import Phone
from chargeloop.courier.agent.profile import Profile
from chargeloop.protocol.codec import seal
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import courier
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.world import BankInserted, CabinetAnswered, CodeTyped, DoorAnswered, Knocked
from chargeloop.protocol.topics import parse_topic
from tests.courier.core.making import CODE, NOW_MS, PLACE, REGION, A, World, returned

ORIGIN = PLACE.point


def bank(name: str) -> BankStatus:
    return BankStatus(bank=BankId(name), charge_pct=90, health_pct=97, temperature_c=24, cycles=3)


def profile(**changes: Any) -> Profile:
    values: dict[str, Any] = {
        "courier": A,
        "lat_e7": PLACE.lat_e7,
        "lon_e7": PLACE.lon_e7,
        "speed_m_per_s": 5.0,
        "service_ms": 10_000,
    }
    return Profile.model_validate(values | changes)


@dataclass
class Scene:
    """What is outside of the phone; `asked` lists every physical act by its id and what it was.

    `silent`: the world does nothing; `deaf`: it acts, and its answers are lost.
    """

    directory: Path
    who: Profile = field(default_factory=profile)
    world: World = field(default_factory=World)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOW_MS))
    tray: dict[str, list[BankStatus]] = field(default_factory=dict)
    opens: set[str] = field(default_factory=set)
    user: list[BankStatus] = field(default_factory=list)
    inside: list[BankStatus] = field(default_factory=list)
    absences: int = 0
    code_said: str = CODE
    takes: Callable[[str, BankInserted], bool] = lambda _cabinet, _act: True
    silent: bool = False
    deaf: bool = False
    recorded: list[Data] = field(default_factory=list)
    positions: list[courier.Position] = field(default_factory=list)
    asked: list[tuple[str, Data]] = field(default_factory=list)
    _answers: dict[str, Data] = field(default_factory=dict)
    _number: int = 0
    _backlog: list[Send] = field(default_factory=list)
    _ticking: asyncio.Task[None] | None = None
    phone: Phone | None = None
    _running: asyncio.Task[None] | None = None

    async def start(self, position_ms: int = 15_000) -> None:
        """Switch the phone on (again)."""
        hands = Hands(self.directory / "hands.json", Memory(location=self.who.start))
        body = Body(self.who, REGION, self, "jnl-a", hands, self.clock)
        self.phone = Phone(body, origin=ORIGIN, position_ms=position_ms)
        self._running = asyncio.create_task(self.phone.run())
        self.world.now_ms = self.clock.now_ms()
        self.world.connect(A)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        for send in [send for send in self.world.sends if isinstance(send.data, courier.Work)][-1:]:
            await self._deliver(send)

    async def stop(self) -> None:
        """Switch the phone off at once, as a killed process is."""
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def close(self) -> None:
        await self.stop()
        assert self._ticking is not None
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await self.clock.sleep_ms(1_000)
            before = len(self.world.sends)
            self.world.pass_ms(self.clock.now_ms() - self.world.now_ms)
            for send in self.world.sends[before:]:
                await self._deliver(send)

    async def tell(self, act: Callable[[], Any]) -> None:
        """Let the platform hear something, and the phone what follows."""
        before = len(self.world.sends)
        self.world.now_ms = self.clock.now_ms()
        act()
        for send in self.world.sends[before:]:
            await self._deliver(send)

    async def _deliver(self, send: Send) -> None:
        topic = parse_topic(send.topic)
        assert topic is not None
        if topic.owner != A or self.phone is None:
            return
        message = seal(
            send.data,
            id=send.id or f"out-{len(self.asked)}",
            source="dispatch/dsp-main",
            time=self.clock.now_ms(),
            expirytime=send.expires_ms,
        )
        await self.phone.receive(Incoming(topic, message, self.clock.now_ms()))

    # The phone's link.

    async def record(
        self,
        *data: Data,
        correlation_id: str | None = None,  # noqa: ARG002 - the link's signature
        causation_id: str | None = None,  # noqa: ARG002
        subject: str | None = None,  # noqa: ARG002
    ) -> list[int]:
        numbers = []
        for event in data:
            self._number += 1
            numbers.append(self._number)
            self.recorded.append(event)
            await self.tell(partial(self.world.phone, A, event, message_id=f"jnl-a.{self._number}"))
        return numbers

    async def publish(self, send: Send) -> None:
        assert isinstance(send.data, courier.Position)
        self.positions.append(send.data)
        position = send.data
        await self.tell(lambda: self.world.hear(f"courier/{A}/position", position, source=f"courier/{A}"))

    async def ask(
        self,
        topic: str,
        data: Data,
        *,
        answers: type[Data] | tuple[type[Data], ...],  # noqa: ARG002 - the link's signature
        message_id: str | None = None,
        within_ms: int | None = None,
    ) -> Envelope[Data]:
        assert message_id is not None
        self.asked.append((message_id, data))
        if self.silent:
            await self.clock.sleep_ms(within_ms or 0)
            raise TimeoutError
        await self.clock.sleep_ms(500)
        if message_id not in self._answers:
            self._answers[message_id] = self._answer(topic, data)
        if self.deaf:
            await self.clock.sleep_ms(within_ms or 0)
            raise TimeoutError
        return seal(
            self._answers[message_id], id=f"a-{message_id}", source="cabinet/cab-1", time=self.clock.now_ms()
        )

    def _answer(self, topic: str, data: Data) -> Data:
        if isinstance(data, CodeTyped):
            banks = tuple(self.tray.pop(data.code, []))
            accepted = bool(banks) or data.code in self.opens
            return CabinetAnswered(accepted=accepted, display="as you see", banks=banks)
        if isinstance(data, BankInserted):
            accepted = self.takes(topic.rpartition("/")[2], data)
            self.inside += [data.bank] if accepted else []
            return CabinetAnswered(accepted=accepted, display="as you see")
        assert isinstance(data, Knocked)
        if self.absences > 0:
            self.absences -= 1
            return DoorAnswered(present=False)
        given = () if data.delivering else tuple(self.user)
        self.user = [*self.user, *data.banks] if data.delivering else []
        return DoorAnswered(present=True, code=self.code_said, banks=given)

    # What tests look at.

    async def until(self, condition: Callable[[], bool], limit_ms: int = 24 * 3_600_000) -> None:
        """Wait until something is so; fail when the day ends before."""
        ends_ms = self.clock.now_ms() + limit_ms
        while not condition():
            assert self.clock.now_ms() < ends_ms, [type(event).__name__ for event in self.recorded]
            await self.clock.sleep_ms(500)

    def acts(self) -> list[str]:
        return [type(event).__name__ for event in self.recorded]

    def held(self) -> list[str]:
        assert self.phone is not None
        return [held for errand in self.phone._body.hands.memory.errands for held in errand.bank_ids]

    def idle(self) -> bool:
        assert self.phone is not None
        return not self.phone._body.hands.memory.errands

    def seen_back(self, name: str) -> None:
        self.world.cabinet(returned(BankId(name)))
