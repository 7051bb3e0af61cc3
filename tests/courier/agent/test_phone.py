"""The simulated courier against the real dispatch core, on virtual time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chargeloop.courier.agent.errand import ACTS, GOALS, Goal
from chargeloop.protocol.messages import courier, delivery
from chargeloop.protocol.messages.courier import JobStep, LegKind
from chargeloop.protocol.messages.world import BankInserted, CodeTyped, Knocked
from tests.courier.agent.scene import Scene, bank, profile
from tests.courier.core.making import CODE, JOB, NOW_MS, A, cancellation, north, redirection, request

PICKUP_CODE = "402913"
OUTWARD = ["DutyChanged", "OfferAccepted", "ArrivedAtCabinet", "PickedUp", "ArrivedAtUser", "Delivered"]
BACK = ["DutyChanged", "OfferAccepted", "ArrivedAtUser", "Collected", "ArrivedAtCabinet", "PutBack"]


@asynccontextmanager
async def playing(scene: Scene) -> AsyncIterator[Scene]:
    await scene.start()
    try:
        yield scene
    finally:
        await scene.close()


def loaded(directory: Path, **changes: object) -> Scene:
    return Scene(directory, who=profile(**changes), tray={PICKUP_CODE: [bank("bnk-1"), bank("bnk-2")]})


def full_user(directory: Path, **changes: object) -> Scene:
    return Scene(directory, who=profile(**changes), user=[bank("bnk-1"), bank("bnk-2")])


def test_every_step_of_both_legs_has_a_goal_and_every_goal_an_act() -> None:
    assert set(GOALS) == {(leg, step) for leg in LegKind for step in JobStep}
    assert set(ACTS) == set(Goal)


async def test_a_courier_fetches_and_delivers(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.user) == 2 and scene.idle())
    assert scene.acts() == OUTWARD
    assert scene.held() == []
    assert scene.world.report_types()[-1] == "RentalSucceeded"


async def test_a_courier_collects_and_puts_back_into_the_slots_kept_free(tmp_path: Path) -> None:
    async with playing(full_user(tmp_path)) as scene:
        scene.opens = {"402913"}
        await scene.tell(lambda: scene.world.ask(request(back=True)))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.acts() == BACK
    assert [type(act) for _, act in scene.asked] == [Knocked, CodeTyped, BankInserted, BankInserted]
    assert [act.code for _, act in scene.asked if isinstance(act, BankInserted)] == ["402913", "402913"]
    assert scene.world.report_types()[-1] == "ReturnSucceeded"


async def test_travel_takes_the_time_of_the_way_and_the_service(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.user) == 2)
    # 2 s to answer, no way to the cabinet, 500 m at 5 m/s, 10 s at both ends.
    assert 122_000 <= scene.clock.now_ms() - NOW_MS <= 130_000


async def answered_after_ms(scene: Scene) -> int:
    async with playing(scene):
        await scene.until(lambda: scene.acts() == ["DutyChanged"])
        offered_ms = scene.clock.now_ms()
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "OfferAccepted" in scene.acts())
    return scene.clock.now_ms() - offered_ms


async def test_an_answer_takes_longer_the_longer_the_way_is_and_within_its_spread(tmp_path: Path) -> None:
    near = loaded(tmp_path / "near", answer_ms=8_000, answer_spread_ms=12_000)
    far = loaded(tmp_path / "far", answer_ms=8_000, answer_spread_ms=12_000, lat_e7=north(5_000).lat_e7)
    # A wait of the test ends up to half a second late.
    assert 8_000 <= await answered_after_ms(near) <= 11_500
    assert 17_000 <= await answered_after_ms(far) <= 20_500


async def test_a_dawdler_takes_longer(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path, slow_factor=3)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.user) == 2)
    assert scene.clock.now_ms() - NOW_MS >= 322_000


async def test_positions_are_told_on_the_way(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.user) == 2)
    northings = [position.location.lat_e7 for position in scene.positions]
    assert northings == sorted(northings)
    assert len(set(northings)) >= 6


async def test_a_shift_begins_and_ends_and_the_job_is_finished_after_it(tmp_path: Path) -> None:
    scene = loaded(tmp_path, on_ms=NOW_MS + 5_000, off_ms=NOW_MS + 20_000)
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.user) == 2)
    duties = [(event.on_duty) for event in scene.recorded if isinstance(event, courier.DutyChanged)]
    assert duties == [True, False]


async def test_whoever_accepts_nothing_declines(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path, accept_probability=0.0)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "DeliveryFailed" in scene.world.report_types())
    assert scene.acts() == ["DutyChanged", "OfferDeclined"]


async def test_whoever_ignores_three_offers_is_set_off_duty_and_comes_back_after_a_rest(
    tmp_path: Path,
) -> None:
    async with playing(loaded(tmp_path, ignore_probability=1.0, rest_ms=60_000)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: scene.acts().count("DutyChanged") == 2)
    assert scene.acts() == ["DutyChanged", "DutyChanged"]


async def test_banks_whose_coming_out_was_not_heard_are_taken_although_the_job_was_called_off(
    tmp_path: Path,
) -> None:
    async with playing(loaded(tmp_path)) as scene:
        scene.deaf = True
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(cancellation()))
        scene.deaf = False
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.held() == []


async def test_nothing_in_the_cabinet_is_reported_and_the_redirection_followed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, tray={"118270": [bank("bnk-7")]})
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(redirection(quantity=1)))
        await scene.until(lambda: len(scene.user) == 1)
    assert scene.acts().count("ProblemReported") == 1
    assert [act.code for _, act in scene.asked if isinstance(act, CodeTyped)] == [PICKUP_CODE, "118270"]


async def test_a_silent_cabinet_is_left_for_another_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path, tray={"118270": [bank("bnk-7")]}, silent=True)
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(redirection(quantity=1)))
        await scene.until(lambda: scene.clock.now_ms() > NOW_MS + 600_000)
        scene.silent = False
        await scene.until(lambda: len(scene.user) == 1)
    ids = {asked for asked, act in scene.asked if isinstance(act, CodeTyped) and act.code == PICKUP_CODE}
    assert len(ids) == 1


async def test_an_absent_user_is_waited_for_and_reported(tmp_path: Path) -> None:
    scene = loaded(tmp_path)
    scene.absences = 3
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.user) == 2 and scene.idle())
    assert scene.acts() == [*OUTWARD[:-1], "ProblemReported", "Delivered"]
    assert len({asked for asked, act in scene.asked if isinstance(act, Knocked)}) == 4


async def test_a_user_who_never_comes_ends_in_giving_up_and_the_banks_go_back(tmp_path: Path) -> None:
    scene = loaded(tmp_path)
    scene.absences = 1_000
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.acts()[-2:] == ["GaveUp", "PutBack"]
    assert scene.world.report_types()[-1] == "ReturnSucceeded"


async def test_a_cancellation_on_the_way_brings_the_banks_to_the_cabinet_named(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "PickedUp" in scene.acts())
        await scene.until(lambda: scene.positions[-1].location.lat_e7 > scene.who.lat_e7)
        await scene.tell(lambda: scene.world.ask(cancellation()))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.user == []
    codes = [act.code for _, act in scene.asked if isinstance(act, BankInserted)]
    # The cabinet of this scene knows no return code, so the banks go in as anybody's.
    assert codes == [None, None]
    assert scene.world.report_types()[-1] == "ReturnSucceeded"


async def test_banks_that_come_out_when_banks_are_brought_back_go_in_with_them(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "PickedUp" in scene.acts())
        scene.tray[PICKUP_CODE] = [bank("bnk-3")]
        called_off = delivery.DeliveryCancelled(job=JOB, reason="called off")
        await scene.tell(lambda: scene.world.ask(called_off))
        await scene.until(lambda: len(scene.inside) == 3 and scene.idle())
    assert scene.held() == []


async def test_a_cancellation_before_the_pickup_frees_the_courier(tmp_path: Path) -> None:
    async with playing(loaded(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "OfferAccepted" in scene.acts())
        await scene.tell(lambda: scene.world.ask(cancellation()))
        await scene.until(scene.idle)
    assert scene.asked == []


async def test_a_cabinet_that_takes_only_banks_without_the_code_gets_them_so(tmp_path: Path) -> None:
    scene = full_user(tmp_path)
    scene.opens = {"402913"}  # the code is accepted at the keypad, not at the slots
    scene.takes = lambda _cabinet, act: act.code is None
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request(back=True)))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.world.report_types()[-1] == "ReturnSucceeded"


async def test_a_full_cabinet_is_reported_and_the_rest_goes_where_the_redirection_says(
    tmp_path: Path,
) -> None:
    scene = full_user(tmp_path)
    scene.takes = lambda cabinet, _act: cabinet == "cab-2" or not scene.inside
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request(back=True)))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(redirection(quantity=1)))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    success = scene.world.reports()[-1]
    assert isinstance(success, delivery.ReturnSucceeded)
    assert set(success.banks) == {"bnk-1", "bnk-2"}


async def test_a_wrong_code_said_at_the_door_is_asked_for_again(tmp_path: Path) -> None:
    scene = loaded(tmp_path)
    scene.code_said = "0000"
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request()))
        await scene.until(lambda: "Delivered" in scene.acts())
        scene.code_said = CODE
        await scene.until(lambda: "RentalSucceeded" in scene.world.report_types())
    assert scene.acts().count("Delivered") == 2
    assert len(scene.user) == 2


async def test_a_user_who_gives_nothing_is_a_user_who_is_not_there(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request(back=True)))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(cancellation()))
        await scene.until(scene.idle)
    assert "Collected" not in scene.acts()


@pytest.mark.parametrize("back", [False, True])
async def test_giving_up_before_the_pickup_leaves_with_empty_hands(tmp_path: Path, back: bool) -> None:  # noqa: FBT001
    make = full_user if back else loaded
    async with playing(make(tmp_path, gives_up="before_pickup")) as scene:
        await scene.tell(lambda: scene.world.ask(request(back=back)))
        await scene.until(lambda: "GaveUp" in scene.acts() and scene.idle())
    assert scene.asked == []
    assert "CourierGaveUp" in scene.world.report_types()


@pytest.mark.parametrize("back", [False, True])
async def test_giving_up_after_the_pickup_puts_the_banks_into_a_cabinet_like_anybody(
    tmp_path: Path,
    back: bool,  # noqa: FBT001
) -> None:
    make = full_user if back else loaded
    async with playing(make(tmp_path, gives_up="after_pickup")) as scene:
        await scene.tell(lambda: scene.world.ask(request(back=back)))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert [act.code for _, act in scene.asked if isinstance(act, BankInserted)] == [None, None]
    assert scene.acts()[-2:] == ["GaveUp", "PutBack"]


async def test_banks_of_a_job_that_is_gone_go_to_another_cabinet_when_the_last_one_is_full(
    tmp_path: Path,
) -> None:
    scene = full_user(tmp_path)
    scene.takes = lambda cabinet, _act: cabinet == "cab-1" and "GaveUp" in scene.acts()
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request(back=True)))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(redirection(quantity=2)))
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.acts()[-2:] == ["GaveUp", "PutBack"]
    assert scene.held() == []


async def test_a_phone_that_starts_anew_still_knows_the_other_cabinets(tmp_path: Path) -> None:
    scene = full_user(tmp_path)
    roomy: list[str] = []
    scene.takes = lambda cabinet, _act: cabinet in roomy
    async with playing(scene):
        await scene.tell(lambda: scene.world.ask(request(back=True)))
        await scene.until(lambda: "ProblemReported" in scene.acts())
        await scene.tell(lambda: scene.world.ask(redirection(quantity=2)))
        await scene.until(lambda: "GaveUp" in scene.acts())
        await scene.stop()
        roomy.append("cab-1")
        await scene.start()
        await scene.until(lambda: len(scene.inside) == 2 and scene.idle())
    assert scene.held() == []


@pytest.mark.parametrize("make", [loaded, full_user])
@pytest.mark.parametrize("after_ms", [1_000, 3_000, 12_300, 60_000, 112_300, 125_000, 230_000, 236_300])
async def test_a_phone_killed_anywhere_goes_on_and_does_each_act_once(
    tmp_path: Path, make: Callable[[Path], Scene], after_ms: int
) -> None:
    back = make is full_user
    async with playing(make(tmp_path)) as scene:
        await scene.tell(lambda: scene.world.ask(request(back=back)))
        await scene.until(lambda: scene.clock.now_ms() >= NOW_MS + after_ms)
        await scene.stop()
        await scene.start()
        await scene.until(lambda: scene.idle() and "Succeeded" in str(scene.world.report_types()))
    assert len(scene.inside if back else scene.user) == 2
    banks = scene.world.reports()[-1]
    assert isinstance(banks, delivery.RentalSucceeded | delivery.ReturnSucceeded)
    assert sorted(banks.banks) == ["bnk-1", "bnk-2"]
    assert scene.world.work(A).refusals == ()
    assert JOB in scene.world.region.board.jobs
