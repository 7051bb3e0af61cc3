"""Ctrl-C while the program's modules are still loaded."""

import os
import subprocess
import sys
from pathlib import Path


def test_ctrl_c_while_modules_are_loaded_ends_the_program_quietly(tmp_path: Path) -> None:
    # In the place of a module that takes long to load, one that is interrupted at once.
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    ended = subprocess.run(
        [sys.executable, "-m", "chargeloop.cli", "config", "show"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
