"""The chargeloop command line: builds the commands and turns every error into one line and an exit code.

Exit codes: 0 done; 1 it failed; 2 wrong arguments, settings or files; 27 `watch -W` ran out of time; 130
Ctrl-C.
"""

import sys
from collections.abc import Sequence

import typer

from chargeloop.cli import (
    benchmarking,
    configuration,
    granting,
    observing,
    ordering,
    playing,
    serving,
    simulating,
)
from chargeloop.cli.chaos import commands as breaking
from chargeloop.cli.errors import USAGE, CommandError, one_line

_INTERRUPTED = 130

app = typer.Typer(
    name="chargeloop",
    help="Shared power banks, brought and fetched by courier: three systems that talk over MQTT.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
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
app.command("watch")(observing.watch)
app.command("export")(observing.export)
app.command("bench")(benchmarking.bench)
app.add_typer(granting.app, name="credentials")
app.add_typer(configuration.app, name="config")


@app.callback(invoke_without_command=True)
def chargeloop(context: typer.Context) -> None:
    """Shared power banks, brought and fetched by courier: three systems that talk over MQTT."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line of this process and end it with the exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(args=list(arguments), prog_name="chargeloop", standalone_mode=False)
    except CommandError as error:
        return _fail("chargeloop", str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail(_command_path(error), error.format_message(), USAGE)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return result if isinstance(result, int) else 0


def _command_path(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return "chargeloop" if context is None else str(context.command_path)


def _fail(command: str, text: str, exit_code: int) -> int:
    print(f"{command}: {one_line(text)}", file=sys.stderr)
    return exit_code
