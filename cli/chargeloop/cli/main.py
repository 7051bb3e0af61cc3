"""The chargeloop command line: builds the commands and turns every error into one line and an exit code.

Exit codes: 0 done; 1 it failed; 2 wrong arguments, settings or files; 27 `watch -W` ran out of time; 130
Ctrl-C; 141 nobody reads standard output any more.
"""

import os
import select
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from chargeloop.cli import (
    accounts,
    benchmarking,
    configuration,
    diagnosing,
    granting,
    observing,
    ordering,
    playing,
    serving,
    simulating,
)
from chargeloop.cli.chaos import commands as breaking
from chargeloop.cli.completion import of_run
from chargeloop.cli.errors import FAILED, USAGE, CommandError, one_line, program
from chargeloop.cli.start import INTERRUPTED
from chargeloop.cli.visible import visible

_CLOSED_PIPE = 141


class _UnreadError(Exception):
    """Nobody reads standard output any more, as after `| head`."""


class _Commands(TyperGroup):
    """The commands, with any pipe that breaks told apart from standard output: typer keeps silent for all."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            if _nobody_reads_on():
                raise _UnreadError from None
            raise CommandError(f"a connection broke: {error}", FAILED) from error


app = typer.Typer(
    name="chargeloop",
    cls=_Commands,
    help="Shared power banks, brought and fetched by courier: three systems that talk over MQTT.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command("doctor")(diagnosing.doctor)
app.command("demo")(playing.demo)
app.command("replay")(playing.replay)
app.command("sim")(simulating.sim)
app.command("chaos")(breaking.chaos)
app.command("endure")(breaking.endure)
app.command("broker")(serving.broker)
app.command("platform")(serving.platform)
app.command("couriers")(serving.couriers)
app.command("agents")(serving.agents)
app.command("cabinets")(serving.cabinets)
app.add_typer(ordering.app, name="order")
app.command("top")(observing.top)
app.command("watch")(observing.watch)
app.command("export")(observing.export)
app.command("bench")(benchmarking.bench)
app.add_typer(accounts.app, name="account")
app.add_typer(granting.app, name="credentials")
app.add_typer(configuration.app, name="config")


@app.callback(invoke_without_command=True)
def chargeloop(context: typer.Context) -> None:
    """Shared power banks, brought and fetched by courier: three systems that talk over MQTT."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return _done(arguments)
    except CommandError as error:
        return _fail("chargeloop", str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail(_command_path(error), f"{error.format_message()}{_where_commands_are(error)}", USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except _UnreadError:
        # What is still buffered goes nowhere, and is not complained about at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    except Exception as error:  # noqa: BLE001 - what is not explained is raised again
        return _told(error)


def _done(arguments: Sequence[str]) -> int:
    shown = of_run(arguments)
    if shown is not None:
        print(shown, end="")
        return 0
    result = app(args=list(arguments), prog_name="chargeloop", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _nobody_reads_on() -> bool:
    """Tell whether standard output is a pipe whose reader has gone."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _told(error: Exception) -> int:
    """Tell people of a file or a login that cannot be used; all else is a bug, and shows its traceback."""
    from chargeloop.cli.failing import explained

    told = explained(error)
    if told is None:
        raise error
    return _fail("chargeloop", str(told), told.exit_code)


def _command_path(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return "chargeloop" if context is None else str(context.command_path)


def _where_commands_are(error: typer.TyperException) -> str:
    """Return where the commands are listed, when it is the name of one that is wrong."""
    context = getattr(error, "ctx", None)
    if context is None or not isinstance(context.command, TyperGroup):
        return ""
    _, *path = context.command_path.split()
    return f" ({' '.join((program(), *path))} --help lists the commands)"


def _fail(command: str, text: str, exit_code: int) -> int:
    print(f"{command}: {visible(one_line(text))}", file=sys.stderr)
    return exit_code
