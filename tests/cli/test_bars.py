"""Bars are drawn on terminals alone, and never on standard output."""

import io
import os
import pty
import subprocess
import sys

import pytest

from chargeloop.cli.bars import bar

SIM = [
    sys.executable,
    "-m",
    "chargeloop.cli",
    "sim",
    "--orders",
    "60",
    "--faults",
    "none",
    "--processes",
    "1",
    "--json",
]


def drawn(term: str) -> tuple[str, str]:
    """Return what a simulation writes on standard output, and on a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        SIM, stdout=subprocess.PIPE, stderr=theirs, text=True, env={**os.environ, "TERM": term}
    ) as process:
        os.close(theirs)
        out, _ = process.communicate(timeout=100)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:  # as Linux tells that the other end of a terminal is closed
        pass
    finally:
        os.close(ours)
    return out, shown.decode()


def test_a_terminal_shows_a_bar_on_standard_error_and_it_is_gone_afterwards() -> None:
    out, shown = drawn("xterm")
    assert out.startswith('{"profile": "none"')
    assert out.count("\n") == 1
    assert "simulating" in shown
    assert shown.endswith("\x1b[2K")  # the line is wiped out


def test_a_terminal_that_cannot_draw_a_line_again_shows_none() -> None:
    out, shown = drawn("dumb")
    assert out.count("\n") == 1
    assert shown == ""


def test_without_a_terminal_only_what_is_said_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with bar("working", 2) as progress:
        progress.at(1, "first")
        progress.step("second")
        progress.say("half of it [done]")
    assert told.getvalue() == "half of it [done]\n"
