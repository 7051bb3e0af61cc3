"""What messages tell people in a line."""

import pytest

from chargeloop.cli.news import readable
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId, JobId
from chargeloop.protocol.messages.cabinet import BankEjected, CabinetInfo
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import Delivered
from chargeloop.protocol.messages.rental import RefusalCode, RequestRefused
from chargeloop.protocol.time import parse_instant

EVENT = "cl/v1/demo/cabinet/cab-1/event"
AT_MS = parse_instant("2026-06-01T08:00:01.000Z")
EJECTED = BankEjected(slot=1, bank=BankId("bnk-1"), charge_pct=90)


def sent(data: object, **attributes: object) -> bytes:
    return encode(seal(data, id="m-1", source="cabinet/cab-1", time=AT_MS, **attributes))  # type: ignore[arg-type]


def test_a_line_tells_time_owner_kind_and_members() -> None:
    assert readable(EVENT, sent(EJECTED)) == "08:00:01 cab-1 bank ejected slot=1 bank=bnk-1 charge_pct=90"


def test_a_time_that_its_sender_doubts_is_marked() -> None:
    assert readable(EVENT, sent(EJECTED, clockstate=ClockState.FREE)).startswith("~08:00:01 ")


def test_places_texts_and_lists_are_readable() -> None:
    info = CabinetInfo(
        name="Harbour Café", location=Location(lat_e7=434_500_000, lon_e7=52_300_000), slots=4, model="CL",
        firmware="1",
    )  # fmt: skip
    line = readable("cl/v1/demo/cabinet/cab-1/info", sent(info))
    assert "name='Harbour Café' location=43.45000,5.23000 slots=4" in line


def test_codes_are_not_shown() -> None:
    told = Delivered(job=JobId("job-1"), code="1234", banks=(BankId("bnk-1"), BankId("bnk-2")))
    line = readable("cl/v1/demo/courier/cou-1/event", sent(told))
    assert line.endswith("cou-1 delivered job=job-1 banks=bnk-1,bnk-2")


def test_the_code_of_a_refusal_is_a_word_and_is_shown() -> None:
    told = RequestRefused(code=RefusalCode.WRONG_STATE, detail="too late")
    line = readable("cl/v1/demo/user/usr-1/reply", sent(told))
    assert line.endswith("request refused code=wrong_state detail='too late'")


@pytest.mark.parametrize(
    ("topic", "payload", "line"),
    [
        (EVENT, b'{"code": "1234", "', f'{EVENT} {{"code": "••••", "'),
        ("somebody/else", b"hello", "somebody/else hello"),
        (EVENT, b"{\xff", f"{EVENT} {{\ufffd"),
    ],
)
def test_what_is_no_message_of_ours_is_shown_as_it_is(topic: str, payload: bytes, line: str) -> None:
    assert readable(topic, payload) == line
