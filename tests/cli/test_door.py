"""A simulated person's door and hands: banks change hands once for each knock, however often it is heard."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from chargeloop.cli.door import ABSENT, Door
from chargeloop.cli.hands import Hands
from chargeloop.cli.scenario import ALWAYS, ReturnManner, demo_scenario
from chargeloop.protocol.ids import BankId, JobId, OrderId
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.rental import HandOver, OrderState, OrderView
from chargeloop.protocol.messages.world import Knocked

PLAN = replace(
    demo_scenario(seed=1, orders=1).people[0],
    absent_knocks=0, returns=ReturnManner.COURIER, returned_charge_pct=20,
)  # fmt: skip
BANKS = tuple(
    BankStatus(bank=BankId(f"bnk-{n}"), charge_pct=90, health_pct=99, temperature_c=20, cycles=5)
    for n in (1, 2)
)
BRINGING = Knocked(job=JobId("job-1"), delivering=True, banks=BANKS)
COLLECTING = Knocked(job=JobId("job-2"), delivering=False)


def view(state: OrderState) -> OrderView:
    return OrderView(
        order=OrderId("ord-1"), state=state, quantity=2, hand_over=HandOver.COURIER, handover_code="4821",
        placed=0, changed=0,
    )  # fmt: skip


async def at_once(states: frozenset[OrderState]) -> OrderView | None:
    return view(min(states))


async def never(states: frozenset[OrderState]) -> OrderView | None:
    return None


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "usr-1" / "hands.json")


async def test_a_knock_heard_twice_and_late_gets_the_same_answer_and_moves_banks_once(hands: Hands) -> None:
    door = Door(PLAN, hands, at_once)
    first, second = await asyncio.gather(door.knocked("k1", BRINGING), door.knocked("k1", BRINGING))
    assert (first.present, first.code) == (True, "4821")
    assert first == second
    assert hands.banks == BANKS
    given = await door.knocked("k2", COLLECTING)
    assert [bank.bank for bank in given.banks] == ["bnk-1", "bnk-2"]
    assert all((bank.charge_pct, bank.cycles) == (20, 6) for bank in given.banks)
    assert await door.knocked("k1", BRINGING) == first
    assert await door.knocked("k2", COLLECTING) == given
    assert hands.banks == ()


async def test_a_partial_return_keeps_one_bank_the_first_time(hands: Hands) -> None:
    door = Door(replace(PLAN, returns=ReturnManner.PARTIAL), hands, at_once)
    hands.take(BANKS)
    assert [bank.bank for bank in (await door.knocked("k1", COLLECTING)).banks] == ["bnk-2"]
    assert [bank.bank for bank in (await door.knocked("k2", COLLECTING)).banks] == ["bnk-1"]


async def test_nobody_opens_so_often_as_planned(hands: Hands) -> None:
    once = Door(replace(PLAN, absent_knocks=1), hands, at_once)
    assert [(await once.knocked(f"k{n}", BRINGING)).present for n in range(3)] == [False, True, True]
    always = Door(replace(PLAN, absent_knocks=ALWAYS), hands, at_once)
    assert not any([(await always.knocked(f"k{n}", BRINGING)).present for n in range(ALWAYS + 2)])


async def test_who_has_called_the_order_off_takes_nothing(hands: Hands) -> None:
    assert await Door(PLAN, hands, never).knocked("k1", BRINGING) == ABSENT
    assert hands.banks == ()


def test_hands_are_on_disk_after_every_change(hands: Hands, tmp_path: Path) -> None:
    path = tmp_path / "usr-1" / "hands.json"
    assert json.loads(path.read_text()) == {"banks": []}
    hands.take((*BANKS, BANKS[0]))
    assert json.loads(path.read_text()) == {"banks": ["bnk-1", "bnk-2"]}
    hands.let_go(BANKS[:1])
    assert json.loads(path.read_text()) == {"banks": ["bnk-2"]}
