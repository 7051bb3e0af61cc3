import base64
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeloop.broker import Credentials
from chargeloop.broker.access import AccessRules
from chargeloop.broker.limits import MAX_PACKET_BYTES
from chargeloop.broker.mosquitto import (
    MosquittoFiles,
    access_text,
    configuration_text,
    find_mosquitto,
    password_line,
)
from chargeloop.protocol.codec import MAX_BYTES
from chargeloop.protocol.topics import Role

FILES = MosquittoFiles(Path("/var/lib/charge loop/broker"))


def directives(host: str = "127.0.0.1", port: int = 1883) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in configuration_text(FILES, host, port).splitlines():
        if not line.startswith("#"):
            name, _, value = line.partition(" ")
            found.setdefault(name, []).append(value)
    return found


def test_the_configuration_is_closed() -> None:
    found = directives()
    assert found["listener"] == ["1883 127.0.0.1"]
    assert found["allow_anonymous"] == ["false"]
    assert found["use_username_as_clientid"] == ["true"]
    assert found["password_file"] == ["/var/lib/charge loop/broker/mosquitto.passwords"]
    assert found["acl_file"] == ["/var/lib/charge loop/broker/mosquitto.access"]


def test_the_configuration_limits_packets_and_queues() -> None:
    found = directives()
    assert MAX_BYTES < MAX_PACKET_BYTES == int(found["max_packet_size"][0])
    assert {
        "max_queued_messages",
        "max_queued_bytes",
        "max_inflight_messages",
        "max_connections",
    } <= found.keys()


def test_the_configuration_says_nothing_twice_but_what_to_log() -> None:
    assert {name for name, values in directives().items() if len(values) > 1} == {"log_type"}


@pytest.mark.parametrize(("user", "expected"), [(0, ["root"]), (1000, None)])
def test_root_stays_root_to_read_its_files(
    monkeypatch: pytest.MonkeyPatch, user: int, expected: list[str] | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert directives().get("user") == expected


@settings(max_examples=20)
@given(password=st.text(min_size=1, max_size=60), salt=st.binary(min_size=12, max_size=12))
def test_a_password_line_holds_a_salted_hash(password: str, salt: bytes) -> None:
    line = password_line("cab-0001", password, salt)
    found = re.fullmatch(r"cab-0001:\$7\$(\d+)\$([^$]+)\$([^$]+)", line)
    assert found is not None
    assert base64.b64decode(found[2]) == salt
    expected = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, int(found[1]), 64)
    assert base64.b64decode(found[3]) == expected


def test_equal_passwords_have_different_lines() -> None:
    assert password_line("cab-1", "same") != password_line("cab-1", "same")


def test_the_line_is_of_mosquittos_own_form(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.touch(mode=0o600)
    subprocess.run(
        ["mosquitto_passwd", "-b", str(path), "cab-0001", "secret"], check=True, capture_output=True
    )
    theirs = path.read_text().strip()
    salt = base64.b64decode(theirs.split("$")[3])
    assert password_line("cab-0001", "secret", salt) == theirs


def test_access_rules_are_a_section_for_each_client() -> None:
    courier = AccessRules.of(Credentials("cou-1", Role.COURIER, "demo", "secret"))
    nobody = AccessRules("chargeloop-probe", (), ())
    sections = [section.splitlines() for section in access_text([courier, nobody]).split("\n\n")]
    assert sections[0][0] == "user cou-1"
    assert "topic write cl/v1/demo/courier/cou-1/event" in sections[0]
    assert "topic read cl/v1/demo/courier/cou-1/offer" in sections[0]
    assert len(sections[0]) == 1 + len(courier.writes) + len(courier.reads)
    assert sections[1] == ["user chargeloop-probe"]


def test_access_rules_grant_nothing_to_everybody() -> None:
    operator = AccessRules.of(Credentials("opr-1", Role.OPERATOR, "demo", "secret"))
    lines = access_text([operator]).splitlines()
    assert lines[0] == "user opr-1"
    assert not [line for line in lines if line.startswith("pattern") or "readwrite" in line or "#" in line]


def test_mosquitto_is_found_where_debian_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    program = find_mosquitto()
    assert program is not None
    assert Path(program).name == "mosquitto"
