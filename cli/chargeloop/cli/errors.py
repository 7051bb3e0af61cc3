"""Errors that people see: one line on standard error and an exit code, never a traceback."""

import os

USAGE = 2
FAILED = 1


class CommandError(Exception):
    """The command cannot go on; `message` is one line for the person who typed it.

    `exit_code` is 2 when the arguments or the files named in them are at fault, else 1.
    """

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def one_line(text: str) -> str:
    """Return the text with every run of white space, line ends too, as one space."""
    return " ".join(text.split())


def program() -> str:
    """Return what to type for this program: `./run` sets a variable that nobody else does."""
    return "./run" if "_CHARGELOOP_RUN" in os.environ else "chargeloop"
