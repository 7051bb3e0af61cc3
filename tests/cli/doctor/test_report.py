"""The report of the doctor: a line for each check, JSON, and the exit code."""

import json
from pathlib import Path

import pytest

from chargeloop.cli.doctor import connections
from chargeloop.cli.doctor.findings import Finding, fail, ok, warn
from chargeloop.cli.doctor.report import show
from chargeloop.cli.main import run


@pytest.fixture
def no_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting real brokers has tests of its own."""

    async def none() -> list[Finding]:
        return []

    monkeypatch.setattr(connections, "brokers", none)


def test_each_finding_is_a_line_with_its_advice_beneath(capsys: pytest.CaptureFixture[str]) -> None:
    show([ok("one", "good"), warn("two", "missing", "install it"), fail("three", "broken", "mend it")])
    assert capsys.readouterr().out.splitlines() == [
        "ok    one                good",
        "warn  two                missing",
        "                         → install it",
        "fail  three              broken",
        "                         → mend it",
        "",
        "1 of the checks failed",
    ]


@pytest.mark.usefixtures("no_brokers")
def test_the_exit_code_tells_whether_something_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(["doctor", "--data", str(tmp_path / "file"), "--http-port", "0", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["ok"]
    assert {"name": "data", "level": "fail"}.items() <= report["checks"][-1].items()
    assert run(["doctor", "--data", str(tmp_path), "--http-port", "0", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    assert all(set(check) == {"name", "level", "seen", "advice"} for check in report["checks"])


def test_a_certificate_without_its_key_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--tls-cert", "x.pem"]) == 2
    assert "go together" in capsys.readouterr().err
