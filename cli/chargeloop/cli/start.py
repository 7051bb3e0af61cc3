"""Where the program starts: Ctrl-C ends it quietly from here on, also while its modules are still loaded."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line of this process and end it with the exit code."""
    try:
        from chargeloop.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)
