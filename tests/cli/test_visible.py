"""What other people wrote is shown on a terminal, and not obeyed by it."""

import json
from typing import Any

import pytest

from chargeloop.cli import tables
from chargeloop.cli.visible import all_visible, visible
from chargeloop.cli.watch import Seen, formatted

EVIL = "\x1b]0;pwned\x07\x1b[2J\r\nord-fake settled\x9b31m\u202eabc\x7f"
SHOWN = "\\u001b]0;pwned\\u0007\\u001b[2J\\u000d\\u000aord-fake settled\\u009b31m\\u202eabc\\u007f"


def is_plain(text: str) -> bool:
    return all(character.isprintable() for character in text.replace("\n", ""))


def test_control_characters_are_shown_as_json_writes_them() -> None:
    assert visible(EVIL) == SHOWN
    assert visible("Žižkov 充电宝 \U0001f50b") == "Žižkov 充电宝 \U0001f50b"


def test_json_stays_json() -> None:
    assert json.loads(visible(json.dumps({"text": EVIL}, ensure_ascii=False))) == {"text": EVIL}


def test_an_order_is_shown_with_the_texts_that_others_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    reply: dict[str, Any] = {
        "id": "ord-1",
        "state": "cancelled",
        "reason": f"[red]{EVIL}:key:",
        "quantity": 1,
    }
    tables.show(tables.order_table(all_visible(reply)))
    printed = capsys.readouterr().out
    assert is_plain(printed)
    assert f"[red]{SHOWN}:key:" in printed


@pytest.mark.parametrize("form", ["%w", "%p", "%j", "%J", "%t"])
def test_a_watched_message_keeps_to_its_line(form: str) -> None:
    line = formatted(form, Seen(f"cl/v1/{EVIL}", EVIL.encode(), 0, retain=False, at_ns=0))
    assert is_plain(line)
    assert "\n" not in line
