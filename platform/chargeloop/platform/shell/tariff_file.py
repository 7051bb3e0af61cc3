"""Tariffs from TOML files, with errors that say which key is wrong and why."""

import tomllib
from importlib import resources
from pathlib import Path

from pydantic import ConfigDict, ValidationError

from chargeloop.platform.core.tariff import CourierRule, InvalidTariffError, RentalRule, Tariff
from chargeloop.protocol.handwritten import Entry, NotUsableError, first_fault, text_of, unreadable
from chargeloop.protocol.money import UnknownCurrencyError


class TariffFileError(ValueError):
    """The file cannot be used as a tariff; the message names the file, the key and what is wrong with it."""


class _Table(Entry):
    """A table of the file: no unknown key, no number written as text."""

    model_config = ConfigDict(strict=True)


class _RentalTable(_Table):
    free_minutes: int
    unit_minutes: int
    price_minor: int
    cap_per_24h_minor: int | None = None
    total_cap_minor: int | None = None
    buyout_after_minutes: int | None = None


class _CourierTable(_Table):
    base_minor: int
    per_minute_minor: int
    promised_minutes: int


class _TariffTable(_Table):
    name: str
    currency: str
    rental: _RentalTable
    courier: _CourierTable

    def tariff(self) -> Tariff:
        return Tariff(
            name=self.name,
            currency=self.currency,
            rental=RentalRule(**self.rental.model_dump()),
            courier=CourierRule(**self.courier.model_dump()),
        )


def parse_tariff(text: str, origin: str) -> Tariff:
    """Return the tariff in a TOML text; `origin` names it in errors.

    Raises:
        TariffFileError: not TOML, or a key is missing, unknown, of the wrong type or out of range.
    """
    try:
        return _TariffTable.model_validate(tomllib.loads(text)).tariff()
    except tomllib.TOMLDecodeError as error:
        raise TariffFileError(f"{origin}: not TOML: {error}") from error
    except ValidationError as error:
        raise TariffFileError(f"{origin}: {first_fault(error)}") from error
    except (InvalidTariffError, UnknownCurrencyError) as error:
        raise TariffFileError(f"{origin}: {error}") from error


def load_tariff(path: Path) -> Tariff:
    """Return the tariff in a TOML file.

    Raises:
        TariffFileError: the file cannot be read or used; the message says why.
    """
    try:
        text = text_of(path.read_bytes())
    except OSError as error:
        raise TariffFileError(f"{path}: {unreadable(error)}") from error
    except NotUsableError as error:
        raise TariffFileError(f"{path}: {error}") from error
    return parse_tariff(text, str(path))


def default_tariff() -> Tariff:
    """Return the tariff that comes with the product."""
    packaged = resources.files("chargeloop.platform.shell") / "default_tariff.toml"
    return parse_tariff(packaged.read_text(encoding="utf-8"), "the default tariff")
