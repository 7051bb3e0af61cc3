"""Accounts and sessions on disk."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chargeloop.broker.credentials import CredentialStore, UnknownClientError
from chargeloop.platform.shell.accounts.account import Account, AccountError, new_account
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.accounts.rotation import GRACE_MS, SESSION_MS
from chargeloop.platform.shell.accounts.store import AccountStore, Session, Stolen, accounts_path
from chargeloop.protocol.topics import Role
from tests.platform.shell.books import NOON_MS, REGION
from tests.platform.shell.scripted import Instant
from tests.platform.shell.sessions import session_of

ANNA = new_account(Role.OPERATOR, "Anna", region=REGION, now_ms=NOON_MS)
PASSWORD = "correct horse"


@pytest.fixture
async def anna(registry: Registry) -> Account:
    await registry.open(ANNA, PASSWORD)
    return ANNA


async def test_an_account_is_kept_and_only_a_hash_of_its_password(
    registry: Registry, anna: Account, tmp_path: Path
) -> None:
    assert await registry.store.all() == [anna] == [await registry.store.find("anna")]
    stored = await registry.store.password_hash("anna")
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert await registry.passwords.fits(stored, PASSWORD)
    assert not await registry.passwords.fits(stored, PASSWORD + "x")
    await registry.store.close()
    directory = accounts_path(tmp_path).parent
    assert all(PASSWORD.encode() not in path.read_bytes() for path in directory.iterdir())


async def test_a_login_name_and_an_id_are_taken_once(registry: Registry, anna: Account) -> None:
    same_login = new_account(Role.USER, "ANNA", region=REGION, now_ms=NOON_MS)
    same_id = new_account(Role.OPERATOR, "ben", region=REGION, now_ms=NOON_MS, account_id=anna.id)
    for account, taken in ((same_login, "anna"), (same_id, "opr-anna")):
        with pytest.raises(AccountError, match=f"an account '{taken}' already"):
            await registry.open(account, PASSWORD)
    assert await registry.store.all() == [anna]


async def test_who_is_disabled_loses_sessions_and_credentials_and_gets_new_ones(
    registry: Registry, anna: Account, credentials: CredentialStore
) -> None:
    session = await session_of(registry.store, anna)
    password = credentials.load(anna.id).password
    assert (await registry.disable("ANNA")).disabled
    assert not await registry.store.lives(session.id)
    assert await registry.store.refresh(session.refresh) is None
    with pytest.raises(UnknownClientError):
        credentials.load(anna.id)
    assert not (await registry.enable("anna")).disabled
    assert not await registry.store.lives(session.id)
    assert credentials.load(anna.id).password != password


async def test_another_password_ends_the_sessions_and_renews_the_credentials(
    registry: Registry, anna: Account, credentials: CredentialStore
) -> None:
    session = await session_of(registry.store, anna)
    of_broker = credentials.load(anna.id).password
    await registry.set_password("anna", "battery staple")
    assert not await registry.store.lives(session.id)
    assert credentials.load(anna.id).password != of_broker
    stored = await registry.store.password_hash("anna")
    assert await registry.passwords.fits(stored, "battery staple")


async def test_another_password_lets_nobody_in_who_is_disabled(
    registry: Registry, anna: Account, credentials: CredentialStore
) -> None:
    await registry.disable("anna")
    await registry.set_password("anna", "battery staple")
    with pytest.raises(UnknownClientError):
        credentials.load(anna.id)


async def test_what_is_not_there_cannot_be_changed(registry: Registry) -> None:
    for change in (registry.disable, registry.enable):
        with pytest.raises(AccountError, match="no account 'nobody'"):
            await change("nobody")
    with pytest.raises(AccountError, match="no account 'nobody'"):
        await registry.set_password("nobody", PASSWORD)


async def test_the_cost_of_a_hash_is_raised_without_another_password(
    registry: Registry, anna: Account
) -> None:
    old = await registry.store.password_hash("anna")
    dearer = Passwords(memory_kib=16)
    assert old is not None
    assert dearer.is_stale(old)
    await registry.store.renew_hash("anna", old, await dearer.hash(PASSWORD))
    new = await registry.store.password_hash("anna")
    assert new is not None
    assert not dearer.is_stale(new)
    await registry.store.renew_hash("anna", old, "late")  # the password has been changed meanwhile
    assert await registry.store.password_hash("anna") == new


# Sessions.


async def test_a_session_goes_on_from_token_to_token(registry: Registry, anna: Account) -> None:
    session = await session_of(registry.store, anna)
    for _ in range(3):
        following = await registry.store.refresh(session.refresh)
        assert isinstance(following, Session)
        assert (following.id, following.account) == (session.id, anna)
        assert following.refresh != session.refresh
        session = following
    assert await registry.store.of_session(session.id) == anna


async def renewed(registry: Registry, token: str) -> str:
    following = await registry.store.refresh(token)
    assert isinstance(following, Session)
    return following.refresh


async def test_an_old_token_ends_the_whole_session(registry: Registry, anna: Account) -> None:
    first = await session_of(registry.store, anna)
    third = await renewed(registry, await renewed(registry, first.refresh))
    assert await registry.store.refresh(first.refresh) == Stolen(first.id)
    assert await registry.store.refresh(third) is None
    assert not await registry.store.lives(first.id)


async def test_a_lost_answer_is_asked_for_again_however_late(
    registry: Registry, anna: Account, time: Instant
) -> None:
    first = await session_of(registry.store, anna)
    for _ in range(3):
        await renewed(registry, first.refresh)
        time.pass_ms(GRACE_MS + 1)
    came = await renewed(registry, first.refresh)
    await renewed(registry, came)
    assert await registry.store.lives(first.id)


async def test_an_answer_that_was_thought_lost_is_a_thief_s(
    registry: Registry, anna: Account, time: Instant
) -> None:
    first = await session_of(registry.store, anna)
    one = await renewed(registry, first.refresh)
    time.pass_ms(GRACE_MS + 1)
    await renewed(registry, first.refresh)
    assert await registry.store.refresh(one) == Stolen(first.id)


@pytest.mark.parametrize("thief_goes_on_first", [True, False])
async def test_a_token_copied_and_used_within_moments_is_found_out(
    registry: Registry, anna: Account, *, thief_goes_on_first: bool
) -> None:
    first = await session_of(registry.store, anna)
    lines = [await renewed(registry, first.refresh) for _ in ("owner", "thief")]
    if thief_goes_on_first:
        lines.reverse()
    ahead, behind = lines
    ahead = await renewed(registry, ahead)
    assert await registry.store.refresh(behind) == Stolen(first.id)
    assert await registry.store.refresh(ahead) is None


async def test_two_tabs_that_refresh_at_the_same_instant_both_go_on(
    registry: Registry, anna: Account
) -> None:
    first = await session_of(registry.store, anna)
    tabs = await asyncio.gather(*(registry.store.refresh(first.refresh) for _ in range(2)))
    one, other = tabs
    assert isinstance(one, Session)
    assert isinstance(other, Session)
    assert one.refresh != other.refresh
    # The browser keeps one cookie for both: the other token is never shown again.
    assert await registry.store.refresh(other.refresh) is not None
    assert await registry.store.lives(first.id)
    # By now a later token has been used, so the first one can only be a thief's.
    assert await registry.store.refresh(first.refresh) == Stolen(first.id)
    assert not await registry.store.lives(first.id)


async def test_a_session_ends_by_itself_after_a_month_and_is_forgotten(
    registry: Registry, anna: Account, time: Instant, tmp_path: Path
) -> None:
    session = await session_of(registry.store, anna)
    time.pass_ms(SESSION_MS)
    assert not await registry.store.lives(session.id)
    assert await registry.store.refresh(session.refresh) is None
    following = await session_of(registry.store, anna)
    with closing(sqlite3.connect(accounts_path(tmp_path))) as db:
        assert db.execute("SELECT id FROM sessions").fetchall() == [(following.id,)]
        assert db.execute("SELECT count(*) FROM refresh_tokens").fetchone() == (1,)


async def test_no_token_can_be_read_from_the_disk(registry: Registry, anna: Account, tmp_path: Path) -> None:
    session = await session_of(registry.store, anna)
    await registry.store.refresh(session.refresh)
    await registry.store.close()
    directory = accounts_path(tmp_path).parent
    assert all(session.refresh.encode() not in path.read_bytes() for path in directory.iterdir())


async def test_another_process_that_changes_the_file_is_noticed(
    registry: Registry, anna: Account, tmp_path: Path
) -> None:
    session = await session_of(registry.store, anna)
    before = await registry.store.data_version()
    other = AccountStore(accounts_path(tmp_path))
    await other.open()
    await other.set_disabled("anna", disabled=True)
    await other.close()
    assert await registry.store.data_version() != before
    assert not await registry.store.lives(session.id)
