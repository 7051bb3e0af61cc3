"""People who come afterwards: they want what can be served, and whoever is not served complains."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chargeloop.broker import BrokerAddress
from chargeloop.broker.clock import ScaledClock
from chargeloop.cli.chaos import afterwards
from chargeloop.cli.chaos.afterwards import serve, visitors
from chargeloop.cli.city import lay_out
from chargeloop.cli.demo import free_port
from chargeloop.cli.scenario import ReturnManner, demo_scenario
from chargeloop.cli.users import World
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.protocol.messages.rental import HandOver


def test_they_want_one_bank_each_have_it_brought_and_fetched_and_are_there() -> None:
    plans = visitors(7)
    assert plans == visitors(7)
    assert len({plan.user for plan in plans}) == len(plans) > 0
    for plan in plans:
        assert (plan.at_ms, plan.quantity, plan.hand_over) == (0, 1, HandOver.COURIER)
        assert (plan.returns, plan.cancel_at, plan.absent_knocks) == (ReturnManner.COURIER, None, 0)


async def test_whoever_is_not_served_in_time_complains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = visitors(7)
    town = replace(demo_scenario(seed=7, orders=1), people=late)
    clock = ScaledClock(real_origin_ms=0, origin_ms=town.origin_ms, speed=1.0)
    files = lay_out(town, tmp_path / "data")
    nobody = free_port()
    world = World(
        region=town.region, broker=BrokerAddress("127.0.0.1", nobody), clock=clock, origin_ms=clock.now_ms(),
        gateway_url=f"http://127.0.0.1:{nobody}", tokens=AccessTokens.of_data(files.data, town.region),
        directory=tmp_path / "users", note=lambda _: None,
    )  # fmt: skip
    place: Any = SimpleNamespace(world=lambda: world, data=files.data, stage=SimpleNamespace(scenario=town))
    monkeypatch.setattr(afterwards, "deadline_ms", lambda _, clock: clock.now_ms() + 200)
    complaints = await serve(place, late)
    assert [complaint.split()[0] for complaint in complaints] == [plan.user for plan in late]
    assert all(complaint.endswith("in vain") for complaint in complaints)
