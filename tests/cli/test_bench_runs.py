"""Each measure of the benchmark does its work, in short; how fast anything is, no test says."""

import json

import pytest

from chargeloop.cli.bench.measures import NAMES
from chargeloop.cli.bench.nearest import HOW_TO_INSTALL
from chargeloop.cli.main import run

# That is `events-50` with as many connections as take a busy machine a minute to open.
TOO_LONG = {"events-2000"}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TOO_LONG])
def test_a_quick_run_prints_json_alone_and_tells_its_progress_apart(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", "--quick", "--only", name, "--json"]) == 0
    shown = capsys.readouterr()
    (record,) = json.loads(shown.out)["measures"]
    assert record["name"] == name
    if name == "nearest" and record["skipped"] is not None:
        assert record["skipped"] == HOW_TO_INSTALL
    else:
        assert record["median"] > 0
        assert f"{name}: trial 1" in shown.err
