"""Tariff files: what is wrong is said by the name of its key."""

from pathlib import Path

import pytest

from chargeloop.platform.shell.tariff_file import TariffFileError, default_tariff, load_tariff, parse_tariff

GOOD = """
name = "city"
currency = "EUR"
[rental]
free_minutes = 5
unit_minutes = 30
price_minor = 100
[courier]
base_minor = 200
per_minute_minor = 10
promised_minutes = 45
"""


def test_a_tariff_without_caps_and_buy_out_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tariff.toml"
    path.write_text(GOOD)
    tariff = load_tariff(path)
    assert (tariff.name, tariff.rental.unit_minutes, tariff.rental.total_cap_minor) == ("city", 30, None)
    assert tariff.courier.max_minor == 650


def test_the_default_tariff_is_packaged_and_has_every_rule() -> None:
    tariff = default_tariff()
    assert tariff.name == "default"
    assert tariff.rental.buyout_after_minutes is not None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("free_minutes = 5", "", r"rental\.free_minutes: Field required"),
        (
            "free_minutes = 5",
            "free_minuets = 5",
            "rental: unknown key 'free_minuets'; did you mean 'free",
        ),
        ("free_minutes = 5", "free_minutes = 5\ncolour = 5", "rental: unknown key 'colour'; known: free_"),
        ("free_minutes = 5", "free_minutes = -5", r"rental\.free_minutes must be at least 0, not -5"),
        ("price_minor = 100", 'price_minor = "100"', r"rental\.price_minor: Input should be a valid integer"),
        ("price_minor = 100", "price_minor = 1.5", r"rental\.price_minor: Input should be a valid integer"),
        ("price_minor = 100", "price_minor = true", r"rental\.price_minor: Input should be a valid integer"),
        ("promised_minutes = 45", "promised_minutes =", "not TOML: Invalid value"),
        ('"EUR"', '"EURO"', "'EURO' is not a currency we know"),
        ('"city"', '"The City"', "name must be 1 to 40 of a-z"),
    ],
)
def test_a_bad_file_is_refused_by_the_name_of_the_key(old: str, new: str, complaint: str) -> None:
    with pytest.raises(TariffFileError, match=rf"^city\.toml: {complaint}"):
        parse_tariff(GOOD.replace(old, new), "city.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TariffFileError, match=r"missing\.toml: no such file"):
        load_tariff(tmp_path / "missing.toml")
    with pytest.raises(TariffFileError, match="is a directory"):
        load_tariff(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TariffFileError, match=r"binary\.toml: no UTF-8 text at byte 0"):
        load_tariff(tmp_path / "binary.toml")
