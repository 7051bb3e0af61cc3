"""A cabinet, a courier's phone and a user played with mosquitto_pub and mosquitto_sub, from topics.md alone.

The hands know nothing of the product: they build CloudEvents as topics.md shows them and read what comes
back. Only the broker and the two platforms are ours, started as anybody would start them.
"""

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.platforms import REGION, Platforms, running_platforms

PATIENCE_S = 30
CABINET_PLACE = {"lat_e7": 434_500_000, "lon_e7": 52_300_000}
HOME = {"lat_e7": 434_510_000, "lon_e7": 52_310_000}
CABINET, PHONE, USER = "cab-0001", "cou-0001", "usr-0001"
BANKS = ("bnk-000001", "bnk-000002")


@dataclass
class Hand:
    """One participant: a role, a name that is its user name and client id, and Mosquitto's two clients."""

    role: str
    name: str
    password: str
    port: int
    seq: int = 0
    sent: int = 0

    def tell(self, word: str, kind: str, data: dict[str, Any], **attributes: Any) -> str:
        """Publish a message that stands alone; returns its id."""
        return self._publish(word, kind, data, attributes, options=[])

    def show(self, word: str, kind: str, data: dict[str, Any]) -> None:
        """Publish a retained snapshot."""
        self._publish(word, kind, data, {}, options=["-r"])

    def note(self, kind: str, data: dict[str, Any], **attributes: Any) -> None:
        """Write the next event of the journal: numbered without gaps."""
        self.seq += 1
        numbered = {"journalid": f"jnl-{self.name}", "seq": self.seq, **attributes}
        self._publish("event", kind, data, numbered, options=[])

    def hear(self, word: str, kind: str) -> dict[str, Any]:
        """Wait for a message of that type; what matters is sent again, so listening late loses nothing."""
        command = ["mosquitto_sub", *self._login(), "-t", self._topic(word), "-q", "1", "-W", str(PATIENCE_S)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None
            for line in listener.stdout:
                message: dict[str, Any] = json.loads(line)
                if message["type"] == f"chargeloop.{kind}.v1":
                    listener.terminate()
                    return message
        pytest.fail(f"{self.name} waited {PATIENCE_S} s for {kind} on {word}")

    def _publish(
        self, word: str, kind: str, data: dict[str, Any], attributes: dict[str, Any], *, options: list[str]
    ) -> str:
        self.sent += 1
        message = {
            "specversion": "1.0",
            "id": f"{self.name}:{self.sent}",
            "source": f"{self.role}/{self.name}",
            "type": f"chargeloop.{kind}.v1",
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **attributes,
            "data": data,
        }
        command = ["mosquitto_pub", *self._login(), "-t", self._topic(word), "-q", "1", "-m"]
        subprocess.run([*command, json.dumps(message), *options], check=True, timeout=PATIENCE_S)
        return str(message["id"])

    def _topic(self, word: str) -> str:
        return f"cl/v1/{REGION}/{self.role}/{self.name}/{word}"

    def _login(self) -> list[str]:
        return [
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-u",
            self.name,
            "-P",
            self.password,
            "-i",
            self.name,
        ]


class CabinetByHand(Hand):
    """A cabinet with two banks in slots 1 and 2 and two empty slots."""

    def switch_on(self) -> None:
        self.show("connection", "common.connection_state", {"state": "online", "connection_epoch": 1})
        info = {"name": "By hand", "location": CABINET_PLACE, "slots": 4, "model": "hand", "firmware": "1"}
        self.show("info", "cabinet.info", info)
        self.note("cabinet.booted", {"cause": "power_on", "firmware": "1"})
        self.snapshot(1, {1: BANKS[0], 2: BANKS[1]})

    def snapshot(self, version: int, banks: dict[int, str]) -> None:
        slots = [
            {"slot": slot, "state": "ready" if slot in banks else "empty", "bank": _bank(banks.get(slot))}
            for slot in range(1, 5)
        ]
        snapshot = {"version": version, "journal": f"jnl-{self.name}", "after_seq": self.seq, "slots": slots}
        self.show("slots", "cabinet.slots_snapshot", snapshot)

    def obey(self, kind: str, slots: list[dict[str, Any]]) -> dict[str, Any]:
        """Wait for a command, answer that it is done, and return its data."""
        command = self.hear("command", kind)
        outcome = {
            "command": command["id"],
            "epoch": command["data"]["epoch"],
            "outcome": "done",
            "reservation": command["data"]["reservation"],
            "slots": slots,
        }
        self.note("cabinet.command_finished", outcome, correlationid=command["id"])
        data: dict[str, Any] = command["data"]
        return data


def _bank(bank: str | None) -> dict[str, Any] | None:
    if bank is None:
        return None
    return {"bank": bank, "charge_pct": 95, "health_pct": 99, "temperature_c": 24, "cycles": 3}


@pytest.mark.timeout(300)
async def test_a_rental_and_its_return_are_played_by_hand(tmp_path: Path) -> None:
    async with running_platforms(tmp_path, clients=(CABINET, PHONE, USER)) as platforms:
        await asyncio.to_thread(_play, platforms)
        records = platforms.export()
    lines = [record for record in records if record["record"] == "fee_line"]
    assert [record["state"] for record in records if record["record"] == "order"] == ["settled"]
    assert sorted(line["fee"] for line in lines) == ["courier_back", "courier_out", "rental", "rental"]


def _play(platforms: Platforms) -> None:
    cabinet = CabinetByHand("cabinet", CABINET, platforms.password_of(CABINET), platforms.port)
    phone = Hand("courier", PHONE, platforms.password_of(PHONE), platforms.port)
    user = Hand("user", USER, platforms.password_of(USER), platforms.port)
    cabinet.switch_on()
    phone.show("connection", "common.connection_state", {"state": "online", "connection_epoch": 1})
    phone.note("courier.duty_changed", {"on_duty": True, "location": CABINET_PLACE})
    order = _rent(cabinet, phone, user)
    _give_back(order, cabinet, phone, user)


def _rent(cabinet: CabinetByHand, phone: Hand, user: Hand) -> str:
    place = {"user": USER, "location": HOME, "quantity": 2}
    user.tell("request", "rental.place_order", place)
    held = cabinet.obey("cabinet.reserve_banks", [{"slot": i + 1, "bank": b} for i, b in enumerate(BANKS)])
    job = _accept_offer(phone)
    assert job["leg"] == "outward"
    assert job["code"] == held["code"]
    cabinet.note("cabinet.pickup_started", {"reservation": held["reservation"], "by": "keypad"})
    for slot, bank in enumerate(BANKS, start=1):
        ejected = {"slot": slot, "bank": bank, "reservation": held["reservation"], "charge_pct": 95}
        cabinet.note("cabinet.bank_ejected", ejected)
    cabinet.note("cabinet.pickup_finished", {"reservation": held["reservation"], "ejected": 2, "missing": 0})
    cabinet.note("cabinet.reservation_ended", {"reservation": held["reservation"], "why": "fulfilled"})
    cabinet.snapshot(2, {})
    phone.note("courier.picked_up", {"job": job["job"], "banks": list(BANKS)})
    phone.note("courier.arrived_at_user", {"job": job["job"]})
    view = _order_in(user, "delivering")
    phone.note("courier.delivered", {"job": job["job"], "code": view["handover_code"], "banks": list(BANKS)})
    view = _order_in(user, "in_use")
    assert sorted(view["banks"]) == sorted(BANKS)
    return str(view["order"])


def _give_back(order: str, cabinet: CabinetByHand, phone: Hand, user: Hand) -> None:
    asked = {"user": USER, "order": order, "location": HOME, "quantity": 2}
    user.tell("request", "rental.request_return", asked)
    held = cabinet.obey("cabinet.reserve_slots", [{"slot": 1}, {"slot": 2}])
    job = _accept_offer(phone)
    assert job["leg"] == "back"
    phone.note("courier.arrived_at_user", {"job": job["job"]})
    view = _order_in(user, "collecting")
    phone.note("courier.collected", {"job": job["job"], "code": view["handover_code"], "banks": list(BANKS)})
    phone.note("courier.arrived_at_cabinet", {"job": job["job"]})
    for slot, bank in enumerate(BANKS, start=1):
        back = {"slot": slot, "bank": bank, "reservation": held["reservation"], "charge_pct": 20}
        cabinet.note("cabinet.bank_returned", back)
    cabinet.note("cabinet.reservation_ended", {"reservation": held["reservation"], "why": "fulfilled"})
    cabinet.snapshot(3, {1: BANKS[0], 2: BANKS[1]})
    phone.note("courier.put_back", {"job": job["job"], "banks": list(BANKS)})
    _order_in(user, "settled")


def _accept_offer(phone: Hand) -> dict[str, Any]:
    """Accept an offer and return its job; one that these slow hands accept too late is made again."""
    while True:
        offer = phone.hear("offer", "courier.job_offered")["data"]
        phone.note("courier.offer_accepted", {"offer": offer["offer"]})
        job = _job_of(offer, phone)
        if job is not None:
            return job


def _job_of(offer: dict[str, Any], phone: Hand) -> dict[str, Any] | None:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        jobs: list[dict[str, Any]] = phone.hear("work", "courier.work")["data"]["jobs"]
        found = next((job for job in jobs if job["job"] == offer["job"]), None)
        if found is not None:
            return found
    return None


def _order_in(user: Hand, state: str) -> dict[str, Any]:
    """Read the retained view of the user's orders until the newest is in that state."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        orders = user.hear("orders", "rental.user_orders")["data"]["orders"]
        if orders and orders[0]["state"] == state:
            view: dict[str, Any] = orders[0]
            return view
    pytest.fail(f"{user.name} waited {PATIENCE_S} s for an order that is {state}")
