"""The physical cabinet: what hands take and what they leave."""

from chargeloop.protocol.fields import MOST_BANKS
from chargeloop.protocol.messages import world
from chargeloop.station.core import mechanics
from chargeloop.station.core.mechanics import Mechanics
from chargeloop.station.core.memory import OPEN_TRAY, GiveAnswer, TrayBank
from tests.station.core.workbench import NOON_MS, asker, bank


def test_a_hand_takes_no_more_banks_than_it_can_hold_and_the_rest_waits_for_the_next() -> None:
    lying = tuple(TrayBank(bank(str(number), 90), OPEN_TRAY) for number in range(MOST_BANKS + 1))
    works = Mechanics((), tray=lying)
    taken = []
    for number in (1, 2):
        act = GiveAnswer(asker(request=f"m-{number}"), accepted=True, display="take them", claim=OPEN_TRAY)
        works = mechanics.give(works, act, NOON_MS)
        answer = works.answers[act.asker.key]
        world.CabinetAnswered(accepted=answer.accepted, display=answer.display, banks=answer.banks)
        taken.append([status.bank for status in answer.banks])
    assert [len(banks) for banks in taken] == [MOST_BANKS, 1]
    assert sorted(taken[0] + taken[1]) == sorted(one.bank.bank for one in lying)
    assert works.tray == ()
