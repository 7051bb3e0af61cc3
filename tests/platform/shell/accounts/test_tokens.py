"""The signing key and what it signs. Tokens that are wrong are tried over HTTP (`test_http_problems`)."""

import concurrent.futures
from pathlib import Path

import pytest

from chargeloop.platform.shell.accounts.tokens import (
    ACCESS_S,
    AccessTokens,
    BrokenKeyError,
    Claims,
    key_path,
    signing_key,
)
from chargeloop.protocol.topics import Role
from tests.platform.shell.books import REGION
from tests.platform.shell.scripted import KEY, Instant


def test_a_token_is_good_for_a_quarter_of_an_hour() -> None:
    time = Instant()
    tokens = AccessTokens(KEY, REGION, time.now_s)
    token = tokens.sign("opr-anna", "ses-1")
    time.pass_s(ACCESS_S - 1)
    assert tokens.read(token) == Claims("opr-anna", Role.OPERATOR, "ses-1")
    time.pass_s(1)
    assert tokens.read(token) is None


def test_the_key_is_drawn_once_for_its_owner_alone(tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(signing_key, [tmp_path] * 8))
    assert len(keys) == 1
    assert key_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key_path(tmp_path).parent.iterdir()] == ["token.key"]


def test_a_key_that_was_cut_short_is_not_used(tmp_path: Path) -> None:
    signing_key(tmp_path)
    key_path(tmp_path).write_bytes(b"short")
    with pytest.raises(BrokenKeyError, match=r"token\.key is not a key of 32 bytes"):
        signing_key(tmp_path)
