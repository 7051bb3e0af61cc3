"""What a machine must have: free ports, a disk that keeps what is written, a clock that is right."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx2

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.ports import free_address
from chargeloop.cli.doctor.findings import Finding, fail, ok, warn
from chargeloop.cli.places import gateway_url
from chargeloop.cli.settings import Settings
from chargeloop.protocol.time import format_instant, parse_instant

_MIB: Final = 1024 * 1024
_ENOUGH_BYTES: Final = 1024 * _MIB
_LEAST_BYTES: Final = 100 * _MIB
_ANSWER_S: Final = 2.0
_SLOW_FSYNC_MS: Final = 100.0
# No machine that runs this is older, and none needs to be used so much later.
_NOT_BEFORE_MS: Final = parse_instant("2026-01-01T00:00:00.000Z")
_NOT_AFTER_MS: Final = parse_instant("2100-01-01T00:00:00.000Z")
_STEP_MS: Final = 500.0


def ports(settings: Settings, broker: BrokerAddress | None = None) -> list[Finding]:
    """Check that what is to listen on a port chosen beforehand finds it free, or listens there already.

    `broker` is the one of the data directory that was reached.
    """
    findings = [_gateway_port(settings)]
    if settings.broker_port:
        findings.append(_broker_port(settings.broker_port, broker))
    return findings


def _broker_port(port: int, broker: BrokerAddress | None) -> Finding:
    if broker is not None and broker.port == port:
        return ok("broker port", f"{port}: the broker at {broker} runs there")
    try:
        free_address(port=port)
    except BrokerError as error:
        return fail("broker port", str(error), "stop what listens there, or give another --broker-port")
    return ok("broker port", f"{port} is free")


def _gateway_port(settings: Settings) -> Finding:
    host, port = settings.http_host, settings.http_port
    if port == 0:
        return ok("http port", "any free one")
    try:
        free_address(host, port)
    except BrokerError as error:
        region = _gateway_region(gateway_url(settings, port))
        if region is not None:
            return ok("http port", f"{port}: the gateway of region {region} runs there")
        return fail("http port", str(error), "stop what listens there, or give another --http-port")
    return ok("http port", f"{port} of {host} is free")


def _gateway_region(url: str) -> str | None:
    """Return the region of the gateway that listens there, or None when it is no gateway.

    Its certificate is not looked at: it is told nothing, and asked who it is.
    """
    with contextlib.suppress(httpx2.HTTPError, ValueError, KeyError, TypeError):
        reply = httpx2.get(
            f"{url}/v1/health",
            timeout=_ANSWER_S,
            trust_env=False,
            verify=False,
        )
        return str(reply.json()["region"])
    return None


def data_directory(data: Path) -> list[Finding]:
    """Check that the data directory can be written and has room; nothing is left in it."""
    place = next((path for path in (data, *data.absolute().parents) if path.exists()), Path("/"))
    if not place.is_dir():
        return [fail("data", f"{place} is no directory", "give another --data")]
    where = str(data) if place == data else f"{data} (not made yet)"
    try:
        took_ms = _durable_write_ms(place)
    except OSError as error:
        return [
            fail(
                "data",
                f"{where} cannot be written: {(error.strerror or str(error)).lower()}",
                "give another --data",
            )
        ]
    return [_place(data, f"{where} can be written"), _room(place), _fsync(took_ms)]


def _place(data: Path, seen: str) -> Finding:
    """Return the finding of a directory that can be used; one that somebody chose should be there, too."""
    if data.exists() or data == Settings.model_fields["data"].default:
        return ok("data", seen)
    return warn(
        "data", seen, "if something runs already, give its --data; else the first part makes this one"
    )


def _durable_write_ms(directory: Path) -> float:
    """Write a file and have the disk keep it, as journals do; return how long the disk took."""
    with tempfile.NamedTemporaryFile(dir=directory, prefix=".chargeloop-doctor-") as file:
        file.write(b"x" * 4096)
        file.flush()
        started = time.perf_counter()
        os.fsync(file.fileno())
        opened = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
        return (time.perf_counter() - started) * 1000


def _room(directory: Path) -> Finding:
    free_bytes = shutil.disk_usage(directory).free
    seen = f"{free_bytes // _MIB:,} MiB free"
    if free_bytes < _LEAST_BYTES:
        return fail("room", seen, "make room, or give --data on another disk: a full disk stops everything")
    if free_bytes < _ENOUGH_BYTES:
        return warn("room", seen, "make room, or give --data on another disk: stores and journals grow")
    return ok("room", seen)


def _fsync(took_ms: float) -> Finding:
    seen = f"the disk keeps a file in {took_ms:.1f} ms"
    if took_ms > _SLOW_FSYNC_MS:
        return warn("fsync", seen, "everything waits for this disk: give --data on a faster one")
    return ok("fsync", seen)


class WallClock:
    """Watches the machine's clocks for as long as the other checks take."""

    def __init__(self) -> None:
        self._begun_wall_ms = time.time() * 1000
        self._begun_ms = time.monotonic() * 1000

    def finding(self) -> Finding:
        """Return whether the wall clock is sane, and ran as the monotonic one did."""
        wall_ms, monotonic_ms = time.time() * 1000, time.monotonic() * 1000
        return judged(wall_ms, stepped_ms=(wall_ms - self._begun_wall_ms) - (monotonic_ms - self._begun_ms))


def judged(wall_ms: float, *, stepped_ms: float) -> Finding:
    """Return what is to be said of a wall clock that shows this and has stepped by so much."""
    seen = f"{format_instant(int(wall_ms))[:19]} UTC"
    if not _NOT_BEFORE_MS <= wall_ms <= _NOT_AFTER_MS:
        return fail("clock", f"{seen} cannot be true", "set the clock: sudo timedatectl set-ntp true")
    if abs(stepped_ms) > _STEP_MS:
        return warn(
            "clock",
            f"{seen}; it jumped by {stepped_ms:.0f} ms just now",
            "have NTP slew it: chrony, or timesyncd",
        )
    return ok("clock", f"{seen}, and it runs evenly")
