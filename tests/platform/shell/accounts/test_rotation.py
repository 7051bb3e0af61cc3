"""What a refresh token means that is shown."""

import pytest

from chargeloop.platform.shell.accounts.rotation import GRACE_MS, Shown, Verdict, judge

NOW_MS = 1_000_000


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (Shown(None, successor_used=False, session_lives=True), Verdict.EXCHANGED),
        (Shown(NOW_MS, successor_used=False, session_lives=True), Verdict.EXCHANGED),
        (Shown(NOW_MS - GRACE_MS, successor_used=False, session_lives=True), Verdict.EXCHANGED),
        (Shown(NOW_MS - GRACE_MS - 1, successor_used=False, session_lives=True), Verdict.STOLEN),
        (Shown(NOW_MS, successor_used=True, session_lives=True), Verdict.STOLEN),
        (Shown(None, successor_used=False, session_lives=False), Verdict.REFUSED),
        (Shown(NOW_MS, successor_used=True, session_lives=False), Verdict.REFUSED),
    ],
)
def test_a_token_is_exchanged_once_and_within_moments_twice(shown: Shown, verdict: Verdict) -> None:
    assert judge(shown, NOW_MS) is verdict
