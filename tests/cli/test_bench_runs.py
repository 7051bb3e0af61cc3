"""Measures of the benchmark do their work, in short; how fast anything is, no test says."""

import json

import pytest

from chargeloop.cli.main import run


@pytest.mark.parametrize("name", ["memory", "order", "events-50"])
def test_a_quick_run_prints_json_alone_and_tells_its_progress_apart(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", "--quick", "--only", name, "--json"]) == 0
    shown = capsys.readouterr()
    (record,) = json.loads(shown.out)["measures"]
    assert record["name"] == name
    assert record["median"] > 0
    assert f"{name}: trial 1" in shown.err
