"""What people are told who want to enter a city."""

from pathlib import Path

import pytest

from chargeloop.cli.entrance import how_to_enter


@pytest.mark.parametrize(("variable", "program"), [(None, "chargeloop"), ("/somewhere/run", "./run")])
def test_doors_and_windows_are_told_as_they_can_be_copied(
    variable: str | None, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_CHARGELOOP_RUN", raising=False)
    if variable is not None:
        monkeypatch.setenv("_CHARGELOOP_RUN", variable)
    lines = how_to_enter("http://127.0.0.1:8080", Path("/data"))
    assert [line.split(maxsplit=4)[-1] for line in lines[:1]] == ["http://127.0.0.1:8080/openapi.json"]
    assert lines[-2].endswith(f"{program} top --data /data")
    assert lines[-1].endswith(f"{program} watch --data /data")
