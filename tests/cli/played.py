"""Demos and replays run as the processes that people start, and what they left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from chargeloop.cli.books import Books

# World seconds in a real one: fast enough for a test, slow enough for two cores that do other things too.
SPEED = "250"
_PATIENCE_S = 110
_LOOK_S = 0.05


@dataclass
class Playing:
    """A demo that runs; leaving its block kills what still runs, so a failed test leaves nothing behind."""

    process: subprocess.Popen[str]
    data: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def kill(self, name: str) -> None:
        """Kill one of its processes outright, as a power cut would; return when another one has begun."""
        file = self.data / "run" / f"{name}.pid"
        killed = file.read_text()
        os.kill(int(killed), signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE_S
        while file.read_text() in {killed, ""}:
            assert time.monotonic() < deadline, f"{name} was not started again"
            time.sleep(_LOOK_S)

    def wait_for(self, milestone: Callable[[Books], bool]) -> None:
        """Return when the platform's books say so."""
        deadline = time.monotonic() + _PATIENCE_S
        # The people come when all parts are ready, so then there are books to look into.
        while not ((self.data / "users").is_dir() and milestone(Books(self.data))):
            assert self.process.poll() is None, f"ended before the milestone: {self.process.communicate()[1]}"
            assert time.monotonic() < deadline, "the milestone did not come"
            time.sleep(_LOOK_S)

    def end(self) -> tuple[Mapping[str, Any], str]:
        """Wait for the end and return what it printed as JSON, and what it said beside it."""
        out, said = self.process.communicate(timeout=_PATIENCE_S)
        assert out.count("\n") == 1, said
        return json.loads(out), said


def chargeloop(*arguments: str) -> list[str]:
    """Return the command that runs the command line."""
    return [sys.executable, "-m", "chargeloop.cli", *arguments]


def start_demo(data: Path, *more: str, orders: int, seed: int, broker: str) -> Playing:
    """Start a demo with JSON output, and with more options."""
    command = chargeloop(
        "demo", "--orders", str(orders), "--seed", str(seed), "--speed", SPEED, "--broker", broker
    )
    process = subprocess.Popen(
        [*command, "--data", str(data), "--json", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    return Playing(process, data)


def exported(data: Path) -> list[dict[str, Any]]:
    """Return the records that `export` prints."""
    command = chargeloop("export", "--data", str(data))
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]
