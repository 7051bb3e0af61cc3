"""Python, the environment and the programs."""

import shutil
import sys
from pathlib import Path

import pytest

from chargeloop.cli.doctor import programs as checking
from chargeloop.cli.doctor.findings import Level
from chargeloop.cli.doctor.programs import answer, environment, programs, python


def test_an_old_python_fails() -> None:
    assert python((3, 11)).level is Level.OK
    assert python((3, 10)).level is Level.FAIL


@pytest.mark.parametrize(("code", "level"), [(0, Level.OK), (1, Level.WARN)])
async def test_the_environment_is_what_the_set_up_of_its_repository_says(
    code: int, level: Level, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "bootstrap.py").write_text(f"raise SystemExit({code})")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    found = await environment(tmp_path / ".venv")
    assert found.level is level
    assert str(tmp_path / ".venv") in found.seen


async def test_outside_of_a_repository_an_environment_of_its_own_is_enough(tmp_path: Path) -> None:
    assert (await environment(tmp_path / "venv")).level is Level.OK
    assert (await environment(Path(sys.base_prefix))).level is Level.WARN


async def test_programs_that_are_missing_are_told_with_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    found = {one.name: one for one in await programs()}
    assert found["mosquitto"].level is Level.WARN
    assert "apt-get install mosquitto" in found["mosquitto"].advice
    assert found["embedded broker"].level is Level.OK
    assert {found[name].seen for name in ("mosquitto_sub", "chromium", "node")} == {"not installed"}
    assert all(found[name].level is Level.OK for name in ("mosquitto_sub", "chromium", "node"))


async def test_programs_that_are_there_are_told_with_their_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\necho Welcome to v20.1.7\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    found = {one.name: one for one in await programs()}
    assert found["node"].seen == f"20.1.7, {program}"


async def test_a_program_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_ANSWER_S", 0.2)
    assert await answer("sleep", "1000") == (None, "")
