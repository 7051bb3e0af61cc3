import os
import stat
import threading
from pathlib import Path

import pytest

from chargeloop.broker import Credentials, CredentialStore
from chargeloop.broker.credentials import (
    BrokenCredentialsError,
    RegionMismatchError,
    UnknownClientError,
    role_of,
)
from chargeloop.protocol.ids import InvalidIdError
from chargeloop.protocol.topics import Role


@pytest.fixture
def store(tmp_path: Path) -> CredentialStore:
    return CredentialStore.of_data(tmp_path)


@pytest.mark.parametrize(
    ("client", "role"),
    [
        ("cab-0001", Role.CABINET),
        ("cou-7", Role.COURIER),
        ("usr-ada", Role.USER),
        ("opr-1", Role.OPERATOR),
        ("gwy-main", Role.GATEWAY),
        ("rnt-main", Role.RENTAL),
        ("dsp-main", Role.DISPATCH),
    ],
)
def test_the_role_follows_from_the_prefix(client: str, role: Role) -> None:
    assert role_of(client) is role


@pytest.mark.parametrize(
    "client", ["", "cab-", "ord-1", "bnk-1", "CAB-1", "../cab-1", "cab-1/x", "cab-+", "chargeloop-probe"]
)
def test_who_is_no_participant_gets_no_credentials(store: CredentialStore, client: str) -> None:
    with pytest.raises(InvalidIdError):
        store.grant(client, "demo")
    with pytest.raises(InvalidIdError):
        store.load(client)
    with pytest.raises(InvalidIdError):
        store.revoke(client)
    assert list(store.all()) == []


def test_who_writes_an_id_in_capitals_is_told_that_ids_are_lower_case() -> None:
    with pytest.raises(InvalidIdError, match=r"opr-…, .*; ids are lower case: cab-0100$"):
        role_of("Cab-0100")
    with pytest.raises(InvalidIdError, match=r"-…$"):
        role_of("Bnk-0100")


def test_granting_twice_gives_the_same_password(store: CredentialStore) -> None:
    assert store.grant("cab-0001", "demo") == store.grant("cab-0001", "demo")


def test_every_client_gets_a_long_password_of_its_own(store: CredentialStore) -> None:
    passwords = {store.grant(f"cab-{number}", "demo").password for number in range(20)}
    assert len(passwords) == 20
    assert min(len(password) for password in passwords) >= 40


def test_a_client_belongs_to_one_region(store: CredentialStore) -> None:
    store.grant("cab-0001", "north")
    with pytest.raises(RegionMismatchError):
        store.grant("cab-0001", "south")
    assert store.load("cab-0001").region == "north"


@pytest.mark.parametrize("region", ["", "+", "a/b", "Demo", "#"])
def test_a_malformed_region_is_refused(store: CredentialStore, region: str) -> None:
    with pytest.raises(InvalidIdError):
        store.grant("cab-0001", region)


def test_what_was_granted_can_be_loaded_listed_and_revoked(store: CredentialStore) -> None:
    first, second = store.grant("cab-0002", "demo"), store.grant("cab-0001", "demo")
    assert list(store.all()) == [second, first]
    assert store.load("cab-0002") == first
    store.revoke("cab-0002")
    store.revoke("cab-0002")
    assert list(store.all()) == [second]
    with pytest.raises(UnknownClientError):
        store.load("cab-0002")


def test_credentials_granted_again_after_a_revocation_have_another_password(store: CredentialStore) -> None:
    first = store.grant("cab-0001", "demo")
    store.revoke("cab-0001")
    assert store.grant("cab-0001", "demo").password != first.password


def test_only_the_owner_can_read_the_files(store: CredentialStore) -> None:
    store.grant("cab-0001", "demo")
    assert stat.S_IMODE((store.directory / "cab-0001.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


def test_a_password_is_not_shown_in_logs(store: CredentialStore) -> None:
    credentials = store.grant("cab-0001", "demo")
    assert credentials.password not in repr(credentials)


def test_two_who_grant_at_once_get_the_same_credentials(store: CredentialStore) -> None:
    found: list[Credentials] = []
    start = threading.Barrier(8)

    def grant() -> None:
        start.wait()
        found.append(store.grant("cab-0001", "demo"))

    threads = [threading.Thread(target=grant) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {store.load("cab-0001")}
    assert [path.name for path in store.directory.iterdir()] == ["cab-0001.json"]


def test_what_is_revoked_in_the_moment_it_is_granted_is_granted_anew(
    store: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, drawn = store._create, []

    def revoked_at_first(path: Path, credentials: Credentials) -> None:
        create(path, credentials)
        drawn.append(credentials)
        if len(drawn) == 1:
            store.revoke(credentials.client)

    monkeypatch.setattr(store, "_create", revoked_at_first)
    assert store.grant("cab-0001", "demo") == drawn[1] == store.load("cab-0001")


WHOLE = '{"client": "cab-0099", "role": "cabinet", "region": "demo", "password": "secret"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        WHOLE[:40],
        "[]",
        "[" * 100_000,
        "1" * 5_000,
        WHOLE.replace("cab-0099", "rnt-main"),
        WHOLE.replace("cabinet", "rental"),
        WHOLE.replace("demo", "+"),
        WHOLE.replace('"secret"', "7"),
        WHOLE.replace('"secret"', '""'),
        WHOLE.replace("secret", r"\ud800"),
        WHOLE.replace("password", "passphrase"),
    ],
)
def test_a_broken_file_opens_nothing_and_is_told_of_by_name(store: CredentialStore, text: str) -> None:
    good = store.grant("cab-0001", "demo")
    (store.directory / "cab-0099.json").write_text(text)
    told: list[BrokenCredentialsError] = []
    assert list(store.all(told.append)) == [good]
    assert ["cab-0099.json" in str(error) for error in told] == [True]
    with pytest.raises(UnknownClientError, match=r"cab-0099\.json cannot be used"):
        store.load("cab-0099")
    with pytest.raises(BrokenCredentialsError):
        list(store.all())


def test_a_file_that_is_no_text_or_of_no_participant_is_told_of(store: CredentialStore) -> None:
    store.grant("cab-0001", "demo")
    (store.directory / "cab-0002.json").write_bytes(b"\xff\xfe")
    (store.directory / "chargeloop-probe.json").write_text(WHOLE.replace("cab-0099", "chargeloop-probe"))
    (store.directory / "cab-0003.json").mkdir()
    (store.directory / "cab-0004.json").symlink_to(store.directory / "nowhere")
    told: list[BrokenCredentialsError] = []
    assert [one.client for one in store.all(told.append)] == ["cab-0001"]
    assert len(told) == 4
    with pytest.raises(BrokenCredentialsError, match="No such file"):
        store.grant("cab-0004", "demo")


def test_a_file_that_others_have_written_whole_counts_like_ours(store: CredentialStore) -> None:
    store.grant("cab-0001", "demo")
    (store.directory / "cab-0099.json").write_text(WHOLE)
    assert store.load("cab-0099").password == "secret"
    assert store.grant("cab-0099", "demo").password == "secret"


def test_what_was_granted_is_on_the_disk_with_its_name(
    store: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, sync = list[tuple[Path, bool]](), os.fsync

    def note(opened: int) -> None:
        sync(opened)
        where = Path(f"/proc/self/fd/{opened}").readlink()
        synced.append((where, (store.directory / "cab-1.json").exists()))

    monkeypatch.setattr(os, "fsync", note)
    store.grant("cab-1", "demo")
    (draft, before), (directory, after) = synced
    assert (draft.parent, before) == (store.directory, False)
    assert (directory, after) == (store.directory, True)
