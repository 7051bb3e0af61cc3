"""Simulated people: they order by HTTP, follow their order over MQTT, and have hands and a door.

A person connects when it wants something and disconnects when it is done: the order has ended and the hands
are empty. What a person does follows from the plan alone; what goes wrong is met as a sensible person would:
ask for what can be had, wait and try again, and walk to a cabinet when no courier comes for the banks.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chargeloop.broker import BrokerAddress, Credentials
from chargeloop.broker.clock import Clock, wait_for_event
from chargeloop.broker.device import DeviceClock, DeviceLink, LinkPolicy, begin_boot
from chargeloop.cli.door import Door
from chargeloop.cli.gateway import CabinetSeen, Gateway, GatewayProblemError, OrderPlaced
from chargeloop.cli.hands import Hands, used
from chargeloop.cli.scenario import PersonPlan, ReturnManner
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.geo import Point, distance_m
from chargeloop.protocol.messages.rental import HandOver, OrderState, OrderView, UserOrders
from chargeloop.protocol.messages.world import BankInserted, CabinetAnswered, Knocked, TrayReached
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS
from chargeloop.protocol.topics import TOPICS, subscriptions

FINAL = frozenset({OrderState.SETTLED, OrderState.CANCELLED, OrderState.FAILED})
_READ = ("user_orders", "user_tray", "door_knock")
_WALK_M_PER_S = 1.3
_SEARCH_RADII_M = (800, 2_000, 5_000, 20_000)
# What is away may be a process that starts anew: world time, and real time for that.
_TRY_AGAIN_MS = 3 * MINUTE_MS
_TRY_AGAIN_REAL_MS = 2_000
_TRAY_AGAIN_MS = 5 * SECOND_MS
# News that belongs to a knock is on its way already: world time, and real time for the wire.
_NEWS_MS = 2 * MINUTE_MS
_NEWS_REAL_MS = 5_000
_MOST_TRIES = 8
_RETURN_TRIES = 2
# The states from which a cancel planned for an earlier one still makes sense, in the order of the loop.
_OUTWARD = (OrderState.RESERVING, OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING)

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class World:
    """What all simulated people share."""

    region: str
    broker: BrokerAddress
    clock: Clock
    origin_ms: int
    gateway_url: str
    tokens: AccessTokens
    directory: Path
    note: Note


class Person:
    """One person from the plan to the end; `order` is None until one has been placed."""

    def __init__(self, plan: PersonPlan, credentials: Credentials, world: World) -> None:
        self.plan = plan
        self.order: str | None = None
        self.done = False
        self._world = world
        self._credentials = credentials
        self._stands_at: str | None = None
        self._views: dict[str, OrderView] = {}
        self._news_version = -1
        self._news = asyncio.Event()
        self._door_news = asyncio.Event()
        self._door_tasks: set[asyncio.Task[None]] = set()
        self._gateway = Gateway(
            world.gateway_url, token=partial(world.tokens.sign, plan.user), clock=world.clock
        )
        self._directory = world.directory / plan.user
        self.hands = Hands(self._directory / "hands.json")
        self._door = Door(plan, self.hands, self._await_code)
        self._link = self._make_link()

    @property
    def view(self) -> OrderView | None:
        """Return the order as far as the person knows."""
        return None if self.order is None else self._views.get(self.order)

    @property
    def state(self) -> OrderState | None:
        """Return the order's state as far as the person knows."""
        return None if self.view is None else self.view.state

    async def live(self) -> None:
        """Live through the plan: ends when the order has ended and no bank is left in the hands."""
        await self._world.clock.sleep_until_ms(self._world.origin_ms + self.plan.at_ms)
        connection = asyncio.create_task(self._link.run())
        try:
            await self._link.wait_ready()
            if await self._place():
                await self._rent()
                await self._give_everything_back()
            self.done = True
        finally:
            for task in (connection, *self._door_tasks):
                task.cancel()
            await asyncio.gather(connection, *self._door_tasks, return_exceptions=True)
            await self._gateway.close()

    async def _rent(self) -> None:
        """Call the order off when planned, and wait until banks are there or the order has ended."""
        if self.plan.cancel_at is not None:
            await self._cancel_at(self.plan.cancel_at)
        if self._stands_at is not None:
            await self._empty_tray(self._stands_at)
        await self._until(lambda view: view.state is OrderState.IN_USE or view.state in FINAL)

    async def _give_everything_back(self) -> None:
        if self.state is OrderState.IN_USE:
            await self._world.clock.sleep_ms(self.plan.use_ms)
            if self.plan.returns is not ReturnManner.WALK:
                await self._have_fetched()
        await self._walk_back()
        await self._until(lambda view: view.state in FINAL)
        await self._walk_back()

    # Ordering.

    async def _place(self) -> bool:
        """Order, again and for fewer when that helps; tell whether an order was placed."""
        quantity = self.plan.quantity
        for attempt in range(1, _MOST_TRIES + 1):
            try:
                placed = await self._order(f"{self.plan.key}-{attempt}", quantity)
            except GatewayProblemError as problem:
                self._note(f"cannot order {quantity}: {problem}")
                if problem.available is not None and 0 < problem.available < quantity:
                    quantity = problem.available
                else:
                    await self._wait_to_try_again()
            else:
                self.order = placed.id
                self._note(f"ordered {placed.quantity}: {placed.id}")
                return True
        self._note(f"gave up after {_MOST_TRIES} tries to order")
        return False

    async def _order(self, key: str, quantity: int) -> OrderPlaced:
        """Order once, for who rents there standing at a cabinet that has banks."""
        at: CabinetSeen | None = None
        if self.plan.hand_over is HandOver.WALK_UP:
            while (at := await self._walk_to_stock(quantity)) is None:
                await self._wait_to_try_again()
        self._stands_at = None if at is None else at.cabinet
        return await self._gateway.place(
            key=key,
            location=self.plan.place if at is None else at.point,
            quantity=quantity,
            accept_fewer=self.plan.accept_fewer,
            cabinet=self._stands_at,
        )

    async def _walk_to_stock(self, quantity: int) -> CabinetSeen | None:
        """Walk to the nearest cabinet with enough banks, else to the one that has most."""
        seen = await self._cabinets_near(self.plan.place, lambda cabinet: cabinet.ready_banks > 0)
        enough = [cabinet for cabinet in seen if cabinet.ready_banks >= quantity]
        chosen = enough[0] if enough else max(seen, key=lambda cabinet: cabinet.ready_banks, default=None)
        if chosen is not None:
            await self._walk(self.plan.place, chosen)
        return chosen

    async def _cancel_at(self, state: OrderState) -> None:
        late_enough = _OUTWARD[_OUTWARD.index(state) :]
        await self._until(lambda view: view.state in late_enough or view.state not in _OUTWARD)
        if self.state not in _OUTWARD or self.order is None:
            return
        try:
            await self._gateway.cancel(self.order, key=f"{self.plan.key}-cancel")
            self._note("called the order off")
        except GatewayProblemError as problem:
            self._note(f"cannot call the order off: {problem}")

    async def _empty_tray(self, cabinet: str) -> None:
        """Stand at the cabinet and take the banks that come out, until all are there or no more will come."""
        view = await self._until(lambda _: True)
        while view.state not in FINAL and len(self.hands.banks) < view.quantity:
            # What the state was before reaching into the tray: banks may come out until it is in_use.
            view = await self._until(lambda _: True)
            answer = await self._at_cabinet(cabinet, TrayReached())
            self.hands.take(answer.banks)
            if view.state is OrderState.IN_USE and not answer.banks:
                return
            await self._world.clock.sleep_ms(_TRAY_AGAIN_MS)

    # Giving back.

    async def _have_fetched(self) -> None:
        """Ask for a courier; come back when the hands are empty, the order ended, or nobody came twice."""
        for attempt in range(1, _RETURN_TRIES + 1):
            if self.hands.banks and self.order is not None and self.state not in FINAL:
                await self._ask_return(self.order, f"{self.plan.key}-return-{attempt}")
            if self.plan.returns is ReturnManner.PARTIAL:
                return

    async def _ask_return(self, order: str, key: str) -> None:
        quantity = len(self.hands.banks)
        before = await self._until(lambda _: True)
        try:
            await self._gateway.ask_return(order, key=key, location=self.plan.return_place, quantity=quantity)
        except GatewayProblemError as problem:
            self._note(f"cannot have {quantity} fetched: {problem}")
            return
        self._note(f"asked to have {quantity} fetched")
        # By the time of the last change and not by states in between: news of these may be skipped.
        await self._until(
            lambda view: (
                view.changed > before.changed and (view.state is OrderState.IN_USE or view.state in FINAL)
            )
        )

    async def _walk_back(self) -> None:
        """Walk with what is in the hands from cabinet to cabinet until all of it is put back."""
        place = self.plan.return_place
        while self.hands.banks:
            cabinets = await self._cabinets_near(place, lambda cabinet: cabinet.free_slots > 0)
            if not cabinets:
                await self._wait_to_try_again()
                continue
            await self._walk(place, cabinets[0])
            place = cabinets[0].point
            if not await self._insert_all(cabinets[0].cabinet):
                await self._wait_to_try_again()

    async def _insert_all(self, cabinet: str) -> bool:
        """Push bank after bank into the cabinet until one is refused; tell whether all went in."""
        for bank in self.hands.banks:
            answer = await self._at_cabinet(
                cabinet, BankInserted(bank=used(bank, self.plan.returned_charge_pct))
            )
            if not answer.accepted:
                self._note(f"{cabinet} takes nothing: {answer.display}")
                return False
            self.hands.let_go([bank])
            self._note(f"put {bank.bank} into {cabinet}")
        return True

    # Seeing, walking, touching.

    async def _cabinets_near(self, place: Point, fits: Callable[[CabinetSeen], bool]) -> list[CabinetSeen]:
        """Return usable cabinets that fit, the nearest first, looking farther while there is none."""
        for radius_m in _SEARCH_RADII_M:
            try:
                seen = await self._gateway.cabinets(place, radius_m)
            except GatewayProblemError as problem:
                self._note(f"sees no cabinets: {problem}")
                return []
            fitting = [cabinet for cabinet in seen if cabinet.usable and fits(cabinet)]
            if fitting:
                return fitting
        return []

    async def _wait_to_try_again(self) -> None:
        clock = self._world.clock
        await clock.sleep_ms(max(_TRY_AGAIN_MS, clock.patience_ms(_TRY_AGAIN_REAL_MS)))

    async def _walk(self, place: Point, cabinet: CabinetSeen) -> None:
        await self._world.clock.sleep_ms(round(distance_m(place, cabinet.point) / _WALK_M_PER_S * SECOND_MS))

    async def _at_cabinet(self, cabinet: str, act: TrayReached | BankInserted) -> CabinetAnswered:
        topic = TOPICS["user_hands"].topic(self._world.region, user=self.plan.user, cabinet=cabinet)
        answer = await self._link.ask(topic, act, answers=CabinetAnswered)
        if not isinstance(answer.data, CabinetAnswered):
            raise TypeError(f"{cabinet} answered with {answer.type}")
        return answer.data

    # News and the door.

    def _make_link(self) -> DeviceLink:
        clock = self._world.clock
        return DeviceLink(
            credentials=self._credentials,
            broker=self._world.broker,
            clock=clock,
            device_clock=DeviceClock(clock, boot_id=begin_boot(self._directory)),
            journal=None,
            state_dir=self._directory,
            subscriptions=subscriptions(
                self._credentials.role, self.plan.user, self._world.region, only=_READ
            ),
            receive=self._receive,
            policy=LinkPolicy.of(clock, probe_ms=0),
        )

    async def _receive(self, incoming: Incoming) -> None:
        data = incoming.message.data
        if isinstance(data, UserOrders):
            self._hear(data)
        elif isinstance(data, Knocked):
            # The person may need a while to come to the door, and the wire must not wait for that.
            task = asyncio.create_task(self._open_door(incoming, data))
            self._door_tasks.add(task)
            task.add_done_callback(self._door_tasks.discard)

    def _hear(self, orders: UserOrders) -> None:
        if orders.version > self._news_version:
            self._news_version = orders.version
            self._views = {view.order: view for view in orders.orders}
            self._news.set()
            self._door_news.set()

    async def _until(self, wanted: Callable[[OrderView], bool]) -> OrderView:
        """Return the order as soon as the news of it is as wanted."""
        while (view := self.view) is None or not wanted(view):
            self._news.clear()
            await self._news.wait()
        return view

    async def _await_code(self, states: frozenset[OrderState]) -> OrderView | None:
        clock = self._world.clock
        until_ms = clock.now_ms() + max(_NEWS_MS, clock.patience_ms(_NEWS_REAL_MS))
        while clock.now_ms() < until_ms:
            view = self.view
            if view is not None and view.state in states and view.handover_code is not None:
                return view
            if view is not None and (view.state in FINAL or view.state is OrderState.RECALLING):
                return None
            self._door_news.clear()
            await wait_for_event(clock, self._door_news, until_ms)
        return None

    async def _open_door(self, incoming: Incoming, knock: Knocked) -> None:
        answer = await self._door.knocked(incoming.message.id, knock)
        courier = incoming.topic.ids["courier"]
        topic = TOPICS["door_answer"].topic(self._world.region, user=self.plan.user, courier=courier)
        await self._link.publish(Send(topic, answer, correlation_id=incoming.message.id))

    def _note(self, text: str) -> None:
        self._world.note(f"{self.plan.user} {text}")
