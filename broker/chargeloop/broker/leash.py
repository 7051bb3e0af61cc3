"""Starts a program that hears of the death of the process that asked for it, even when that one is killed.

A broker that outlived its demo would keep its port and its retained state for whoever comes next. A parent
that is killed cannot stop its children, so the kernel is asked to: this file is run as a small program of its
own, asks for a signal at the parent's death (Linux; elsewhere a killed parent leaves its child behind), and
becomes the wanted program. That is safe in a process with threads, which a function run between fork and exec
is not.

A program that stops by itself when its standard input ends needs no signal to die by, but while it is stopped
(SIGSTOP) it cannot see that end: it asks for SIGCONT, which means nothing to one that runs.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def leashed(command: Sequence[str], number: signal.Signals = signal.SIGTERM) -> list[str]:
    """Return the command that starts `command` so that it gets the signal when the calling thread ends."""
    leash = [sys.executable, "-I", "-S", str(Path(__file__)), str(os.getpid()), str(number.value)]
    return [*leash, *command]


def _become(parent: int, number: int, command: Sequence[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit("the process that asked for this one is gone")
    os.execvp(command[0], list(command))  # noqa: S606 - becoming another program is what this file is for


if __name__ == "__main__":
    _become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
