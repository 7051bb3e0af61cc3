"""`chargeloop credentials`: logins for people who bring something of their own."""

import json
from pathlib import Path

import pytest

from chargeloop.broker import CredentialStore
from chargeloop.broker.accounts import wait_until_granted
from chargeloop.broker.main import running_broker
from chargeloop.cli.main import run

Capture = pytest.CaptureFixture[str]


def test_a_login_is_given_once_and_its_secret_shown_only_when_asked_for(
    tmp_path: Path, capsys: Capture
) -> None:
    add = ["credentials", "add", "cab-0099", "cou-7", "--data", str(tmp_path), "--region", "north"]
    assert run(add) == 0
    assert capsys.readouterr().out == "cab-0099 cabinet north\ncou-7 courier north\n"
    assert run([*add, "--show-secret"]) == 0
    store = CredentialStore.of_data(tmp_path)
    passwords = {one.client: one.password for one in store.all()}
    assert capsys.readouterr().out == f"cab-0099 {passwords['cab-0099']}\ncou-7 {passwords['cou-7']}\n"


def test_a_list_of_logins_has_no_secrets(tmp_path: Path, capsys: Capture) -> None:
    secret = CredentialStore.of_data(tmp_path).grant("cab-0099", "demo").password
    assert run(["credentials", "list", "--data", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert shown == "id        role     region\ncab-0099  cabinet  demo\n"
    assert run(["credentials", "list", "--data", str(tmp_path), "--json"]) == 0
    as_json = capsys.readouterr().out
    assert json.loads(as_json) == [{"id": "cab-0099", "role": "cabinet", "region": "demo"}]
    assert secret not in shown + as_json


def test_a_list_tells_which_files_cannot_be_used(tmp_path: Path, capsys: Capture) -> None:
    CredentialStore.of_data(tmp_path).grant("cab-0001", "demo")
    (tmp_path / "credentials" / "cab-0099.json").write_text("{")
    assert run(["credentials", "list", "--data", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == "id        role     region\ncab-0001  cabinet  demo\n"
    assert "cab-0099.json cannot be used" in shown.err


def test_one_wrong_id_among_several_gives_nobody_a_login(tmp_path: Path) -> None:
    assert run(["credentials", "add", "cab-1", "cab_2", "--data", str(tmp_path)]) == 2
    assert list(CredentialStore.of_data(tmp_path).all()) == []


@pytest.mark.parametrize(
    ("text", "said"), [("{", "cannot be used"), (None, "already has credentials for region 'south'")]
)
def test_a_login_that_cannot_be_given_is_one_line(
    text: str | None, said: str, tmp_path: Path, capsys: Capture
) -> None:
    CredentialStore.of_data(tmp_path).grant("cab-1", "south")
    if text is not None:
        (tmp_path / "credentials" / "cab-1.json").write_text(text)
    assert run(["credentials", "add", "cab-1", "--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


async def test_a_running_broker_lets_in_who_gets_a_login(tmp_path: Path, capsys: Capture) -> None:
    async with running_broker("mosquitto", tmp_path) as address:
        assert run(["credentials", "add", "cab-0099", "--data", str(tmp_path), "--show-secret"]) == 0
        client, password = capsys.readouterr().out.split()
        store = CredentialStore.of_data(tmp_path)
        assert store.load(client).password == password
        await wait_until_granted(address, store.load(client), 30)
