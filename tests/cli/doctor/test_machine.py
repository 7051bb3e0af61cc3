"""What a machine must have: ports, room, a disk that keeps what is written, a clock."""

import os
import shutil
import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.ports import free_address
from chargeloop.cli.doctor.findings import Level
from chargeloop.cli.doctor.machine import WallClock, data_directory, judged, ports
from chargeloop.cli.settings import Settings
from chargeloop.protocol.time import parse_instant

NOON_MS = float(parse_instant("2026-06-01T12:00:00.000Z"))


class Disk(NamedTuple):
    total: int
    used: int
    free: int


def test_a_free_port_is_well_and_a_taken_one_fails_with_advice() -> None:
    address = free_address()
    settings = Settings(http_port=address.port, broker_port=address.port)
    assert [found.level for found in ports(settings)] == [Level.OK, Level.OK]
    with socket.create_server((address.host, address.port)):
        http, broker = ports(settings)
    assert (http.level, broker.level) == (Level.FAIL, Level.FAIL)
    assert "--http-port" in http.advice
    assert "--broker-port" in broker.advice


def test_our_own_broker_on_the_port_is_no_fault_and_another_one_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(http_port=0, broker_port=port)
        for broker, level in (
            (BrokerAddress("127.0.0.1", port), Level.OK),
            (BrokerAddress("127.0.0.1", 1), Level.FAIL),
            (None, Level.FAIL),
        ):
            assert [found.level for found in ports(settings, broker)] == [Level.OK, level]


def test_a_gateway_of_ours_on_the_port_is_no_fault() -> None:
    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"status":"ok","region":"harbour"}' if self.path == "/v1/health" else b"{}"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep standard error clean."""

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        (found,) = ports(Settings(http_port=server.server_port))
        server.shutdown()
    assert found.level is Level.OK
    assert found.seen.endswith("the gateway of region harbour runs there")


def test_a_port_that_is_chosen_later_cannot_be_taken() -> None:
    assert [found.seen for found in ports(Settings(http_port=0))] == ["any free one"]


def test_a_directory_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    found = data_directory(tmp_path)
    assert [one.name for one in found] == ["data", "room", "fsync"]
    assert found[0].level is Level.OK
    assert not list(tmp_path.iterdir())


def test_a_chosen_directory_that_is_not_there_is_to_be_looked_at_and_not_made(tmp_path: Path) -> None:
    found = data_directory(tmp_path / "not" / "yet")
    assert (found[0].level, found[0].seen) == (
        Level.WARN, f"{tmp_path / 'not' / 'yet'} (not made yet) can be written",
    )  # fmt: skip
    assert not (tmp_path / "not").exists()


def test_the_usual_directory_is_well_before_anything_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_directory(Settings().data)[0].level is Level.OK
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_directory_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (found,) = data_directory(tmp_path / "file")
    assert (found.level, found.advice) == (Level.FAIL, "give another --data")


def test_a_disk_that_does_not_keep_what_is_written_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    (found,) = data_directory(tmp_path)
    assert found.level is Level.FAIL
    assert found.seen.endswith("cannot be written: input/output error")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("mib", "level"), [(50, Level.FAIL), (500, Level.WARN), (5_000, Level.OK)])
def test_little_room_is_warned_of_and_none_fails(
    mib: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(0, 0, mib * 1024 * 1024))
    assert data_directory(tmp_path)[1].level is level


@pytest.mark.parametrize(
    ("wall_ms", "stepped_ms", "level"),
    [(NOON_MS, 0.0, Level.OK), (NOON_MS, -900.0, Level.WARN), (1_000.0, 0.0, Level.FAIL)],
)
def test_a_wall_clock_is_judged_by_its_date_and_its_jumps(
    wall_ms: float, stepped_ms: float, level: Level
) -> None:
    assert judged(wall_ms, stepped_ms=stepped_ms).level is level


def test_the_clock_of_this_machine_is_seen() -> None:
    assert WallClock().finding().seen[10] == "T"
