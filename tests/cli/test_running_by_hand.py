"""docs/running-by-hand.md is followed to the letter: its files are loaded and its commands are run."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from chargeloop.cli.demo import free_port
from chargeloop.cli.settings import Settings, load_settings
from chargeloop.courier.agent.profile import Profile, load_profiles
from chargeloop.platform.shell.tariff_file import load_tariff
from chargeloop.station.main import load_fleet
from chargeloop.station.shell.settings import FaultsEntry

PAGE = (Path(__file__).parents[2] / "docs" / "running-by-hand.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, section: str) -> list[str]:
    """Return the code blocks of a language in a section of the page."""
    (text,) = [part for part in PAGE.split("\n## ") if part.startswith(f"{section}\n")]
    return [code for found, code in BLOCK.findall(text) if found == language]


def lines(section: str, block: int = 0) -> list[str]:
    return blocks("sh", section)[block].splitlines()


def words(text: str) -> list[list[str]]:
    """Return the words of each line."""
    return [line.split() for line in text.splitlines()]


def write_files(directory: Path) -> None:
    """Save the page's files where it says."""
    fleet, couriers = blocks("json", "One directory for all")
    (tariff,) = blocks("toml", "One directory for all")
    for name, text in (("fleet.json", fleet), ("couriers.json", couriers), ("tariff.toml", tariff)):
        assert f"`town/{name}`" in PAGE
        (directory / "town").mkdir(exist_ok=True)
        (directory / "town" / name).write_text(text, encoding="utf-8")


def test_the_files_are_what_the_parts_load(tmp_path: Path) -> None:
    write_files(tmp_path)
    town = tmp_path / "town"
    assert [cabinet.cabinet for cabinet in load_fleet(town / "fleet.json")] == ["cab-0001", "cab-0002"]
    assert [profile.courier for profile in load_profiles(town / "couriers.json")] == ["cou-0001", "cou-0002"]
    assert load_tariff(town / "tariff.toml").name == "town"


def test_the_settings_are_understood_in_a_file_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = blocks("toml", "Settings")
    file = tmp_path / "chargeloop.toml"
    file.write_text(text, encoding="utf-8")
    in_file = load_settings({}, file)
    assert {in_file.origins[name] for name in tomllib.loads(text)} == {f"file {file}"}
    for name, value in re.findall(r"`(CHARGELOOP_\w+)=(\w+)`", PAGE):
        monkeypatch.setenv(name, value)
        assert (
            load_settings({}, file).origins[name.removeprefix("CHARGELOOP_").lower()] == f"environment {name}"
        )
    assert "password" in Settings.model_fields


def test_every_trouble_that_can_be_planted_is_on_the_page() -> None:
    planted = {*FaultsEntry.model_fields, *Profile.model_fields} - {"courier", "lat_e7", "lon_e7"}
    told = set(re.findall(r"`(\w+)`", "".join(PAGE.partition("## Planting troubles")[1:])))
    assert planted <= told


class Town:
    """The page's working directory, with a `./run` that needs no set-up."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.logs: list[Path] = []
        self.environment = {**os.environ, "CHARGELOOP_HTTP_PORT": str(port)}
        run = directory / "run"
        run.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m chargeloop.cli "$@"\n')
        run.chmod(0o700)

    def start(self, line: str, stack: ExitStack) -> None:
        """Start a line of the page in what would be a terminal of its own, and return when it is ready."""
        ready = self.directory / f"{len(stack._exit_callbacks)}.ready"  # type: ignore[attr-defined]
        if " broker " in line:
            ready = self.directory / "town" / "run" / "broker.address"
        else:
            line += f" --ready-file {ready}"
        self.logs.append(self.directory / f"{len(self.logs)}.log")
        with self.logs[-1].open("wb") as log:
            process = subprocess.Popen(
                shlex.split(line), cwd=self.directory, env=self.environment, stdout=log
            )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, line
            assert time.monotonic() < deadline, line
            time.sleep(0.05)

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the page in a shell."""
        return subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.directory, env=self.environment,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def said(self, line: str) -> str:
        """Return what a line that must succeed has printed."""
        done = self.run(line)
        assert done.returncode == 0, (line, done.stderr)
        return done.stdout


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """All parts of the page, started in its order."""
    town = Town(tmp_path_factory.mktemp("by-hand"), free_port())
    town.said(lines("One directory for all")[0])
    write_files(town.directory)
    with ExitStack() as stack:
        for line in lines("Starting"):
            town.start(line, stack)
        yield town


def test_each_part_says_that_it_is_up_and_the_platform_where_its_pages_are(town: Town) -> None:
    told = [log.read_text().splitlines()[0] for log in town.logs]
    parts = ("platform", "couriers", "cabinets", "agents")
    assert [line.partition(" is up")[0] for line in told[1:]] == list(parts)
    url = f"http://127.0.0.1:{town.port}"
    assert all(page in told[1] for page in (f"gateway at {url}", f"{url}/courier", f"{url}/ops"))


def test_orders_can_be_placed_shown_and_called_off_by_hand(town: Town) -> None:
    quote, *places, listing = lines("Ordering", 1)
    assert "from cab-0001" in town.said(quote)
    placed = [json.loads(town.said(f"{line} --json")) for line in places]
    assert [one["quantity"] for one in placed] == [1, 3, 1]
    assert placed[0]["id"] in town.said(listing)
    show, give_back, cancel = (line.replace("ord-1", placed[0]["id"]) for line in lines("Ordering", 2))
    assert "timeline" in town.said(show)
    refused = town.run(give_back)  # nothing has been delivered yet
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert placed[0]["id"] in town.said(cancel)


def test_what_happens_can_be_watched_by_hand(town: Town) -> None:
    events, everything, export = lines("Watching")
    assert town.run(f"{events} --seconds 1").returncode == 27
    assert json.loads(town.said(f"{everything} --count 1 --seconds 30"))["topic"].startswith("cl/v1/demo/")
    assert "tariff" in town.said(export)


def test_others_get_a_login_of_the_broker_by_hand(town: Town) -> None:
    add, listing = lines("Logins for others")
    client, password = town.said(add).split()
    assert (client, len(password) > 40) == ("cab-0099", True)
    assert ["cab-0099", "cabinet", "demo"] in words(town.said(listing))


def test_people_get_an_account_and_log_in_by_hand(town: Town) -> None:
    (add,) = lines("Ordering")
    listing, orders = lines("Logins for others", 1)
    assert town.said(add) == "ada usr-ada user demo\n"
    assert ["ada", "usr-ada", "user", "demo"] in words(town.said(listing))
    assert "orders" in town.said(orders)
    log_in, read, describe = (shlex.split(line) for line in lines("Logins for others", 2))
    (_, flag, body, url), (_, _, header, _) = log_in, read
    assert flag == "--json"
    here = ("http://127.0.0.1:8080", f"http://127.0.0.1:{town.port}")
    with httpx2.Client(trust_env=False) as gateway:
        token = gateway.post(url.replace(*here), json=json.loads(body)).json()["access_token"]
        name, _, value = header.replace("$TOKEN", token).partition(": ")
        listed = gateway.get(read[-1].replace(*here), headers={name: value})
        assert (listed.status_code, list(listed.json())) == (200, ["orders", "next"])
        assert gateway.get(describe[-1].replace(*here)).json()["openapi"].startswith("3.1")
