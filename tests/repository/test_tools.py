"""The tools see what they are there to check."""

import subprocess
import sys
from pathlib import Path

import pytest
from mypy.main import process_options

from tests.repository.repository import ROOT, files


def test_mypy_reads_every_python_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    sources, _ = process_options(["--config-file", "pyproject.toml"])
    read = {Path(source.path).resolve() for source in sources if source.path}
    assert read >= set(files("*.py"))


@pytest.mark.parametrize("place", ["protocol/chargeloop/protocol", "platform/chargeloop/platform/core"])
@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "from time import monotonic",
        "import random",
        "from uuid import uuid4",
        "import secrets",
        "import logging",
        "from datetime import datetime; datetime.now()",
    ],
)
def test_the_core_may_not_use_clocks_randomness_ids_or_logs(place: str, line: str) -> None:
    assert "TID251" in ruff_findings(f"{place}/example.py", line)


@pytest.mark.parametrize("place", ["platform/chargeloop/platform/shell", "broker/chargeloop/broker", "tests"])
def test_the_shell_may_read_the_clock(place: str) -> None:
    assert "TID251" not in ruff_findings(f"{place}/example.py", "import time")


def ruff_findings(name: str, source: str) -> str:
    """Returns what ruff says about a source text as if it stood in the named file."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--output-format=concise",
        "--stdin-filename",
        name,
        "-",
    ]
    return subprocess.run(command, check=False, cwd=ROOT, input=source, capture_output=True, text=True).stdout
