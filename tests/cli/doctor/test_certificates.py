"""Certificates for TLS: readable, belonging to their key, valid. Those in `pem/` are for tests alone."""

import shutil
from pathlib import Path

import pytest

from chargeloop.cli.doctor import certificates as checking
from chargeloop.cli.doctor.certificates import certificates
from chargeloop.cli.doctor.findings import Level

PEM = Path(__file__).parent / "pem"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The server's key, for its owner alone, as git keeps no such modes."""
    key = tmp_path / "server.key"
    shutil.copyfile(PEM / "server.key", key)
    key.chmod(0o600)
    return key


def test_a_certificate_with_its_key_is_well_and_tells_its_names_and_its_end(key: Path) -> None:
    about_key, about_cert = certificates(PEM / "server.pem", key)
    assert (about_key.level, about_cert.level) == (Level.OK, Level.OK)
    assert about_cert.seen.startswith("for localhost, 127.0.0.1, valid for ")


def test_a_key_that_others_can_read_is_warned_of(key: Path) -> None:
    key.chmod(0o644)
    about_key, _ = certificates(PEM / "server.pem", key)
    assert (about_key.level, about_key.advice) == (Level.WARN, f"chmod 600 {key}")
    assert "mode 644" in about_key.seen


def test_a_certificate_that_ends_soon_is_warned_of(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_SOON_DAYS", 99_999)
    assert certificates(PEM / "server.pem", key)[1].level is Level.WARN


def test_an_expired_certificate_fails(key: Path) -> None:
    found = certificates(PEM / "expired.pem", key)[1]
    assert (found.level, found.advice) == (Level.FAIL, "renew it")
    assert found.seen.endswith("expired.pem has expired")


@pytest.mark.parametrize(
    ("cert", "key", "seen"),
    [
        ("server.pem", "other.key", "is not the key of"),
        ("server.pem", "locked.key", "is locked by a password"),
        ("server.pem", "nowhere.key", "no such file or directory"),
        ("nowhere.pem", "server.key", "no such file or directory"),
        ("server.key", "server.key", "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_told_with_advice(cert: str, key: str, seen: str) -> None:
    (found,) = certificates(PEM / cert, PEM / key)
    assert found.level is Level.FAIL
    assert seen in found.seen
    assert found.advice
