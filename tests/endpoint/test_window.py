"""A journal crosses a wire that loses, repeats and reorders: every entry arrives once, in order."""

import random
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.broker.endpoint.inbox import Inbox, Verdict
from chargeloop.broker.window import SendWindow

RESEND_MS = 1_000


class Wire:
    """Carries packets one way; what it does to them follows from its numbers.

    `gap` is the flag that travels along: a gap on the way back, the mark of the first kept on the way out.
    """

    def __init__(self, rng: random.Random, *, lost: float, repeated: float, overtaken: float) -> None:
        self._rng = rng
        self._lost = lost
        self._repeated = repeated
        self._overtaken = overtaken
        self._packets: deque[tuple[int, bool]] = deque()

    def put(self, seq: int, *, gap: bool = False) -> None:
        for _ in range(2 if self._rng.random() < self._repeated else 1):
            if self._rng.random() >= self._lost:
                place = self._rng.randint(0, len(self._packets))
                late = self._rng.random() < self._overtaken
                self._packets.insert(place if late else len(self._packets), (seq, gap))

    def take(self) -> list[tuple[int, bool]]:
        count = self._rng.randint(0, len(self._packets))
        return [self._packets.popleft() for _ in range(count)]


@given(
    seed=st.integers(0, 2**32),
    entries=st.integers(1, 60),
    limit=st.integers(1, 20),
    lost=st.floats(0, 0.6),
    repeated=st.floats(0, 0.6),
    overtaken=st.floats(0, 0.6),
    breaks=st.floats(0, 0.05),
)
@settings(max_examples=150)
def test_every_entry_arrives_exactly_once_and_in_order(
    seed: int, entries: int, limit: int, lost: float, repeated: float, overtaken: float, breaks: float
) -> None:
    rng = random.Random(seed)
    window = SendWindow(limit, RESEND_MS)
    inbox = Inbox({}, [], [])
    out, back = (Wire(rng, lost=lost, repeated=repeated, overtaken=overtaken) for _ in range(2))
    taken: list[int] = []
    now_ms = 0
    while window.acked < entries:
        window.last = min(entries, window.last + rng.randint(0, 3))
        if rng.random() < breaks:
            window.restart()
        for seq in window.take(now_ms):
            assert window.acked < seq <= window.acked + limit
            out.put(seq, gap=window.is_marked(seq))
        for seq, marked in out.take():
            kept_from = seq if marked else None
            verdict = inbox.entry("cabinet/cab-1", "jnl-1", seq, Changes(), kept_from=kept_from)
            taken += [seq] if verdict is Verdict.NEW else []
            back.put(inbox.mark("cabinet/cab-1", "jnl-1"), gap=verdict is Verdict.GAP)
        for seq, gap in back.take():
            window.acknowledge(seq, now_ms, gap=gap)
        now_ms += rng.randint(1, RESEND_MS)
        assert now_ms < 10_000_000, "the journal does not get through"
    assert taken == list(range(1, entries + 1))


def filled(last: int, limit: int = 10) -> SendWindow:
    window = SendWindow(limit, RESEND_MS)
    window.last = last
    return window


def test_no_more_than_the_limit_is_on_the_wire() -> None:
    window = filled(25)
    assert list(window.take(0)) == list(range(1, 11))
    assert list(window.take(0)) == []
    window.acknowledge(4, 0, gap=False)
    assert window.has_more()
    assert list(window.take(0)) == [11, 12, 13, 14]


def test_without_an_acknowledgement_the_first_is_sent_again_with_growing_pauses() -> None:
    window = filled(3)
    window.take(0)
    due_ms = []
    for _ in range(6):
        assert window.resend_at_ms is not None
        due_ms.append(window.resend_at_ms)
        assert list(window.take(window.resend_at_ms - 1)) == []
        assert list(window.take(window.resend_at_ms)) == [1]
    assert [later - earlier for earlier, later in pairwise(due_ms)] == [
        2_000,
        4_000,
        8_000,
        16_000,
        16_000,
    ]


def test_the_answer_to_a_knock_sends_the_rest_again() -> None:
    window = filled(5)
    window.take(0)
    window.last = 7
    assert list(window.take(RESEND_MS)) == [1, 6, 7]
    window.acknowledge(2, RESEND_MS, gap=False)
    assert list(window.take(RESEND_MS)) == [3, 4, 5, 6, 7]
    window.acknowledge(4, RESEND_MS, gap=False)
    assert list(window.take(RESEND_MS)) == []


def test_nothing_unacknowledged_means_no_timer() -> None:
    window = filled(3)
    assert window.resend_at_ms is None
    window.take(0)
    window.acknowledge(3, 10, gap=False)
    assert window.resend_at_ms is None


def test_many_reports_of_one_gap_send_the_window_once() -> None:
    window = filled(5)
    window.take(0)
    for _ in range(4):
        window.acknowledge(1, 5, gap=True)
    assert list(window.take(5)) == [2, 3, 4, 5]
    window.acknowledge(1, 6, gap=True)
    assert list(window.take(6)) == []
    window.acknowledge(2, 7, gap=True)
    assert list(window.take(7)) == [3, 4, 5]


@pytest.mark.parametrize("gap", [False, True])
def test_an_acknowledgement_that_comes_twice_or_late_takes_nothing_back(*, gap: bool) -> None:
    window = filled(5)
    window.take(0)
    assert window.acknowledge(3, 0, gap=False)
    assert not window.acknowledge(3, 0, gap=False)
    assert not window.acknowledge(1, 0, gap=gap)
    assert window.acked == 3


def test_an_acknowledgement_of_what_was_never_recorded_is_ignored() -> None:
    window = filled(5)
    window.take(0)
    assert not window.acknowledge(6, 0, gap=False)
    assert window.acked == 0


def test_a_new_connection_sends_what_is_unacknowledged_at_once() -> None:
    window = filled(5)
    window.take(0)
    window.acknowledge(2, 0, gap=False)
    window.restart()
    assert list(window.take(1)) == [3, 4, 5]


@given(seed=st.integers(0, 2**32), kept=st.integers(0, 30), lost=st.floats(0, 0.5))
@settings(max_examples=100)
def test_a_receiver_that_wakes_up_with_an_older_store_gets_everything_that_is_still_kept(
    seed: int, kept: int, lost: float
) -> None:
    rng = random.Random(seed)
    window = filled(60)
    window.acknowledge(40, 0, gap=False)
    inbox = Inbox({("cabinet/cab-1", "jnl-1"): kept}, [], [])
    out, back = (Wire(rng, lost=lost, repeated=0.3, overtaken=0.3) for _ in range(2))
    taken: list[int] = []
    now_ms = 0
    while window.acked < 60:
        for seq in window.take(now_ms):
            out.put(seq, gap=window.is_marked(seq))
        for seq, marked in out.take():
            kept_from = seq if marked else None
            verdict = inbox.entry("cabinet/cab-1", "jnl-1", seq, Changes(), kept_from=kept_from)
            taken += [seq] if verdict is Verdict.NEW else []
            back.put(inbox.mark("cabinet/cab-1", "jnl-1"), gap=verdict is Verdict.GAP)
        for seq, gap in back.take():
            window.acknowledge(seq, now_ms, gap=gap)
        now_ms += rng.randint(1, RESEND_MS)
        assert now_ms < 10_000_000, "the journal does not get through"
    assert taken == list(range(41, 61))


def test_only_the_first_entry_kept_is_marked_and_only_when_less_was_asked_for() -> None:
    window = filled(5)
    window.take(0)
    window.acknowledge(2, 0, gap=True)
    assert not any(window.is_marked(seq) for seq in window.take(0))
    window.acknowledge(0, 1, gap=True)
    assert [seq for seq in range(1, 6) if window.is_marked(seq)] == [3]
    window.acknowledge(3, 2, gap=False)
    assert not window.is_marked(4)
