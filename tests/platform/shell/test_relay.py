"""The relay to the broker: a real broker, a real server, and clients as browsers and paho are."""

import asyncio
import contextlib
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import paho.mqtt.client as paho
import pytest
import websockets
from paho.mqtt.enums import CallbackAPIVersion
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chargeloop.broker.accounts import lets_in, wait_until_granted
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.platform.shell.accounts.account import Account, new_account
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.http import make_app
from chargeloop.platform.shell.relay import PIECE_BYTES, Relay, RelayLimits
from chargeloop.platform.shell.routes.session import COOKIE
from chargeloop.platform.shell.server import HttpServer
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.tickets import Tickets
from chargeloop.protocol.topics import Role
from tests.platform.shell.books import NOON_MS, REGION
from tests.platform.shell.sessions import session_of
from tests.platform.shell.test_mqtt_connect import connect_packet, text

PASSWORD = "correct horse"
MQTT = [websockets.Subprotocol("mqtt")]
CONNACK = b"\x20\x02\x00\x00"
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"


async def test_sessions_are_followed_again_when_their_file_could_not_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = iter([sqlite3.OperationalError("disk I/O error")] * 2)
    looked_again = asyncio.Event()

    async def changes() -> int:
        for error in answers:
            raise error
        looked_again.set()
        return 1

    async def lives(_session: str) -> bool:
        return True

    relay = Relay(BrokerAddress("127.0.0.1", 1), Tickets(), lives, RelayLimits(look_s=0))
    following = asyncio.create_task(relay.follow_sessions(changes))
    await looked_again.wait()
    await asyncio.sleep(0)
    following.cancel()
    assert [line.message for line in caplog.records] == [
        "sessions that have ended cannot be found: disk I/O error",
        "sessions that have ended cannot be found: over",
    ]


@asynccontextmanager
async def serving(services: Services) -> AsyncIterator[HttpServer]:
    server = HttpServer(make_app(services), "127.0.0.1", 0)
    running = asyncio.create_task(server.run_until_cancelled())
    await server.wait_listening()
    try:
        yield server
    finally:
        running.cancel()
        await asyncio.wait([running])
        server.close()


@dataclass(frozen=True)
class Gate:
    """A gateway that runs, and an operator who has logged in."""

    port: int
    relay: Relay
    registry: Registry
    account: Account
    headers: dict[str, str]
    cookie: str
    mqtt: dict[str, str]
    http: httpx2.AsyncClient

    async def ticket(self) -> str:
        reply = await self.http.post("/v1/mqtt-ticket", headers=self.headers)
        return str(reply.json()["ticket"])

    async def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/mqtt?ticket={await self.ticket()}"

    @asynccontextmanager
    async def browser(self, **options: Any) -> AsyncIterator[ClientConnection]:
        async with connect(await self.url(), subprotocols=MQTT, **options) as opened:
            yield opened

    def hello(self) -> bytes:
        """Returns the CONNECT of the operator's own client."""
        whole = connect_packet(self.account.id, self.account.id)
        # The packet's length changes with the password's: it is built anew around it.
        body = whole[2:].removesuffix(text("secret")) + text(self.mqtt["password"])
        return b"\x10" + bytes([0x80 | len(body) % 128, len(body) // 128]) + body


@asynccontextmanager
async def gate(
    services: Services, registry: Registry, address: BrokerAddress, limits: RelayLimits
) -> AsyncIterator[Gate]:
    account = new_account(Role.OPERATOR, "anna", region=REGION, now_ms=NOON_MS)
    await registry.open(account, PASSWORD)
    relay = Relay(address, services.tickets, registry.store.lives, limits)
    async with serving(replace(services, relay=relay)) as server:
        following = asyncio.create_task(relay.follow_sessions(registry.store.data_version))
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
            opened = await http.post("/v1/session", json={"login": "anna", "password": PASSWORD})
            body = opened.json()
            headers = {"Authorization": f"Bearer {body['access_token']}"}
            cookie = opened.headers["set-cookie"].partition(";")[0]
            yield Gate(server.port, relay, registry, account, headers, cookie, body["mqtt"], http)
        following.cancel()
        await asyncio.wait([following])


@pytest.fixture
async def broker(credentials: CredentialStore) -> AsyncIterator[BrokerAddress]:
    async with running_broker(None, credentials.directory.parent) as address:
        yield address


LIMITS = RelayLimits(look_s=0.02)


@pytest.fixture
async def opened(services: Services, registry: Registry, broker: BrokerAddress) -> AsyncIterator[Gate]:
    async with gate(services, registry, broker, LIMITS) as made:
        known = made.mqtt
        while not await lets_in(broker, known["client_id"], known["password"]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the broker is another process, which learns of the account by itself
        yield made


async def closed(browser: ClientConnection) -> tuple[int, str]:
    """Reads until the end, and returns the close code and its reason."""
    with contextlib.suppress(ConnectionClosed):
        async for _ in browser:
            pass
    assert browser.close_code is not None
    return browser.close_code, browser.close_reason or ""


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    while not await true():  # noqa: ASYNC110 - the test's time limit ends it
        await asyncio.sleep(0.01)


# Coming in.


async def test_a_browser_speaks_mqtt_through_the_relay(opened: Gate) -> None:
    async with opened.browser() as browser:
        assert browser.subprotocol == "mqtt"
        await browser.send(opened.hello())
        assert await browser.recv() == CONNACK
        await browser.send(PINGREQ)
        assert await browser.recv() == PINGRESP


async def test_a_connect_in_small_pieces_arrives_whole(opened: Gate) -> None:
    async with opened.browser() as browser:
        for byte in opened.hello():
            await browser.send(bytes([byte]))
        assert await browser.recv() == CONNACK


async def test_paho_publishes_and_is_published_to_over_websockets(opened: Gate) -> None:
    topic = f"cl/v1/{REGION}/operator/{opened.account.id}/reply"
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=opened.account.id, transport="websockets")
    client.username_pw_set(opened.mqtt["username"], opened.mqtt["password"])
    client.ws_set_options(path=f"/mqtt?ticket={await opened.ticket()}")
    granted = threading.Event()
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: granted.set()
    await asyncio.to_thread(client.connect, "127.0.0.1", opened.port)
    client.loop_start()
    assert await asyncio.to_thread(granted.wait, 30)
    sent = client.publish(f"cl/v1/{REGION}/operator/{opened.account.id}/request", b"{}", qos=1)
    await asyncio.to_thread(sent.wait_for_publish, 30)
    assert sent.is_published()
    client.disconnect()
    await asyncio.to_thread(client.loop_stop)
    await until(lambda: gone(opened))


async def test_two_thousand_messages_arrive_whole_and_in_order(
    opened: Gate, broker: BrokerAddress, credentials: CredentialStore
) -> None:
    cabinet = credentials.grant("cab-0001", REGION)
    topic = f"cl/v1/{REGION}/cabinet/cab-0001/telemetry"
    publisher = paho.Client(CallbackAPIVersion.VERSION2, client_id=cabinet.client)
    publisher.username_pw_set(cabinet.client, cabinet.password)
    await wait_until_granted(broker, cabinet)
    received: list[bytes] = []
    granted, all_there = threading.Event(), threading.Event()

    def take(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        received.append(bytes(message.payload))
        if len(received) == 2_000:
            all_there.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=opened.account.id, transport="websockets")
    client.username_pw_set(opened.mqtt["username"], opened.mqtt["password"])
    client.ws_set_options(path=f"/mqtt?ticket={await opened.ticket()}")
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: granted.set()
    client.on_message = take
    await asyncio.to_thread(client.connect, "127.0.0.1", opened.port)
    client.loop_start()
    assert await asyncio.to_thread(granted.wait, 30)
    await asyncio.to_thread(publisher.connect, broker.host, broker.port)
    publisher.loop_start()
    sent = [f"{number:04d}".encode() * 100 for number in range(2_000)]
    for payload in sent:
        publisher.publish(topic, payload, qos=1)
    assert await asyncio.to_thread(all_there.wait, 60)
    assert received == sent
    for one in (publisher, client):
        one.disconnect()
        await asyncio.to_thread(one.loop_stop)


async def gone(opened: Gate) -> bool:
    return len(opened.relay) == 0


async def test_a_ticket_lets_in_once(opened: Gate) -> None:
    url = await opened.url()
    async with connect(url, subprotocols=MQTT):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, subprotocols=MQTT)
    assert refused.value.response.status_code == 401
    assert b"ticket_invalid" in (refused.value.response.body or b"")


@pytest.mark.parametrize(
    ("options", "query", "status", "code"),
    [
        ({}, "?ticket=guessed", 401, b"ticket_invalid"),
        ({}, "", 401, b"ticket_invalid"),
        ({"origin": "https://evil.example"}, None, 403, b"wrong_origin"),
        ({"subprotocols": None}, None, 400, b"subprotocol_needed"),
        ({"subprotocols": ["chat"]}, None, 400, b"subprotocol_needed"),
    ],
)
async def test_who_may_not_come_in_is_told_with_a_problem(
    opened: Gate, options: dict[str, Any], query: str | None, status: int, code: bytes
) -> None:
    url = await opened.url() if query is None else f"ws://127.0.0.1:{opened.port}/mqtt{query}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, **{"subprotocols": ["mqtt"], **options})
    response = refused.value.response
    assert (response.status_code, code in (response.body or b"")) == (status, True)
    assert response.headers["content-type"] == "application/problem+json"
    assert len(opened.relay) == 0


async def test_our_own_pages_may_connect(opened: Gate) -> None:
    async with opened.browser(origin=f"http://127.0.0.1:{opened.port}") as browser:
        await browser.send(opened.hello())
        assert await browser.recv() == CONNACK


async def test_a_broker_that_is_away_is_told_before_anything_is_let_in(
    services: Services, registry: Registry
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    async with gate(services, registry, BrokerAddress("127.0.0.1", port), LIMITS) as opened:
        with pytest.raises(InvalidStatus) as refused:
            async with opened.browser():
                pass
    assert refused.value.response.status_code == 503


async def test_no_more_are_let_in_than_can_be_carried(
    services: Services, registry: Registry, broker: BrokerAddress
) -> None:
    async with gate(services, registry, broker, replace(LIMITS, most=1)) as opened, opened.browser():
        with pytest.raises(InvalidStatus) as refused:
            async with opened.browser():
                pass
        assert refused.value.response.status_code == 503


async def test_an_account_that_has_many_connections_keeps_nobody_else_out(
    services: Services, registry: Registry, broker: BrokerAddress
) -> None:
    limits = replace(LIMITS, most_of_account=2)
    ben = new_account(Role.OPERATOR, "ben", region=REGION, now_ms=NOON_MS)
    await registry.open(ben, PASSWORD)
    async with gate(services, registry, broker, limits) as opened, opened.browser(), opened.browser():
        with pytest.raises(InvalidStatus) as refused:
            async with opened.browser():
                pass
        assert refused.value.response.status_code == 429
        session = await session_of(registry.store, ben)
        ticket = services.tickets.sell(ben.id, session.id)
        async with connect(f"ws://127.0.0.1:{opened.port}/mqtt?ticket={ticket}", subprotocols=MQTT):
            assert len(opened.relay) == 3


# The first packet.


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (connect_packet("opr-other", "opr-other"), "opr-anna and nobody else"),
        (connect_packet("opr-anna", "opr-other"), "opr-anna and nobody else"),
        (connect_packet("opr-anna"), "opr-anna and nobody else"),
        (connect_packet(""), "opr-anna and nobody else"),
        (PINGREQ, "must be a CONNECT"),
        (b"\x10\x00", "malformed"),
    ],
)
async def test_only_the_client_of_the_ticket_is_let_through(opened: Gate, first: bytes, reason: str) -> None:
    async with opened.browser() as browser:
        await browser.send(first)
        code, said = await closed(browser)
    assert (code, reason in said) == (1008, True)


async def test_a_wrong_password_is_the_broker_s_to_refuse(opened: Gate) -> None:
    async with opened.browser() as browser:
        await browser.send(connect_packet("opr-anna", "opr-anna"))
        assert (await browser.recv())[:3] == CONNACK[:3]
        assert (await closed(browser))[0] == 1000


async def test_text_is_no_mqtt(opened: Gate) -> None:
    async with opened.browser() as browser:
        await browser.send("hello")
        assert (await closed(browser))[0] == 1003


async def test_who_says_nothing_is_not_waited_for(
    services: Services, registry: Registry, broker: BrokerAddress
) -> None:
    limits = replace(LIMITS, first_packet_s=0.05)
    async with gate(services, registry, broker, limits) as opened, opened.browser() as browser:
        assert await closed(browser) == (1008, "no CONNECT has come")


# Ends.


async def test_leaving_closes_the_connection(opened: Gate) -> None:
    async with opened.browser() as browser:
        await browser.send(opened.hello())
        await browser.recv()
        await opened.http.delete("/v1/session", headers={"Cookie": opened.cookie})
        assert await closed(browser) == (1008, "the session has ended")
    with pytest.raises(InvalidStatus):
        await connect(f"ws://127.0.0.1:{opened.port}/mqtt?ticket=x", subprotocols=MQTT)


async def test_an_account_that_another_process_disables_is_disconnected(opened: Gate) -> None:
    store = opened.registry.store
    async with opened.browser() as browser:
        await browser.send(opened.hello())
        await browser.recv()
        other = type(store)(store.path)
        await other.open()
        await other.set_disabled("anna", disabled=True)
        await other.close()
        assert await closed(browser) == (1008, "the session has ended")


async def test_a_session_that_ends_as_stolen_ends_its_connections_at_once(opened: Gate) -> None:
    async with opened.browser() as browser:
        await browser.send(opened.hello())
        await browser.recv()
        cookie = opened.cookie
        for _ in range(2):
            renewed = await opened.http.post("/v1/session/refresh", headers={"Cookie": cookie})
            cookie = f"{COOKIE}={renewed.cookies[COOKIE]}"
        stolen = await opened.http.post("/v1/session/refresh", headers={"Cookie": opened.cookie})
        assert stolen.status_code == 401
        assert await closed(browser) == (1008, "the session has ended")


async def test_a_ticket_of_a_session_that_has_ended_lets_nobody_in(opened: Gate) -> None:
    url = await opened.url()
    await opened.http.delete("/v1/session", headers={"Cookie": opened.cookie})
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, subprotocols=MQTT)
    assert refused.value.response.status_code == 401


# A broker that does as it is told, for what a real one does only under load.


@dataclass
class Tap:
    """A TCP server in the broker's place: what has come, and the writer to who connects."""

    came: bytearray
    writers: list[asyncio.StreamWriter]
    ended: asyncio.Event
    reading: asyncio.Event


@asynccontextmanager
async def tapped() -> AsyncIterator[tuple[BrokerAddress, Tap]]:
    tap = Tap(bytearray(), [], asyncio.Event(), asyncio.Event())

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tap.writers.append(writer)
        try:
            await tap.reading.wait()
            while piece := await reader.read(65_536):
                tap.came += piece
        except ConnectionError:
            pass  # the relay may well hang up hard
        finally:
            tap.ended.set()
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, limit=1_024)
    async with server:
        yield BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1]), tap


async def test_a_slow_reader_is_dropped_and_others_go_on(services: Services, registry: Registry) -> None:
    async with tapped() as (address, tap):
        tap.reading.set()
        limits = replace(LIMITS, stall_s=0.2, farewell_s=30)
        async with (
            gate(services, registry, address, limits) as opened,
            opened.browser(max_queue=1) as slow,
            opened.browser() as quick,
        ):
            await slow.send(opened.hello())
            await until(lambda: came(tap, 1))
            feeding = asyncio.create_task(flood(tap.writers[0]))
            await quick.send(opened.hello())
            await until(lambda: came(tap, 2))
            tap.writers[1].write(PINGRESP)
            assert await quick.recv() == PINGRESP
            # The broker's side is gone while the slow one still reads nothing.
            await asyncio.wait_for(tap.ended.wait(), 30)
            await asyncio.wait([feeding])
            assert await closed(slow) == (1013, "you read too slowly")
            await quick.send(PINGREQ)


async def came(tap: Tap, connects: int) -> bool:
    return len(tap.writers) >= connects and tap.came.count(b"MQTT") >= connects


async def flood(writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            writer.write(bytes(PIECE_BYTES))
            await writer.drain()
    except ConnectionError:
        return


async def test_a_broker_that_takes_nothing_is_not_waited_for(services: Services, registry: Registry) -> None:
    async with tapped() as (address, tap):
        limits = replace(LIMITS, stall_s=0.2)
        async with gate(services, registry, address, limits) as opened, opened.browser() as browser:
            await browser.send(opened.hello())
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await browser.send(bytes(PIECE_BYTES))
            assert (browser.close_code, browser.close_reason) == (1013, "the broker takes no more")
        tap.reading.set()
        await tap.ended.wait()


async def test_what_the_browser_says_last_still_reaches_the_broker(
    services: Services, registry: Registry
) -> None:
    async with tapped() as (address, tap):
        tap.reading.set()
        async with gate(services, registry, address, LIMITS) as opened:
            async with opened.browser() as browser:
                await browser.send(opened.hello())
                await browser.send(b"\xe0\x00")  # DISCONNECT
            await tap.ended.wait()
        assert tap.came == opened.hello() + b"\xe0\x00"


async def test_large_messages_pass_whole_both_ways_and_larger_ones_end_it(
    services: Services, registry: Registry
) -> None:
    async with tapped() as (address, tap):
        tap.reading.set()
        async with gate(services, registry, address, LIMITS) as opened, opened.browser() as browser:
            await browser.send(opened.hello())
            await until(lambda: came(tap, 1))
            sent = bytes(range(256)) * 800
            await browser.send(sent)
            await until(lambda: whole(tap, len(opened.hello()) + len(sent)))
            assert tap.came.endswith(sent)
            tap.writers[0].write(sent)
            received = b""
            while len(received) < len(sent):
                received += bytes(await browser.recv(decode=False))
            assert received == sent
            await browser.send(bytes(300_000))
            assert (await closed(browser))[0] == 1009


async def whole(tap: Tap, size: int) -> bool:
    return len(tap.came) == size
