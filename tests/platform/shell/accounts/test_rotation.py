"""What a refresh token means that is shown."""

import pytest

from chargeloop.platform.shell.accounts.rotation import GRACE_MS, Shown, Verdict, discards_successors, judge

NOW_MS = 1_000_000


def shown(
    replaced_ms: int | None = None, *, used: bool = False, discarded: bool = False, lives: bool = True
) -> Shown:
    return Shown(replaced_ms, successor_used=used, discarded=discarded, session_lives=lives)


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (shown(), Verdict.EXCHANGED),
        (shown(0), Verdict.EXCHANGED),
        (shown(NOW_MS, used=True), Verdict.STOLEN),
        (shown(discarded=True), Verdict.STOLEN),
        (shown(lives=False), Verdict.REFUSED),
        (shown(NOW_MS, used=True, lives=False), Verdict.REFUSED),
        (shown(discarded=True, lives=False), Verdict.REFUSED),
    ],
)
def test_a_token_is_good_until_what_was_given_for_it_is_used(token: Shown, verdict: Verdict) -> None:
    assert judge(token) is verdict


def test_two_tabs_are_left_their_answers_for_moments() -> None:
    assert not discards_successors(shown(), NOW_MS)
    assert not discards_successors(shown(NOW_MS - GRACE_MS), NOW_MS)
    assert discards_successors(shown(NOW_MS - GRACE_MS - 1), NOW_MS)
