"""People who rent and deliver without a page: what they say and do at the broker, as topics.md has it."""

from typing import Any

from chargeloop.protocol.messages import courier as cou
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.common import ConnectionState, Location, Presence
from chargeloop.protocol.messages.world import BankInserted, CodeTyped
from tests.web.bystander import Bystander
from tests.web.town import LAT, LON, Caller, Town

_HERE = Location(lat_e7=round(LAT * 1e7), lon_e7=round(LON * 1e7))
_WORN: Any = {"charge_pct": 20, "health_pct": 95, "temperature_c": 25, "cycles": 10}
_TYPE = "chargeloop.{}.v1"


def rent(town: Town, customer: Caller, courier: str) -> str:
    """Have this courier bring the customer a bank; return the order, which is in use."""
    name, seq = f"cl/v1/demo/courier/{courier}", 0
    topics = (f"{name}/offer", f"{name}/work", f"clsim/v1/demo/tray/+/for/{courier}")
    with Bystander(town.data, courier, *topics) as phone:

        def note(act: Any) -> None:
            nonlocal seq
            seq += 1
            phone.say(f"{name}/event", act, f"courier/{courier}", journalid=f"jnl-{courier}", seq=seq)

        online = ConnectionState(state=Presence.ONLINE, connection_epoch=1)
        phone.say(f"{name}/connection", online, f"courier/{courier}")
        note(cou.DutyChanged(on_duty=True, location=_HERE))
        order = customer.place_order(1)
        offer = phone.hear(_TYPE.format("courier.job_offered"))
        note(cou.OfferAccepted(offer=offer["offer"]))
        cabinet = customer.wait_for(order, "fetching")["cabinet"]
        work = [one["data"] for one in phone.messages if one["type"] == _TYPE.format("courier.work")][-1]
        job = next(job for job in work["jobs"] if job["job"] == offer["job"])
        keypad = f"clsim/v1/demo/hands/{courier}/at/{cabinet}"
        phone.say(keypad, CodeTyped(code=job["code"]), f"courier/{courier}")
        banks = tuple(bank["bank"] for bank in phone.hear(_TYPE.format("world.cabinet_answered"))["banks"])
        note(cou.PickedUp(job=job["job"], banks=banks))
        note(cou.ArrivedAtUser(job=job["job"]))
        code = customer.wait_for(order, "delivering")["handover_code"]
        note(cou.Delivered(job=job["job"], code=code, banks=banks))
        customer.wait_for(order, "in_use")
        note(cou.DutyChanged(on_duty=False, location=_HERE))
    return order


def push_in(town: Town, order: Any, user: str, cabinet: str = "cab-0001") -> None:
    """Push the banks of the order into a cabinet, as the user would."""
    banks = [event["detail"]["bank"] for event in order["events"] if event["type"] == "bank_ejected"]
    with Bystander(town.data, user, f"clsim/v1/demo/shelf/{cabinet}/for/{user}") as hands:
        for count, bank in enumerate(banks, start=1):
            pushed = BankInserted(bank=BankStatus(bank=bank, **_WORN))
            hands.say(f"clsim/v1/demo/fingers/{user}/at/{cabinet}", pushed, f"user/{user}")
            hands.wait_for(count)
    assert [answer["data"]["accepted"] for answer in hands.messages] == [True] * len(banks)
