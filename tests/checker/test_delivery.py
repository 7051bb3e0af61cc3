"""Jobs and offers."""

import pytest
from chargeloop_checker.delivery_table import JOB_REACH, OFFER_REACH
from checker_stream import Stream

ORDER, JOB = "ord-7a", "job-7a-2"


def placed() -> Stream:
    """Returns a stream with an order that has ended without fees."""
    stream = Stream().tariff().order(ORDER)
    return stream.event(ORDER, "placed", "nothing > reserving").event(ORDER, "failed", "reserving > failed")


def goes(leg: str, *states: str) -> set[str]:
    """Returns what is broken when a job is in these states, one after the other."""
    stream = placed()
    for state in states:
        courier = None if state == "offering" else "cou-1"
        stream.tell("job", JOB, ORDER, leg, state, courier, (), ())
    return stream.broken()


OUTWARD = ("offering", "to_cabinet", "at_cabinet", "to_user", "at_user", "delivered")
BACK = ("offering", "to_user", "at_user", "to_cabinet", "at_cabinet", "returned")


def test_jobs_go_their_way() -> None:
    assert goes("outward", *OUTWARD) == set()
    assert goes("back", *BACK) == set()


def test_several_moves_may_be_told_as_one() -> None:
    assert goes("outward", "offering", "at_cabinet", "delivered") == set()
    assert goes("outward", "cancelled") == set()


@pytest.mark.parametrize("end", ["delivered", "returned", "failed"])
@pytest.mark.parametrize("state", ["offering", "to_user", "cancelled", "lost"])
def test_what_is_final_stays_so(end: str, state: str) -> None:
    assert JOB_REACH["outward"][end] == {end}
    assert end == "failed" or JOB_REACH["back"][end] == {end}
    assert goes("outward", end, state) >= {"delivery.job"}


def test_a_collection_may_come_to_light_after_a_way_back_has_failed() -> None:
    assert goes("back", "to_user", "failed", "bring_back", "returned") == set()
    assert goes("back", "to_user", "failed", "bring_back", "lost") == set()
    assert goes("back", "failed", "to_user") == goes("back", "failed", "offering") == {"delivery.job"}


@pytest.mark.parametrize(
    ("leg", "states"),
    [
        ("outward", ("to_user", "to_cabinet")),
        ("outward", ("bring_back", "to_user")),
        ("back", ("to_cabinet", "to_user")),
        ("back", ("to_user", "delivered")),
        ("outward", ("lost", "bring_back")),
        ("sideways", ("to_user",)),
        ("outward", ("flying",)),
    ],
)
def test_a_job_does_not_go_where_no_way_leads(leg: str, states: tuple[str, ...]) -> None:
    assert goes(leg, *states) == {"delivery.job"}


def test_banks_come_to_light_after_a_job_was_called_off() -> None:
    assert goes("outward", "to_cabinet", "cancelled", "bring_back", "returned") == set()
    assert goes("outward", "to_user", "lost", "delivered") == set()


def test_a_job_is_of_an_order_that_was_placed() -> None:
    stream = placed().tell("job", "job-8c-1", "ord-8c", "back", "offering", None, (), ())
    assert stream.broken() == {"delivery.job"}


def test_a_job_is_of_the_order_that_it_is_named_after() -> None:
    stream = placed().tell("job", "job-8c-1", ORDER, "back", "offering", None, (), ())
    assert stream.broken() == {"delivery.job"}


def test_a_job_stays_the_same_leg() -> None:
    stream = placed().tell("job", JOB, ORDER, "back", "offering", None, (), ())
    assert stream.tell("job", JOB, ORDER, "outward", "offering", None, (), ()).broken() == {"delivery.job"}


def test_banks_of_a_job_are_not_forgotten() -> None:
    stream = placed().tell("job", JOB, ORDER, "back", "to_cabinet", "cou-1", ("bnk-1",), ())
    stream.tell("job", JOB, ORDER, "back", "to_cabinet", "cou-1", ("bnk-1", "bnk-2"), ("bnk-1",))
    assert stream.broken() == set()
    assert stream.change("job", 1, banks=("bnk-2",)).broken() == {"delivery.banks"}


def test_banks_put_back_for_a_job_are_not_forgotten() -> None:
    stream = placed().tell("job", JOB, ORDER, "back", "to_cabinet", "cou-1", ("bnk-1",), ["bnk-1"])
    assert stream.tell("job", JOB, ORDER, "back", "lost", "cou-1", ("bnk-1",), []).broken() == {
        "delivery.banks"
    }


def test_a_courier_is_at_work_on_a_job_that_is_under_way_and_on_no_other() -> None:
    stream = placed().tell("job", JOB, ORDER, "back", "to_user", None, (), ())
    assert stream.broken() == {"delivery.courier"}
    stream = placed().tell("job", JOB, ORDER, "back", "offering", "cou-1", (), ())
    assert stream.broken() == {"delivery.courier"}


# Offers.


def offered(*offers: tuple[str, str, str, str]) -> set[str]:
    """Returns what is broken by offers: name, job, courier and state."""
    stream = placed()
    for offer in offers:
        stream.tell("offer", *offer)
    return stream.broken()


def test_an_offer_is_accepted_and_the_others_are_closed() -> None:
    assert not offered(
        ("off-1", JOB, "cou-1", "open"),
        ("off-2", JOB, "cou-2", "open"),
        ("off-1", JOB, "cou-1", "accepted"),
        ("off-2", JOB, "cou-2", "taken"),
    )


def test_another_courier_accepts_when_the_first_has_left() -> None:
    assert not offered(
        ("off-1", JOB, "cou-1", "accepted"),
        ("off-1", JOB, "cou-1", "withdrawn"),
        ("off-2", JOB, "cou-2", "accepted"),
    )


def test_a_job_is_not_accepted_twice() -> None:
    both = (("off-1", JOB, "cou-1", "accepted"), ("off-2", JOB, "cou-2", "accepted"))
    assert offered(*both) == {"delivery.courier"}


def test_a_courier_has_one_open_offer() -> None:
    both = (("off-1", JOB, "cou-1", "open"), ("off-2", "job-7a-4", "cou-1", "open"))
    assert offered(*both) == {"delivery.waiting"}
    assert offered(both[0], ("off-1", JOB, "cou-1", "expired"), both[1]) == set()


@pytest.mark.parametrize("state", ["declined", "expired", "taken", "withdrawn"])
def test_a_closed_offer_stays_closed(state: str) -> None:
    assert OFFER_REACH[state] == {state}
    assert offered(("off-1", JOB, "cou-1", state), ("off-1", JOB, "cou-1", "accepted")) == {"delivery.offer"}


def test_an_offer_is_of_one_job_to_one_courier() -> None:
    assert offered(("off-1", JOB, "cou-1", "open"), ("off-1", JOB, "cou-2", "accepted")) >= {"delivery.offer"}
    assert offered(("off-1", JOB, "cou-1", "open"), ("off-1", "job-7a-4", "cou-1", "open")) == {
        "delivery.offer"
    }
