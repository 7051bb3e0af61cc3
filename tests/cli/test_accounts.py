"""`chargeloop account`: opening, listing, shutting out and letting in."""

import asyncio
import io
import json
from pathlib import Path

import pytest

from chargeloop.broker import CredentialStore
from chargeloop.broker.credentials import UnknownClientError
from chargeloop.cli.logins import open_logins
from chargeloop.cli.main import run
from chargeloop.platform.shell.accounts.account import AccountError
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.store import AccountStore, accounts_path
from chargeloop.platform.shell.accounts.tokens import signing_key

ANNA = ("--role", "operator", "--login", "Anna", "--password-stdin")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is piped into the command."""
    text = io.StringIO("correct horse\n")
    monkeypatch.setattr("sys.stdin", text)
    return text


def account(data: Path, command: str, *arguments: str) -> int:
    return run(["account", command, *arguments, "--data", str(data)])


def fits(data: Path, login: str, password: str) -> bool:
    async def look() -> bool:
        store = AccountStore(accounts_path(data))
        await store.open()
        try:
            return await Passwords().fits(await store.password_hash(login), password)
        finally:
            await store.close()

    return asyncio.run(look())


def test_an_account_is_opened_with_credentials_of_the_broker(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account(tmp_path, "add", *ANNA) == 0
    assert capsys.readouterr().out == "anna opr-anna operator demo\n"
    assert CredentialStore.of_data(tmp_path).load("opr-anna").role == "operator"
    assert fits(tmp_path, "anna", "correct horse")
    assert account(tmp_path, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"login": "anna", "id": "opr-anna", "role": "operator", "region": "demo", "name": "Anna",
         "disabled": False},
    ]  # fmt: skip


def test_who_is_disabled_loses_the_credentials_until_enabled_again(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    account(tmp_path, "add", *ANNA)
    assert account(tmp_path, "disable", "ANNA") == 0
    with pytest.raises(UnknownClientError):
        CredentialStore.of_data(tmp_path).load("opr-anna")
    capsys.readouterr()
    assert account(tmp_path, "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "login  id        role      region",
        "anna   opr-anna  operator  demo    disabled",
    ]
    assert account(tmp_path, "enable", "anna") == 0
    assert CredentialStore.of_data(tmp_path).load("opr-anna").region == "demo"


def test_another_password_is_read_from_standard_input(
    tmp_path: Path, typed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(tmp_path, "add", *ANNA)
    monkeypatch.setattr("sys.stdin", io.StringIO("battery staple\n"))
    assert account(tmp_path, "password", "anna", "--password-stdin") == 0
    assert fits(tmp_path, "anna", "battery staple")
    assert not fits(tmp_path, "anna", "correct horse")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("add", "--role", "cabinet", "--login", "a", "--password-stdin"),
            "'cabinet' is no role of a person",
        ),
        (("add", "--role", "user", "--login", "two words", "--password-stdin"), "no spaces"),
        (
            ("add", "--role", "user", "--login", "a", "--id", "opr-1", "--password-stdin"),
            "not a user id",
        ),
        (("add", "--role", "user", "--login", "a"), "give it by --password-stdin"),
        (("disable", "nobody"), "no accounts in"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path,
    typed: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    assert account(tmp_path, *arguments) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n"), said in shown.err) == ("", 1, True)


def test_a_short_password_is_refused_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("12345\n"))
    assert account(tmp_path, "add", *ANNA) == 2
    shown = capsys.readouterr().err
    assert "10 to 128 characters" in shown
    assert "12345" not in shown


def test_a_password_that_is_no_text_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"correct \xff\xfe horse\n"), "utf-8"))
    assert account(tmp_path, "add", *ANNA) == 2
    assert capsys.readouterr().err == "chargeloop: the password on standard input is no text in UTF-8\n"


def test_who_is_not_there_cannot_be_changed(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    account(tmp_path, "add", *ANNA)
    for command in ("disable", "enable"):
        assert account(tmp_path, command, "nobody") == 2
        assert "there is no account 'nobody'" in capsys.readouterr().err


def test_a_name_is_taken_once(tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    account(tmp_path, "add", *ANNA)
    typed.seek(0)
    assert account(tmp_path, "add", *ANNA, "--id", "opr-other") == 2
    assert "there is an account 'anna' already" in capsys.readouterr().err


def test_credentials_of_another_region_are_no_ground_for_an_account(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    CredentialStore.of_data(tmp_path).grant("opr-anna", "elsewhere")
    assert account(tmp_path, "add", *ANNA) == 2
    assert "already has credentials for region 'elsewhere'" in capsys.readouterr().err

    assert account(tmp_path, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_an_account_that_is_disabled_gets_no_credentials_by_opening_it_again(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    account(tmp_path, "add", *ANNA)
    account(tmp_path, "disable", "anna")
    typed.seek(0)
    assert account(tmp_path, "add", *ANNA) == 2
    assert "there is an account 'anna' already" in capsys.readouterr().err
    with pytest.raises(UnknownClientError):
        CredentialStore.of_data(tmp_path).load("opr-anna")


def test_credentials_that_cannot_be_used_are_no_ground_for_an_account(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "credentials" / "opr-anna.json"
    file.parent.mkdir()
    file.write_text("{")
    assert account(tmp_path, "add", *ANNA) == 2
    assert f"credentials file {file} cannot be used" in capsys.readouterr().err
    assert account(tmp_path, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_user_who_is_disabled_gets_no_credentials_by_ordering(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    signing_key(tmp_path)  # as a gateway that ran here would have left it
    account(tmp_path, "add", "--role", "user", "--login", "ada", "--password-stdin")
    account(tmp_path, "disable", "ada")
    capsys.readouterr()
    assert run(["order", "list", "--user", "usr-ada", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "chargeloop: the account 'ada' of usr-ada is disabled\n"
    with pytest.raises(UnknownClientError):
        CredentialStore.of_data(tmp_path).load("usr-ada")


async def test_a_demo_has_one_account_of_each_role_that_can_be_entered(tmp_path: Path) -> None:
    logins = await open_logins(tmp_path, "demo", others=["cou-0001"])
    assert [(one.role, one.path, one.id) for one in logins] == [
        ("user", "/", "usr-you"), ("courier", "/courier", "cou-you"), ("operator", "/ops", "opr-you"),
        ("courier", "/courier", "cou-0001"),
    ]  # fmt: skip
    store = AccountStore(accounts_path(tmp_path))
    await store.open()
    for one in logins:
        assert await Passwords().fits(await store.password_hash(one.login), one.password)
        assert one.password not in repr(one)
    await store.close()
    with pytest.raises(AccountError):
        await open_logins(tmp_path, "demo")


def test_an_operator_who_is_disabled_gets_no_credentials_by_watching(
    tmp_path: Path, typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    account(tmp_path, "add", *ANNA)
    account(tmp_path, "disable", "anna")
    capsys.readouterr()
    told = ["--operator", "opr-anna", "--data", str(tmp_path), "--broker", "localhost:1883"]
    assert run(["watch", *told]) == 1
    assert capsys.readouterr().err == "chargeloop: the account 'anna' of opr-anna is disabled\n"
    with pytest.raises(UnknownClientError):
        CredentialStore.of_data(tmp_path).load("opr-anna")
