"""Real connections: to a broker of each kind, started for the check, and to the instance that runs."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiomqtt

from chargeloop.broker import BrokerAddress, Credentials, CredentialStore
from chargeloop.broker.claim import address_file
from chargeloop.broker.credentials import UnknownClientError
from chargeloop.broker.device.connection import enter, leave
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.main import running_broker
from chargeloop.broker.mosquitto import find_mosquitto
from chargeloop.broker.outage import reason_in_words
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.doctor.findings import Finding, fail, ok, warn
from chargeloop.cli.errors import CommandError, program
from chargeloop.cli.locks import running_parts
from chargeloop.cli.places import AUTO, known_broker, typed
from chargeloop.cli.settings import Settings
from chargeloop.protocol.codec import Fault, decode, encode, seal
from chargeloop.protocol.messages.cabinet import Telemetry
from chargeloop.protocol.messages.common import ConnectionState, Presence, TimeProbe, TimeReply
from chargeloop.protocol.topics import TOPICS, parse_topic

# Who asks. The login is made for the check and taken away after it.
_OPERATOR: Final = "opr-doctor"
_CABINET: Final = "cab-doctor"
_COURIER: Final = "cou-doctor"
_START_S: Final = 20.0
_INSTANCE_S: Final = 15.0
_ANSWER_S: Final = 3.0
_LET_IN_S: Final = 5.0
_RETRY_S: Final = 0.2
_BETWEEN_PROBES_S: Final = 1.0
_FAR_MS: Final = 2_000
_EVENLY: Final = 0.05


async def brokers() -> list[Finding]:
    """Start a broker of each kind that is there, on a free port, and pass a message through it."""
    kinds = [kind for kind in BrokerKind if kind is BrokerKind.EMBEDDED or find_mosquitto() is not None]
    return list(await asyncio.gather(*map(_trial, kinds)))


async def _trial(kind: BrokerKind) -> Finding:
    name = f"mqtt by {kind}"
    try:
        with tempfile.TemporaryDirectory(prefix="chargeloop-doctor-") as data:
            async with asyncio.timeout(_START_S):
                return ok(name, await _passed(kind, Path(data)))
    except TimeoutError:
        return fail(name, f"no message came through in {_START_S:.0f} s", _look())
    except (BrokerError, aiomqtt.MqttError, OSError) as error:
        return fail(name, str(error), _look())


def _look() -> str:
    return f"look into DATA/broker/output.log of a broker that you start by hand: {program()} broker"


async def _passed(kind: BrokerKind, data: Path) -> str:
    """Return what was seen when a message went from a cabinet to an operator, and a stranger stayed out."""
    store = CredentialStore.of_data(data)
    cabinet, operator = store.grant(_CABINET, "doctor"), store.grant(_OPERATOR, "doctor")
    begun_s = time.monotonic()
    async with running_broker(kind, data) as address:
        up_s = time.monotonic() - begun_s
        topic = TOPICS["cabinet_telemetry"].topic("doctor", cabinet=_CABINET)
        async with _connected(operator, address) as hearing, _connected(cabinet, address) as speaking:
            await hearing.subscribe(topic, qos=1)
            message = seal(Telemetry(power_w=1), id="doctor", source=f"cabinet/{_CABINET}", time=_wall_ms())
            await speaking.publish(topic, encode(message), qos=1)
            await anext(aiter(hearing.messages))
        stranger = Credentials(_CABINET, cabinet.role, cabinet.region, "wrong")
        with contextlib.suppress(aiomqtt.MqttError):
            async with _connected(stranger, address):
                raise BrokerError("it lets in who has the wrong password")
    return f"up in {up_s:.1f} s, a message came through, a wrong password did not"


@contextlib.asynccontextmanager
async def _connected(credentials: Credentials, address: BrokerAddress) -> AsyncIterator[aiomqtt.Client]:
    client = aiomqtt.Client(
        address.host,
        address.port,
        username=credentials.client,
        password=credentials.password,
        identifier=credentials.client,
        timeout=_ANSWER_S,
    )
    await enter(client)
    try:
        yield client
    finally:
        await leave(client)


async def instance(settings: Settings) -> list[Finding]:
    """Look at the instance that runs on the data directory: its broker, its platforms, their clock."""
    try:
        address = known_broker(settings)
    except CommandError as error:
        if settings.broker != AUTO:
            return [fail("instance", str(error), "give --broker HOST:PORT")]
        return [_without_broker(settings.data, running_parts(settings.data))]
    try:
        async with asyncio.timeout(_INSTANCE_S):
            return await _Instance(settings, address).findings()
    except (aiomqtt.MqttError, OSError, TimeoutError) as error:
        reason = str(error) or "no answer"
        return [
            fail(
                "instance",
                f"no connection to the broker at {address}: {reason_in_words(reason)}",
                f"start it: {program()} broker --data {settings.data}, or give --data of it",
            )
        ]


def reached(settings: Settings, found: Sequence[Finding]) -> BrokerAddress | None:
    """Return where the data directory's own broker is, if `instance` has found it so; None for any other."""
    noted = address_file(settings.data)
    if settings.broker != AUTO or not noted.is_file():
        return None
    address = known_broker(settings)
    return address if _is_there(address) in found else None


def _is_there(address: BrokerAddress) -> Finding:
    return ok("instance", f"broker at {address}")


def _without_broker(data: Path, running: Mapping[str, str]) -> Finding:
    """Return what it means that no broker is known: nothing runs, or what runs talks to nobody."""
    if not running:
        return ok("instance", f"nothing runs on {data}")
    parts = ", ".join(f"{part} ({holder})" for part, holder in running.items())
    return fail(
        "instance",
        f"no broker runs on {data}, but these do and wait for one: {parts}",
        f"start it: {program()} broker --data {data}",
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """The platform's clock, and half the time that the question took: the doubt."""

    platform_ms: int
    wall_ms: float
    doubt_ms: float


class _Instance:
    def __init__(self, settings: Settings, address: BrokerAddress) -> None:
        self._data_directory = settings.data
        self._region = settings.region
        self._address = address
        self._store = CredentialStore.of_data(settings.data)
        self._running = running_parts(settings.data)

    async def findings(self) -> list[Finding]:
        async with self._login(_OPERATOR) as operator:
            present = await self._platforms(operator)
        found = [_is_there(self._address), *map(self._present, present.items())]
        if present.get("courier platform") is Presence.ONLINE:
            async with self._login(_COURIER) as courier:
                found.append(await self._clock(courier))
        return found

    @contextlib.asynccontextmanager
    async def _login(self, client: str) -> AsyncIterator[aiomqtt.Client]:
        """Connect under a login that is taken away afterwards, unless somebody had granted it before."""
        try:
            credentials, is_ours = self._store.load(client), False
        except UnknownClientError:
            credentials, is_ours = self._store.grant(client, self._region), True
        try:
            async with contextlib.AsyncExitStack() as stack:
                yield await self._let_in(credentials, stack)
        finally:
            if is_ours:
                self._store.revoke(client)

    async def _let_in(self, credentials: Credentials, stack: contextlib.AsyncExitStack) -> aiomqtt.Client:
        """Connect, with some patience: the broker has to read the new login first."""
        until_s = time.monotonic() + _LET_IN_S
        while True:
            try:
                return await stack.enter_async_context(_connected(credentials, self._address))
            except aiomqtt.MqttError:
                if time.monotonic() > until_s:
                    raise
            await asyncio.sleep(_RETRY_S)

    async def _platforms(self, operator: aiomqtt.Client) -> dict[str, Presence | None]:
        """Return whether the two platforms are there, by what they left at the broker."""
        names = {"rental_connection": "rental platform", "dispatch_connection": "courier platform"}
        present: dict[str, Presence | None] = dict.fromkeys(names.values())
        filters = [
            (TOPICS["rental_connection"].topic(self._region, rental="+"), 1),
            (TOPICS["dispatch_connection"].topic(self._region, dispatch="+"), 1),
        ]
        await operator.subscribe(filters)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                async for message in operator.messages:
                    topic, envelope = parse_topic(str(message.topic)), decode(bytes(message.payload))
                    if topic is None or isinstance(envelope, Fault):
                        continue
                    if isinstance(envelope.data, ConnectionState):
                        present[names[topic.spec.name]] = envelope.data.state
                    if None not in present.values():
                        break
        return present

    def _present(self, one: tuple[str, Presence | None]) -> Finding:
        name, presence = one
        command = {"rental platform": "platform", "courier platform": "couriers"}[name]
        if presence is Presence.ONLINE:
            return ok(name, "online")
        if command in self._running:
            return fail(
                name,
                f"runs ({self._running[command]}), but is not connected to the broker at {self._address}",
                "stop it and start it again: it reads the broker's address when it starts",
            )
        seen = "offline" if presence is Presence.OFFLINE else "has never been there"
        return warn(name, seen, f"start it: {typed(command, self._data_directory)}")

    async def _clock(self, courier: aiomqtt.Client) -> Finding:
        """Compare the platform's clock with this machine's, twice, as it may run at another speed."""
        await courier.subscribe(TOPICS["courier_clock"].topic(self._region, courier=_COURIER), qos=1)
        first = await self._asked(courier)
        await asyncio.sleep(_BETWEEN_PROBES_S)
        second = await self._asked(courier)
        return compared(
            passed_ms=second.platform_ms - first.platform_ms,
            real_ms=second.wall_ms - first.wall_ms,
            ahead_ms=second.platform_ms - second.wall_ms,
            doubt_ms=second.doubt_ms,
        )

    async def _asked(self, courier: aiomqtt.Client) -> _Reading:
        sent_s, sent_wall_ms = time.monotonic(), time.time() * 1000
        probe = TimeProbe(sent_uptime_ms=int(sent_s * 1000))
        message = seal(probe, id=f"doctor-{uuid4().hex}", source=f"courier/{_COURIER}", time=_wall_ms())
        await courier.publish(TOPICS["courier_time"].topic(self._region, courier=_COURIER), encode(message))
        async with asyncio.timeout(_ANSWER_S):
            async for reply in courier.messages:
                envelope = decode(bytes(reply.payload))
                if not isinstance(envelope, Fault) and isinstance(envelope.data, TimeReply):
                    half_ms = (time.monotonic() - sent_s) * 500
                    return _Reading(envelope.data.platform_time, sent_wall_ms + half_ms, half_ms)
        raise TimeoutError("the platform does not tell the time")


def compared(*, passed_ms: float, real_ms: float, ahead_ms: float, doubt_ms: float) -> Finding:
    """Return what is to be said of a platform's clock.

    Args:
        passed_ms: how far it went between two readings, while this machine's went `real_ms`.
        real_ms: the same by this machine.
        ahead_ms: how far it is ahead of this machine's wall clock.
        doubt_ms: by how much the second reading may be off.
    """
    speed = passed_ms / real_ms
    if abs(speed - 1) > _EVENLY + 2 * doubt_ms / real_ms:
        return ok("platform's clock", f"runs {speed:.0f} times as fast as this machine's: a scaled world")
    if abs(ahead_ms) > _FAR_MS + doubt_ms:
        side = "ahead of" if ahead_ms > 0 else "behind"
        return warn(
            "platform's clock",
            f"{abs(ahead_ms) / 1000:.1f} s {side} this machine's",
            "have NTP set both machines: sudo timedatectl set-ntp true",
        )
    return ok("platform's clock", f"agrees with this machine's within {abs(ahead_ms) + doubt_ms:.0f} ms")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
