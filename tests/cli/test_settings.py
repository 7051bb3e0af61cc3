"""Flags win over the environment, that over the TOML file, that over the default; and secrets stay secret."""

import json
from pathlib import Path

import pytest

from chargeloop.cli import settings
from chargeloop.cli.errors import CommandError
from chargeloop.cli.main import run
from chargeloop.cli.parts import warn_of_open_gateway
from chargeloop.cli.places import note_gateway
from chargeloop.cli.settings import load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("toml", "environment", "flag", "value", "origin"),
    [
        (None, None, None, 7, "default"),
        (3, None, None, 3, "file chargeloop.toml"),
        (3, "4", None, 4, "environment CHARGELOOP_SEED"),
        (3, "4", 5, 5, "flag --seed"),
        (None, "4", 5, 5, "flag --seed"),
    ],
)
def test_the_nearer_place_wins(
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    toml: int | None,
    environment: str | None,
    flag: int | None,
    value: int,
    origin: str,
) -> None:
    if toml is not None:
        (elsewhere / "chargeloop.toml").write_text(f"seed = {toml}\n", encoding="utf-8")
    if environment is not None:
        monkeypatch.setenv("CHARGELOOP_SEED", environment)
    effective = load_settings({"seed": flag})
    assert (effective.settings.seed, effective.origins["seed"]) == (value, origin)


def test_a_named_file_is_read_instead_of_the_usual_one(elsewhere: Path) -> None:
    (elsewhere / "chargeloop.toml").write_text("seed = 1\n", encoding="utf-8")
    other = elsewhere / "other.toml"
    other.write_text("orders = 9\n", encoding="utf-8")
    effective = load_settings({}, other)
    assert (effective.settings.seed, effective.settings.orders) == (7, 9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = ", "chargeloop.toml: "),
        ("sed = 1", "unknown setting 'sed'; known: data, region"),
        ("sed = 1", "; did you mean 'seed'?"),
        ("seed = 'x'", "seed from file chargeloop.toml"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(elsewhere: Path, text: str, said: str) -> None:
    (elsewhere / "chargeloop.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=said) as refused:
        load_settings({})
    assert refused.value.exit_code == 2


def test_a_wrong_value_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGELOOP_HTTP_PORT", "70000")
    with pytest.raises(CommandError, match="http_port from environment CHARGELOOP_HTTP_PORT"):
        load_settings({})


def test_config_show_tells_every_value_and_where_it_came_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARGELOOP_REGION", "harbour")
    assert run(["config", "show", "--seed", "3", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["region"] == {"value": "harbour", "from": "environment CHARGELOOP_REGION"}
    assert shown["seed"] == {"value": 3, "from": "flag --seed"}
    assert shown["orders"] == {"value": 20, "from": "default"}


def test_a_proxy_before_the_gateway_is_a_setting_and_needs_no_warning(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "chargeloop.toml").write_text('behind_tls = true\nhttp_host = "0.0.0.0"\n')
    assert run(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["behind_tls"] == {"value": True, "from": "file chargeloop.toml"}
    warn_of_open_gateway(load_settings({}).settings)
    assert capsys.readouterr().err == ""
    warn_of_open_gateway(load_settings({"behind_tls": False}).settings)
    assert "give --tls-cert and --tls-key, or --behind-tls and a proxy" in capsys.readouterr().err


def test_config_show_tells_the_gateway_that_is_noted_in_the_data_directory(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note_gateway(elsewhere, "http://127.0.0.1:8123")
    noted = {"value": "http://127.0.0.1:8123", "from": f"noted in {elsewhere}/run/gateway.url"}
    given = {"value": "http://there:1", "from": "flag --gateway"}
    for flags, expected in (((), noted), (("--gateway", "http://there:1"), given)):
        assert run(["config", "show", "--data", str(elsewhere), *flags, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["gateway"] == expected


def test_config_show_keeps_its_columns_whatever_stands_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "--data", "x" * 40, "--map-attribution", "The town's surveyors"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (begins,) = {line.index(origin) for line in lines for origin in (" default", " flag ") if origin in line}
    assert begins > len("map_attribution") + 40


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_config_show_never_prints_a_secret(
    form: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARGELOOP_PASSWORD", "open-sesame")
    assert run(["config", "show", *form]) == 0
    shown = capsys.readouterr().out
    assert "open-sesame" not in shown
    assert "environment CHARGELOOP_PASSWORD" in shown


def test_a_slip_in_the_environment_is_told_once_with_the_nearest_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings._warn_once.cache_clear()
    monkeypatch.setenv("CHARGELOOP_HTP_PORT", "80")
    monkeypatch.setenv("chargeloop_xyzzy", "1")
    monkeypatch.setenv("chargeloop_seed", "3")
    for _ in range(2):
        assert load_settings({}).settings.seed == 3
    said = capsys.readouterr().err.splitlines()
    unknown = "in the environment is no setting and changes nothing"
    assert sorted(said) == [
        f"chargeloop: CHARGELOOP_HTP_PORT {unknown}; did you mean 'CHARGELOOP_HTTP_PORT'?",
        f"chargeloop: chargeloop_xyzzy {unknown}",
    ]
