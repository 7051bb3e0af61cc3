"""A real town for the pages: broker, both platforms and cabinets as processes, with accounts for people."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from chargeloop.broker import CredentialStore
from chargeloop.broker.ports import free_address
from chargeloop.platform.shell.accounts.account import new_account
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.accounts.store import AccountStore, accounts_path
from chargeloop.protocol.topics import Role

PASSWORD = "correct horse battery"
LAT, LON = 43.452, 5.233
_REGION = "demo"
_READY_S = 60.0
_LOOK_S = 0.05
CABINETS = ("Harbour Café", "Market Hall", "Old Lighthouse")
_SLOTS, _BANKS = 8, 5
# Enough for each test to have people of its own, whose orders and jobs no other test sees; the broker lets
# nobody in twice at a time.
_PEOPLE = {
    Role.USER: ("one", "two", "three", "four", "five", "six"),
    Role.COURIER: ("one", "two", "three", "four", "five", "six", "seven"),
    Role.OPERATOR: ("one", "two", "three"),
}
_ENDED = frozenset({"settled", "cancelled", "failed"})


@dataclass
class Town:
    """A town that runs; `url` is where its pages are."""

    data: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    callers: list["Caller"] = field(default_factory=list)

    @property
    def url(self) -> str:
        return (self.data / "run" / "gateway.url").read_text("utf-8").strip()

    def start(self, *words: str) -> None:
        """Start a part; it writes to a log of its own."""
        with (self.data / "run" / f"{words[0]}.out").open("wb") as log:
            self.processes[words[0]] = subprocess.Popen(
                [sys.executable, "-m", "chargeloop.cli", *words, "--data", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        for caller in self.callers:
            caller.close()
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes.values()):
            process.wait(_READY_S)

    def as_user(self, login: str) -> "Caller":
        """Return a person who asks the gateway without a page."""
        self.callers.append(Caller(self.url, login))
        return self.callers[-1]

    def end_orders(self) -> None:
        """End whatever order is open, so that nobody is offered what a test before has left."""
        operator = self.as_user("operator-one")
        for order in operator.send("GET", "/v1/orders?limit=200")["orders"]:
            if order["state"] not in _ENDED:
                operator.send("POST", f"/v1/orders/{order['id']}/end", {"reason": "nobody waits for it"})
        operator.close()


class Caller:
    """Somebody who is logged in at the gateway."""

    def __init__(self, url: str, login: str) -> None:
        self._client = httpx2.Client(base_url=url, timeout=30, trust_env=False)
        session = self.send("POST", "/v1/session", {"login": login, "password": PASSWORD})
        self._client.headers["Authorization"] = f"Bearer {session['access_token']}"

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a request and return what is answered; an error ends the test."""
        response = self._client.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json()

    def close(self) -> None:
        self._client.close()

    def place_order(self, quantity: int = 2) -> str:
        body = {"lat": LAT, "lon": LON, "quantity": quantity}
        return str(self.send("POST", "/v1/orders", body)["id"])

    def order(self, order: str) -> Any:
        return self.send("GET", f"/v1/orders/{order}")

    def wait_for(self, order: str, state: str) -> Any:
        """Return the order once it is in this state."""
        deadline = time.monotonic() + _READY_S
        while (found := self.order(order))["state"] != state:
            assert time.monotonic() < deadline, f"{order} is {found['state']} and not {state}"
            time.sleep(_LOOK_S)
        return found


@contextlib.contextmanager
def running_town(data: Path) -> Iterator[Town]:
    """Run a town in an empty directory; with simulated people on request of the test."""
    (data / "run").mkdir(parents=True)
    fleet = data / "fleet.json"
    fleet.write_text(json.dumps([_cabinet(number, name) for number, name in enumerate(CABINETS, start=1)]))
    open_accounts(data, [(role, f"{role}-{name}") for role, names in _PEOPLE.items() for name in names])
    with starting_platform(data) as town:
        town.start("couriers")
        town.start("cabinets", str(fleet))
        wait_for_url(town)
        _wait_for_stock(town)
        yield town


@contextlib.contextmanager
def starting_platform(data: Path, *options: str) -> Iterator[Town]:
    """Run a broker and the rental platform, which is only about to be ready, in an empty directory."""
    town = Town(data)
    (data / "run").mkdir(parents=True, exist_ok=True)
    try:
        town.start("broker")
        _wait_for_file(data / "run" / "broker.address", town)
        town.start("platform", "--http-port", str(free_address().port), *options)
        yield town
    finally:
        town.stop()


def open_accounts(data: Path, logins: Iterable[tuple[Role, str]]) -> None:
    """Open accounts with the password of all, as `chargeloop account add` does."""

    async def work() -> None:
        store = AccountStore(accounts_path(data))
        await store.open()
        registry = Registry(store, CredentialStore.of_data(data), Passwords())
        now_ms = time.time_ns() // 1_000_000
        for role, login in logins:
            opened = new_account(role, login, region=_REGION, now_ms=now_ms)
            await registry.open(opened, PASSWORD)
        await store.close()

    # A browser keeps an event loop running in the thread of its tests.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result()


def wait_for_url(town: Town) -> None:
    """Wait until the gateway answers."""
    _wait_for_file(town.data / "run" / "gateway.url", town)
    _wait(lambda: _answers(town.url), town, "gateway")


def _cabinet(number: int, name: str) -> dict[str, object]:
    banks = [{"bank": f"bnk-{number:02d}{slot:04d}", "charge_pct": 100} for slot in range(1, _BANKS + 1)]
    return {
        "cabinet": f"cab-{number:04d}",
        "name": name,
        "lat_e7": round((LAT + 0.002 * number) * 1e7),
        "lon_e7": round((LON - 0.002 * number) * 1e7),
        "slots": _SLOTS,
        "banks": banks,
    }


def _wait_for_file(path: Path, town: Town) -> None:
    _wait(path.exists, town, path.name)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/v1/health", trust_env=False).is_success
    except httpx2.TransportError:
        return False


def _wait_for_stock(town: Town) -> None:
    caller = town.as_user("operator-one")

    def stocked() -> bool:
        found = caller.send("GET", "/v1/cabinets")["cabinets"]
        ready = sum(int(cabinet["ready_banks"]) for cabinet in found)
        return ready == len(CABINETS) * _BANKS

    _wait(stocked, town, "banks in the cabinets")
    caller.close()


def _wait(done: Callable[[], bool], town: Town, what: str) -> None:
    deadline = time.monotonic() + _READY_S
    while not done():
        for name, process in town.processes.items():
            if process.poll() is not None:
                log = (town.data / "run" / f"{name}.out").read_text("utf-8")
                raise AssertionError(f"{name} has ended: {log}")
        assert time.monotonic() < deadline, f"no {what} after {_READY_S} s"
        time.sleep(_LOOK_S)
