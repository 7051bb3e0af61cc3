"""Settings: a flag wins over the environment, that over the TOML file, that over the default.

Every setting has one name: `--broker-port` on the command line is `CHARGELOOP_BROKER_PORT` in the environment
and `broker_port` in `chargeloop.toml`. `config show` prints each value with the place it came from.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from chargeloop.cli.errors import CommandError
from chargeloop.protocol import fields
from chargeloop.protocol.ids import IdKind, OperatorId, RegionId, not_a_region, not_an_id
from chargeloop.protocol.slips import nearest

DEFAULT_FILE = Path("chargeloop.toml")
ENVIRONMENT_PREFIX = "CHARGELOOP_"

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """What every command may need; each command reads its part."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True)

    data: Path = Field(Path("chargeloop-data"), description="directory of credentials, stores and journals")
    region: fields.Region = Field(RegionId("demo"), description="the region: one city or district")
    broker: str = Field("auto", description="auto, mosquitto, embedded or HOST:PORT")
    broker_port: Port = Field(0, description="port of a broker that is started here (0: the last one's)")
    clock: str = Field("real", description="real, or scaled:REAL_ORIGIN_MS:ORIGIN_MS:SPEED")
    http_host: str = Field("127.0.0.1", description="address the HTTP gateway listens on")
    http_port: Port = Field(8080, description="port of the HTTP gateway")
    tls_cert: Path | None = Field(None, description="certificate of the HTTP gateway, PEM (default: no TLS)")
    tls_key: Path | None = Field(None, description="key of the certificate, PEM without a password")
    behind_tls: bool = Field(False, description="a proxy before the HTTP gateway speaks TLS with browsers")
    map_style: str | None = Field(
        None, description="MapLibre style of the pages' map (default: an invented city)"
    )
    map_tiles: str | None = Field(
        None, description="PMTiles file, or URL of one or of tiles, for the pages' map"
    )
    map_attribution: str | None = Field(None, description="whom the pages' map names")
    gateway: str = Field("http://127.0.0.1:8080", description="address of the HTTP gateway that orders go to")
    tariff: Path | None = Field(None, description="TOML file with the tariff (default: the built-in one)")
    user: fields.User | None = Field(None, description="the user who orders (usr-…), with DATA at hand")
    login: str | None = Field(None, description="login name of the account that orders (default: --user)")
    password: SecretStr | None = Field(None, description="the password of --login (default: it is asked for)")
    operator: fields.Operator = Field(OperatorId("opr-main"), description="the operator who watches (opr-…)")
    orders: Annotated[int, Field(ge=1, le=500)] = Field(20, description="how many people order in the demo")
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(7, description="the seed of a demo or replay")
    speed: str = Field("auto", description="world seconds in a real second; auto; max (replay only)")


_PLACES = ("flag", "environment", "file", "default")
_KNOWN = frozenset(Settings.model_fields)
_IDS = {"user": IdKind.USER, "operator": IdKind.OPERATOR}


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings in force and, by field name, where each came from."""

    settings: Settings
    origins: Mapping[str, str]

    def distance(self, name: str) -> int:
        """Return how far away the place is that a setting came from: the nearest wins."""
        return _PLACES.index(self.origins[name].partition(" ")[0])


def load_settings(flags: Mapping[str, object], config: Path | None = None) -> Effective:
    """Return the effective settings.

    Args:
        flags: field name to value for the flags that were given; None means not given.
        config: the TOML file; without it `chargeloop.toml` of the working directory, when it is there.

    Raises:
        CommandError: the file is missing, is not TOML or has an unknown name, or a value is not usable.
    """
    _warn_of_unknown(os.environ)
    given = {name: value for name, value in flags.items() if value is not None}
    file = _settings_file(config)
    origins = _origins(given, file)
    try:
        return Effective(_sourced(file)(**cast("dict[str, Any]", given)), origins)
    except ValidationError as error:
        raise CommandError(_first_fault(error, origins, file)) from None


@cache
def _warn_once(variable: str) -> None:
    advice = nearest(variable[len(ENVIRONMENT_PREFIX) :].upper(), [name.upper() for name in _KNOWN])
    advice = advice.replace("'", f"'{ENVIRONMENT_PREFIX}", 1)
    print(
        f"chargeloop: {variable} in the environment is no setting and changes nothing{advice}",
        file=sys.stderr,
    )


def _warn_of_unknown(environment: Mapping[str, str]) -> None:
    """Say which variables of ours in the environment are none of the settings: a slip would go unnoticed."""
    for variable in environment:
        name = variable.lower()
        if name.startswith(ENVIRONMENT_PREFIX.lower()) and name[len(ENVIRONMENT_PREFIX) :] not in _KNOWN:
            _warn_once(variable)


def _settings_file(config: Path | None) -> Path | None:
    if config is None:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    if not config.is_file():
        raise CommandError(f"{config}: {'is a directory' if config.is_dir() else 'no such settings file'}")
    return config


def _sourced(file: Path | None) -> type[Settings]:
    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the names are pydantic-settings' own
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the same
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            toml = () if file is None else (TomlConfigSettingsSource(settings_cls, file),)
            return (init_settings, env_settings, *toml)

    return Sourced


def _origins(given: Mapping[str, object], file: Path | None) -> dict[str, str]:
    """Return for each setting the place that has the last word on it."""
    origins = dict.fromkeys(Settings.model_fields, "default")
    origins |= dict.fromkeys(_read_toml(file), f"file {file}")
    environment = EnvSettingsSource(Settings)()
    origins |= {name: f"environment {ENVIRONMENT_PREFIX}{name.upper()}" for name in environment}
    return origins | {name: f"flag {flag_of(name)}" for name in given}


def _read_toml(file: Path | None) -> dict[str, object]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{file}: {error}") from None


def flag_of(name: str) -> str:
    """Return the command line flag of a setting."""
    return f"--{name.replace('_', '-')}"


def _first_fault(error: ValidationError, origins: Mapping[str, str], file: Path | None) -> str:
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        known = ", ".join(Settings.model_fields)
        return f"{file}: unknown setting {name!r}; known: {known}{nearest(name, Settings.model_fields)}"
    kind = _IDS.get(name)
    told = fault["msg"] if kind is None else not_an_id(kind, str(fault["input"]))
    if name == "region":
        told = not_a_region(str(fault["input"]))
    return f"{name} from {origins[name]}: {told}"
