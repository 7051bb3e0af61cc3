"""The command line as people meet it: help, exit codes, and errors that are one line."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chargeloop.broker import CredentialStore
from chargeloop.broker.ports import free_address
from chargeloop.cli.bench.measures import NAMES
from chargeloop.cli.main import run
from chargeloop.platform.shell.accounts.tokens import signing_key
from chargeloop.platform.shell.store import schema_text, store_path
from chargeloop.protocol.ids import RegionId
from chargeloop.station.main import load_fleet
from chargeloop.station.shell.files import CabinetFiles

COMMANDS = (
    "doctor", "demo", "replay", "sim", "bench", "chaos", "endure", "broker", "platform", "couriers",
    "agents", "cabinets", "top", "watch", "export",
    "order", "order quote", "order place", "order cancel", "order return", "order show", "order list",
    "credentials", "credentials add", "credentials list", "config", "config show",
)  # fmt: skip


def chargeloop(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chargeloop.cli", *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_help_lists_every_command_and_loads_no_heavy_module() -> None:
    heavy = "{'pydantic', 'aiomqtt', 'httpx2', 'fastapi', 'rich', 'paho', 'textual'} & sys.modules.keys()"
    script = f"import sys; from chargeloop.cli.main import run; run(['--help']); sys.exit(str({heavy} or ''))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert all(f"  {command.split()[0]}" in done.stdout for command in COMMANDS)


def test_no_summary_of_a_command_is_cut_off_on_80_columns() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "chargeloop.cli", "--help"],
        capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"},
    ).stdout  # fmt: skip
    _, _, commands = shown.partition("Commands:\n")
    assert commands
    assert [line for line in commands.splitlines() if line.endswith("...")] == []


def test_the_help_of_bench_names_every_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in NAMES if name not in shown] == []


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: chargeloop" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_for_itself_and_each_option(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    options = [line for line in shown.splitlines() if line.startswith("  -")]
    assert options
    followed = dict(zip(shown.splitlines(), shown.splitlines()[1:], strict=False))
    assert all(len(line.split("  ")) > 2 or followed[line].startswith("    ") for line in options)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nonsense", "No such command 'nonsense'. (chargeloop --help lists the commands)"),
        ("order plaice", "(chargeloop order --help lists the commands)"),
        ("demo --ordrs 3", "No such option: --ordrs"),
        ("demo --orders none", "--orders"),
        ("demo --orders 0", "orders from flag --orders: Input should be greater than or equal to 1"),
        ("demo --orders 501", "orders from flag --orders"),
        ("demo --seed -1", "seed from flag --seed"),
        ("demo --speed 0", "speed '0' is not a number from 1 to 1000"),
        ("demo --speed max", "speed 'max' is not a number from 1 to 1000"),
        ("demo --broker rabbit", "'rabbit' is no broker: expected mosquitto, embedded or HOST:PORT"),
        ("demo --region Demo", "'Demo' is not a region: expected a letter a-z, then"),
        ("replay", "Missing argument 'INSTANCE_DIR'"),
        ("replay /nowhere", "cannot read /nowhere/instance_parameters.txt: No such file or directory"),
        ("replay /nowhere --limit 0", "--limit"),
        ("bench --only speed", "there is no measure 'speed': expected one of events-50, events-2000"),
        ("bench --trials 3", "No such option: --trials"),
        ("watch -t a/#/b", "'a/#/b' is not a topic filter"),
        ("watch -T a+", "'a+' is not a topic filter"),
        ("watch -F %z", "unknown %z in the format"),
        ("watch --broker nowhere", "'nowhere' is no address of a broker: expected HOST:PORT"),
        ("watch --data /nowhere", "no broker is known in /nowhere"),
        ("export --data /nowhere", "/nowhere holds no store of a rental platform"),
        ("platform --broker localhost:1883 --clock wrong", "'wrong' is no clock"),
        ("platform --broker localhost:1883 --tls-cert /nowhere.pem", "--tls-cert and --tls-key go together"),
        ("platform --broker localhost:1883 --tls-key /nowhere.pem", "--tls-cert and --tls-key go together"),
        (
            "platform --broker localhost:1883 --tls-cert /nowhere.pem --tls-key /nowhere.pem",
            "/nowhere.pem: no such file",
        ),
        (
            "platform --broker localhost:1883 --tls-cert {file} --tls-key {file} --behind-tls",
            "--behind-tls is for a gateway without --tls-cert",
        ),
        ("platform --broker localhost:1883 --map-style ftp://a/b", "--map-style ftp://a/b: is no http:// or"),
        ("platform --broker localhost:1883 --map-tiles {file}", "{file}: is no PMTiles file of version 3"),
        ("account list --data /nowhere", "chargeloop account add --data /nowhere opens one"),
        ("account add --login anna", "Missing option '--role'"),
        ("agents /nowhere/couriers.json --broker localhost:1883", "/nowhere/couriers.json: no such file"),
        ("cabinets /nowhere/fleet.json --broker localhost:1883", "/nowhere/fleet.json: no such file"),
        ("broker --broker localhost:1883", "'localhost:1883' is no broker that can be started"),
        ("config show --config /nowhere.toml", "/nowhere.toml: no such settings file"),
        ("credentials add", "Missing argument 'CLIENT-ID...'"),
        ("credentials add cab-1 bnk-1", "'bnk-1' is not the id of a participant"),
        ("credentials add Cab-0100", "; ids are lower case: cab-0100"),
        ("credentials list --data /nowhere", "no credentials in /nowhere/credentials"),
        ("demo --broker mosquito", "did you mean 'mosquitto'?"),
        ("demo --data {file}", "cannot use {file}: File exists"),
        ("demo --tariff {file}", "{file}: not TOML"),
        ("sim --faults wrost", "did you mean 'worst'?"),
        ("sim --records /nowhere/x.jsonl", "/nowhere: no such directory"),
        ("bench --only memry", "did you mean 'memory'?"),
        ("broker --data {file}", "{file}/broker: Not a directory"),
        ("platform --data {file} --broker localhost:1", "cannot use {file}/run: Not a directory"),
        ("couriers --data {file} --broker localhost:1", "cannot use {file}/run: Not a directory"),
        ("demo --tariff {none}", "{none}: no such file"),
        ("agents {file} --broker localhost:1 --data {none}", "{file}: no JSON at line 1, column 1"),
        ("cabinets {file} --broker localhost:1 --data {none}", "{file}: no JSON at line 1, column 1"),
        ("agents {folder} --broker localhost:1 --data {none}", "{folder}: is a directory"),
        ("cabinets {folder} --broker localhost:1 --data {none}", "{folder}: is a directory"),
        ("config show --config {folder}", "{folder}: is a directory"),
        ("order list --user usr-1 --data {file}", "no gateway has run in {file}"),
        ("order list --user usr-1 --data {none} --gateway here", "'here' is no address of a gateway"),
        (
            "order list --user usr-1 --data {none} --gateway http://127.0.0.1:99999",
            "'http://127.0.0.1:99999' is no address of a gateway: expected http://HOST:PORT",
        ),
        ("order list --user usr-1 --data {none} --gateway http://[::1", "is no address of a gateway"),
        ("order list --user usr-1 --data {none} --gateway http://", "is no address of a gateway"),
        ("order place --user usr-1 --lat 1 --lon 2 --key é", "--key is 1 to 200 visible ASCII characters"),
        ("watch --data {none}", "start one with chargeloop broker --data {none}, or the demo with --keep"),
        ("top --data {none}", "no broker is known in {none}"),
        ("top --broker nowhere", "'nowhere' is no address of a broker"),
        ("config show --config {file}", "{file}: "),
        ("order", "Missing command"),
        ("order list", "who orders? give --login NAME"),
        ("order show x --user usr-1", "'x' is not an order id: expected ord-… of a-z, 0-9"),
        ("order place --user usr-1 --lat 91 --lon 0", "--lat"),
        ("order list --user ada", "'ada' is not a user id: expected usr-… of a-z, 0-9 and single dashes,"),
        ("order list --user Ada", "for instance usr-ada"),
        ("watch --operator anna", "for instance opr-anna"),
        ("account add --role user --login ada --id ada", "for instance usr-ada"),
    ],
)
def test_wrong_arguments_give_one_line_and_exit_code_2(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    places = {"file": tmp_path / "file", "none": tmp_path / "none", "folder": tmp_path / "folder"}
    places["file"].write_text("no file of ours")
    places["folder"].mkdir()
    assert run(arguments.format_map(places).split()) == 2
    shown = capsys.readouterr()
    said = said.format_map(places)
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert said in shown.err


def test_a_gateway_that_is_away_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = f"http://{free_address()}"
    signing_key(tmp_path)  # as a gateway that ran here would have left it
    assert run(["order", "list", "--user", "usr-1", "--data", str(tmp_path), "--gateway", url]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"chargeloop: no answer from {url}")
    start = f"start chargeloop platform --data {tmp_path}"
    assert said.endswith(f"{start}, or give --data or --gateway of one that runs\n")


def test_advice_says_what_was_typed_to_get_here(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_CHARGELOOP_RUN", "/somewhere/run")  # as ./run does
    assert run(["watch", "--data", str(tmp_path)]) == 2
    assert f"start one with ./run broker --data {tmp_path}, or the demo" in capsys.readouterr().err


def test_the_usual_data_directory_needs_no_mention_in_advice(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["watch"]) == 2
    assert "start one with chargeloop broker, or the demo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("order list", "Default: that in DATA/run/gateway.url, else http://127.0.0.1:8080."),
        ("broker", "--broker KIND mosquitto or embedded. Default:"),
        ("demo", "HOST:PORT of one that runs on the same --data"),
    ],
)
def test_help_says_what_is_true_of_its_command(
    command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.split(), "--help"]) == 0
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_port_that_is_taken_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["platform", "--data", str(tmp_path), "--broker", "localhost:1", "--http-port", port]
        assert run(arguments) == 1
    said = capsys.readouterr().err
    assert said == (
        f"chargeloop: cannot listen on port {port} of 127.0.0.1: address already in use:"
        " give another --http-port\n"
    )


def test_a_login_of_another_region_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    CredentialStore.of_data(tmp_path).grant("dsp-main", "harbour")
    assert run(["couriers", "--data", str(tmp_path), "--broker", "localhost:1"]) == 2
    assert capsys.readouterr().err == (
        "chargeloop: dsp-main already has credentials for region 'harbour', not 'demo'\n"
    )


@pytest.mark.parametrize(
    ("part", "file"), [("platform", "platform/rental.sqlite3"), ("couriers", "courier/dispatch.sqlite3")]
)
def test_a_store_that_is_none_is_told_in_one_line(
    part: str, file: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = tmp_path / file
    store.parent.mkdir()
    store.write_text("no database at all, and longer than a header of SQLite would be " * 4)
    assert run([part, "--data", str(tmp_path), "--broker", "localhost:1"]) == 2
    assert capsys.readouterr().err == f"chargeloop: {store}: file is not a database\n"


@pytest.mark.parametrize(
    ("region", "said"),
    [("other", "belongs to the region demo, not to other"), ("demo", "holds version 99 of the rental store")],
)
def test_a_store_of_another_region_or_version_is_told_in_one_line(
    region: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = store_path(tmp_path)
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        db.executescript(schema_text(RegionId("demo")))
        if region == "demo":
            db.executescript("UPDATE meta SET value = '99' WHERE key = 'platform_schema'")
    assert run(["platform", "--data", str(tmp_path), "--broker", "localhost:1", "--region", region]) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), f"{path} {said}" in told) == (1, True)


def test_a_cabinet_whose_size_is_changed_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fleet = tmp_path / "fleet.json"
    cabinet = {"cabinet": "cab-1", "name": "Harbour", "lat_e7": 1, "lon_e7": 2, "slots": 6}
    fleet.write_text(json.dumps([cabinet]))
    (entry,) = load_fleet(fleet)
    CabinetFiles(tmp_path / "cabinets" / "cab-1").save_mechanics(entry.installed(0))
    fleet.write_text(json.dumps([cabinet | {"slots": 8}]))
    assert run(["cabinets", str(fleet), "--data", str(tmp_path), "--broker", "localhost:1"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{tmp_path}/cabinets/cab-1/state.json: " in said
    assert "it was 6, the fleet's file says 8" in said


def test_a_real_process_ends_with_the_exit_code_and_no_traceback() -> None:
    done = chargeloop("demo", "--orders", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("chargeloop: orders from flag --orders")
    assert done.stderr.count("\n") == 1
