"""What people are told who want to enter a city."""

from pathlib import Path

import pytest

from chargeloop.cli.entrance import how_to_enter
from chargeloop.cli.logins import Login
from chargeloop.protocol.topics import Role


@pytest.mark.parametrize(("variable", "program"), [(None, "chargeloop"), ("/somewhere/run", "./run")])
def test_doors_and_windows_are_told_as_they_can_be_copied(
    variable: str | None, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_CHARGELOOP_RUN", raising=False)
    if variable is not None:
        monkeypatch.setenv("_CHARGELOOP_RUN", variable)
    lines = how_to_enter("http://127.0.0.1:8080", Path("/data"))
    assert lines[0].endswith("  http://127.0.0.1:8080/openapi.json")
    assert lines[-2].endswith(f"{program} top --data /data")
    assert lines[-1].endswith(f"{program} watch --data /data")


def test_each_page_is_told_with_what_to_log_in_with() -> None:
    logins = [
        Login(Role.USER, "usr-you", "/", "user", "secret-1"),
        Login(Role.OPERATOR, "opr-you", "/ops", "operator", "secret-2"),
    ]
    lines = how_to_enter("http://127.0.0.1:8080", Path("/data"), logins)
    assert lines[:4] == [
        "the page of a user         http://127.0.0.1:8080/?demo",
        "                           login user, password secret-1",
        "the page of an operator    http://127.0.0.1:8080/ops?demo",
        "                           login operator, password secret-2",
    ]
