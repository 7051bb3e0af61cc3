"""How smooth the console is under load: a real broker, the gateway, and thousands of cabinets' messages.

    .venv/bin/python -m tests.web.console_load --cabinets 5000 --rate 1000 --seconds 120

One publisher speaks for all cabinets and couriers, so the broker is a Mosquitto that lets it. A browser has
the console open, first at the map, then at the messages; the frames, long tasks and memory of its page are
printed as JSON. It says what this machine does and passes or fails nothing.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Page, sync_playwright

from chargeloop.broker.ports import free_address
from tests.web.town import LAT, LON, PASSWORD, Town, wait_for_url

REGION: Final = "demo"
_COURIERS: Final = 300
_SLOTS: Final = 12
_E7: Final = 10_000_000
_BURST_S: Final = 0.02
_SPREAD_DEGREES: Final = 0.035

_WATCH: Final = """() => {
  const watch = (window.watch = { frames: [], tasks: [] })
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watch.tasks.push(duration)
  }).observe({ type: 'longtask' })
  let before = performance.now()
  const frame = (now) => {
    watch.frames.push(now - before)
    before = now
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}"""
_TAKE: Final = """() => {
  const { frames, tasks } = window.watch
  window.watch.frames = []
  window.watch.tasks = []
  return { frames, tasks, rate: document.querySelector('.rate')?.textContent ?? '' }
}"""


class Crowd:
    """Thousands of cabinets and couriers, as far as their messages go."""

    def __init__(self, cabinets: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._cabinets = [f"cab-{number:05d}" for number in range(cabinets)]
        self._couriers = [f"cou-{number:04d}" for number in range(_COURIERS)]
        self._places = {name: self._place() for name in self._cabinets + self._couriers}
        self._versions = dict.fromkeys(self._cabinets, 1)
        self._number = 0

    def first(self) -> Iterator[tuple[str, bytes, bool]]:
        """Yield what is retained of everybody: topic, payload, retain."""
        for name in self._cabinets:
            yield self._connection("cabinet", name)
            location = self._location(name)
            info = {
                "name": f"Corner {name[4:]}",
                "location": location,
                "slots": _SLOTS,
                "model": "CL-12",
                "firmware": "1.0",
            }
            yield self._message("cabinet", name, "info", "cabinet.info", info, retain=True)
            yield self._slots(name)
        for name in self._couriers:
            yield self._connection("courier", name)

    def next(self) -> tuple[str, bytes, bool]:
        """Return one more message: mostly readings, positions, and a change of slots now and then."""
        draw = self._random.random()
        if draw < 0.6:
            name = self._random.choice(self._cabinets)
            slots = [{"slot": slot, "charge_pct": 80, "temperature_c": 25} for slot in range(1, _SLOTS + 1)]
            return self._message(
                "cabinet", name, "telemetry", "cabinet.telemetry", {"power_w": 40, "slots": slots}
            )
        if draw < 0.9:
            return self._position(self._random.choice(self._couriers))
        return self._slots(self._random.choice(self._cabinets))

    def _slots(self, name: str) -> tuple[str, bytes, bool]:
        self._versions[name] += 1
        slots: list[dict[str, Any]] = []
        for slot in range(1, _SLOTS + 1):
            state = self._random.choices(("ready", "charging", "empty", "faulty"), (50, 20, 29, 1))[0]
            bank = {
                "bank": f"bnk-{name[4:]}{slot:02d}",
                "charge_pct": 90,
                "health_pct": 97,
                "temperature_c": 25,
                "cycles": 80,
            }
            slots.append({"slot": slot, "state": state, **({} if state == "empty" else {"bank": bank})})
        data = {"version": self._versions[name], "journal": f"jnl-{name[4:]}", "after_seq": 0, "slots": slots}
        return self._message("cabinet", name, "slots", "cabinet.slots_snapshot", data, retain=True)

    def _position(self, name: str) -> tuple[str, bytes, bool]:
        lat, lon = self._places[name]
        self._places[name] = (
            lat + self._random.uniform(-2e-4, 2e-4),
            lon + self._random.uniform(-2e-4, 2e-4),
        )
        return self._message(
            "courier", name, "position", "courier.position", {"location": self._location(name)}
        )

    def _connection(self, role: str, name: str) -> tuple[str, bytes, bool]:
        data = {"state": "offline" if self._random.random() < 0.02 else "online", "connection_epoch": 1}
        return self._message(role, name, "connection", "common.connection_state", data, retain=True)

    def _message(
        self, role: str, name: str, leaf: str, kind: str, data: object, *, retain: bool = False
    ) -> tuple[str, bytes, bool]:
        self._number += 1
        envelope = {
            "specversion": "1.0",
            "id": f"m-{self._number}",
            "source": f"{role}/{name}",
            "type": f"chargeloop.{kind}.v1",
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        }
        return (
            f"cl/v1/{REGION}/{role}/{name}/{leaf}",
            json.dumps(envelope, separators=(",", ":")).encode(),
            retain,
        )

    def _place(self) -> tuple[float, float]:
        spread = self._random.uniform
        return LAT + spread(-_SPREAD_DEGREES, _SPREAD_DEGREES), LON + 1.4 * spread(
            -_SPREAD_DEGREES, _SPREAD_DEGREES
        )

    def _location(self, name: str) -> dict[str, int]:
        lat, lon = self._places[name]
        return {"lat_e7": round(lat * _E7), "lon_e7": round(lon * _E7)}


def _publish(client: mqtt.Client, crowd: Crowd, rate: int, stop: threading.Event) -> None:
    """Publish at an even rate until told to stop."""
    began, sent = time.monotonic(), 0
    while not stop.wait(_BURST_S):
        due = round((time.monotonic() - began) * rate)
        for _ in range(due - sent):
            topic, payload, retain = crowd.next()
            client.publish(topic, payload, qos=0, retain=retain)
        sent = due


@contextmanager
def _open_broker(directory: Path) -> Iterator[str]:
    """Run a Mosquitto that lets everybody do everything; yield its address."""
    address = free_address()
    configuration = directory / "open.conf"
    configuration.write_text(
        f"listener {address.port} {address.host}\nallow_anonymous true\nmax_queued_messages 100000\n"
        "max_inflight_messages 100\nset_tcp_nodelay true\n"
    )
    broker = subprocess.Popen(
        ["mosquitto", "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield str(address)
    finally:
        broker.terminate()
        broker.wait()


def _connected(address: str) -> mqtt.Client:
    host, _, port = address.rpartition(":")
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="crowd")
    deadline = time.monotonic() + 10
    while True:
        try:
            client.connect(host, int(port))
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    client.loop_start()
    return client


def _summary(found: dict[str, Any], seconds: float) -> dict[str, Any]:
    frames, tasks = sorted(found["frames"]), sorted(found["tasks"])

    def ranked(values: list[float], share: float) -> float:
        return round(values[min(len(values) - 1, int(len(values) * share))], 1) if values else 0.0

    return {
        "shown_rate": found["rate"],
        "frames_per_s": round(len(frames) / seconds, 1),
        "frame_ms": {
            "p50": ranked(frames, 0.5),
            "p95": ranked(frames, 0.95),
            "p99": ranked(frames, 0.99),
            "max": ranked(frames, 1),
        },
        "long_tasks": len(tasks),
        "long_task_ms": {"total": round(sum(tasks)), "p50": ranked(tasks, 0.5), "max": ranked(tasks, 1)},
        "long_task_share": round(sum(tasks) / seconds / 1_000, 4),
    }


def _watched(page: Page, seconds: float, name: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Look on for so long and return the figures, with the heap after its garbage was collected."""
    session = page.context.new_cdp_session(page)

    def heap_mb() -> float:
        session.send("HeapProfiler.collectGarbage")
        return round(float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6, 1)

    heaps = [heap_mb()]
    page.evaluate(_TAKE)
    found: dict[str, Any] = {"frames": [], "tasks": [], "rate": ""}
    busy_s, pieces = 0.0, max(1, round(seconds / 30))
    for _ in range(pieces):
        began = time.monotonic()
        page.wait_for_timeout(seconds / pieces * 1_000)
        taken = page.evaluate(_TAKE)
        busy_s += time.monotonic() - began
        found = {
            "frames": found["frames"] + taken["frames"],
            "tasks": found["tasks"] + taken["tasks"],
            "rate": taken["rate"],
        }
        # Collecting garbage stops the page: what was seen meanwhile is thrown away.
        heaps.append(heap_mb())
        page.evaluate(_TAKE)
        say(f"{name}: heap {heaps[-1]} MB")
    return {"view": name, **_summary(found, busy_s), "heap_mb": heaps}


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cabinets", type=int, default=5_000)
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second")
    parser.add_argument("--seconds", type=float, default=60, help="at each of the two views")
    parser.add_argument("--screenshot", type=Path, help="a picture of the map under load")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chargeloop-load-") as name:
        results = _measure(Path(name), wanted)
    sys.stdout.write(f"{json.dumps(results, indent=1)}\n")


def _measure(data: Path, wanted: argparse.Namespace) -> list[dict[str, Any]]:
    (data / "run").mkdir()
    town, crowd, stop = Town(data), Crowd(wanted.cabinets), threading.Event()
    with _open_broker(data) as address:
        client = _connected(address)
        publisher = threading.Thread(target=_publish, args=(client, crowd, wanted.rate, stop))
        try:
            town.start("platform", "--broker", address, "--http-port", str(free_address().port))
            town.add_account("operator", "operator-one")
            wait_for_url(town)
            for topic, payload, retain in crowd.first():
                client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)
            publisher.start()
            return _looked_at(town, wanted)
        finally:
            stop.set()
            if publisher.is_alive():
                publisher.join()
            client.loop_stop()
            town.stop()


def _looked_at(town: Town, wanted: argparse.Namespace) -> list[dict[str, Any]]:
    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        page = browser.new_page(viewport={"width": 1360, "height": 850}, locale="en")
        page.add_init_script(f"({_WATCH})()")
        page.goto(f"{town.url}/ops")
        page.get_by_label("Account").fill("operator-one")
        page.get_by_label("Password").fill(PASSWORD)
        began = time.monotonic()
        page.get_by_role("button", name="Log in").click()
        page.wait_for_function(
            "(count) => document.querySelector('.tabs .number')?.textContent === String(count)",
            arg=wanted.cabinets,
            timeout=120_000,
        )
        arrival = _summary(page.evaluate(_TAKE), time.monotonic() - began)
        results = [
            {
                "view": "arrival of all retained states",
                "seconds": round(time.monotonic() - began, 1),
                **arrival,
            }
        ]
        page.wait_for_timeout(5_000)
        results.append(_watched(page, wanted.seconds, "map and table", say))
        if wanted.screenshot is not None:
            page.screenshot(path=wanted.screenshot)
        page.get_by_role("link", name="Messages").click()
        page.wait_for_timeout(2_000)
        results.append(_watched(page, wanted.seconds, "messages", say))
        browser.close()
    return results


if __name__ == "__main__":
    main()
