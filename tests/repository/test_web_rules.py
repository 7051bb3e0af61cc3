"""What the pages know of the platform is what the platform does."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from chargeloop.platform.core.alarms import (
    OFFLINE_MS,
    AlarmKind,
    Sight,
    Trouble,
    Unread,
    of_bank,
    of_cabinet,
    of_order,
    of_outstanding,
    of_quarantine,
)
from chargeloop.platform.core.order import FINAL, BankPlace, BankTrack
from chargeloop.platform.core.rows import SlotRecord
from chargeloop.platform.shell import problems
from chargeloop.protocol.ids import BankId, CabinetId, JobId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.rental import OrderState, RefusalCode, RequestDone
from chargeloop.protocol.values import replace
from tests.platform.core.script import A, city
from tests.platform.shell.books import NOON_MS, order_in_use
from tests.repository.repository import ROOT

_SOURCES: Final = ROOT / "platform" / "web" / "src"
_PLATFORM: Final = ROOT / "platform" / "chargeloop" / "platform"
# What makes the answer of a problem, and which of its arguments is the code.
_TELLS: Final = {"ProblemError": 1, "response": 2}
# What ends an order or gives up a return, and is told why.
_ENDS: Final = {"call_off", "drop_return", "end", "fail", "settle"}


def _offered_to_be_cancelled() -> set[str]:
    text = (_SOURCES / "rent" / "milestones.ts").read_text("utf-8")
    found = re.search(r"CANCELLABLE = new Set\(\[(.*?)\]\)", text, re.DOTALL)
    assert found is not None
    return set(re.findall(r"\w+", found[1]))


@pytest.mark.parametrize("state", sorted(set(OrderState) - FINAL))
def test_the_page_offers_to_call_an_order_off_exactly_where_the_platform_does_it(state: OrderState) -> None:
    script = city()
    script.connect(A)
    placed = script.place()
    script.rows.orders[placed.id] = replace(script.rows.orders[placed.id], state=state)
    script.restart()
    done = isinstance(script.cancel(placed.id), RequestDone)
    assert done == (state in _offered_to_be_cancelled())


def _words(prefix: str, file: str = "i18n/en.ts") -> set[str]:
    text = (_SOURCES / file).read_text("utf-8")
    return set(re.findall(rf"^  '{re.escape(prefix)}\.([\w-]+)':", text, re.MULTILINE))


def _nodes(folder: str) -> Iterator[ast.AST]:
    for path in (_PLATFORM / folder).rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text("utf-8")))


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _codes() -> set[str]:
    """Return the codes of all problems that the gateway answers with, but at the door of the WebSocket."""
    calls = [node for node in _nodes("shell") if isinstance(node, ast.Call) and _called(node) in _TELLS]
    codes = [call.args[_TELLS[_called(call)]] for call in calls]
    said = {text for code in codes for text in _literals(code)}
    return said | set(problems._HTTP_CODES.values()) | set(RefusalCode)


def test_the_page_has_words_for_every_problem_of_the_gateway_and_for_no_other() -> None:
    assert _words("problem") == _codes()


def _literals(node: ast.AST | None) -> Iterator[str]:
    """Give the texts that an expression may be, with a number for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
        yield "".join(str(part) for part in parts)
    elif isinstance(node, ast.BoolOp | ast.IfExp | ast.Dict | ast.Tuple):
        for part in ast.iter_child_nodes(node):
            yield from _literals(part)


def _reasons() -> Iterator[str]:
    """Give the reasons that orders are ended or changed for, as they stand in the platform's sources."""
    for node in (*_nodes("core"), *_nodes("shell")):
        for expression in _told(node):
            yield from _literals(expression)


def _told(node: ast.AST) -> list[ast.expr]:
    """Return what a call or an assignment tells as a reason."""
    if isinstance(node, ast.Call) and _called(node) in _ENDS:
        return node.args
    if isinstance(node, ast.keyword) and node.arg == "reason":
        return [node.value]
    if isinstance(node, ast.Assign):
        names = {part.id for part in ast.walk(node.targets[0]) if isinstance(part, ast.Name)}
        return [node.value] if names & {"reason", "_WHY"} else []
    return []


def _key(reason: str) -> str:
    """Return what `rent/reasons.ts` makes of a reason."""
    return "_".join(re.findall(r"[a-z-]+", reason.partition(":")[0]))


def test_the_page_has_words_for_every_reason_of_the_platform_and_for_no_other() -> None:
    # What an operator writes stands behind the operator's name.
    assert _words("rent.reason") == {_key(reason) or "operator" for reason in _reasons()}


def test_the_console_has_words_for_every_reason_of_the_platform_and_for_no_other() -> None:
    assert _words("reason", "ops/words_en.ts") == {_key(reason) or "operator" for reason in _reasons()}


def test_the_console_has_words_for_why_a_cabinet_gave_out_nothing() -> None:
    calls = [
        node for node in _nodes("core") if isinstance(node, ast.Call) and _called(node) == "end_unlocking"
    ]
    said = {text for call in calls for text in _literals(call.args[-1])}
    assert said
    assert {text.replace(" ", "_") for text in said} <= _words("because", "ops/words_en.ts")


def _troubles() -> Iterator[Trouble]:
    """Give a trouble of every kind, and of every form that its sentence has."""
    faulty = (SlotRecord(1, SlotState.FAULTY, BankId("bnk-1")), SlotRecord(2, SlotState.FAULTY, None))
    for name in ("Harbour has 2 banks", ""):
        for ready in (0, 1):
            sight = Sight(
                CabinetId("cab-1"), name, usable=True, last_seen_ms=0, ready_banks=ready, slots=faulty
            )
            yield from of_cabinet(sight, OFFLINE_MS)
            yield from of_cabinet(replace(sight, usable=False), OFFLINE_MS)
    yield from of_order(replace(order_in_use(), since_ms=0), NOON_MS)
    yield of_bank(BankId("bnk-1"), [CabinetId("cab-1"), CabinetId("cab-2"), CabinetId("cab-3")], 0)
    bank, cabinet = BankId("bnk-1"), CabinetId("cab-1")
    for track in (
        BankTrack(bank, BankPlace.ASTRAY, JobId("job-1")),
        BankTrack(bank, BankPlace.ASTRAY, given_by=cabinet),
        BankTrack(bank, BankPlace.BACK),
    ):
        ended = replace(order_in_use(), since_ms=0, banks=(track,))
        yield from of_outstanding(ended, BankId("bnk-1"), NOON_MS)
    for times in (1, 2):
        yield of_quarantine("rnt-main", Unread("cl/v1/demo/cabinet/cab-1/event", times, "not_utf8", 0, 0))


def test_the_console_finds_in_the_sentence_of_an_alarm_what_only_that_has() -> None:
    text = (_SOURCES / "ops" / "sentences.ts").read_text("utf-8")
    patterns = dict(re.findall(r"^  (\w+): /(.*)/,$", text, re.MULTILINE))
    troubles = list(_troubles())
    assert {trouble.key.kind for trouble in troubles} == set(AlarmKind)
    found: dict[str, set[tuple[str | None, ...]]] = {kind: set() for kind in patterns}
    for trouble in troubles:
        if trouble.key.kind in patterns:
            match = re.search(patterns[trouble.key.kind], trouble.text)
            assert match is not None, trouble.text
            found[trouble.key.kind].add(match.groups())
    assert found == {
        "slot_jammed": {("bnk-1",), (None,)},
        "low_stock": {("0",), ("1",)},
        "bank_in_two_places": {("cab-1 and in cab-2 and in cab-3",)},
        "bank_missing": {("had it last", None), ("says that it is back", None), (None, "cab-1")},
        "quarantine": {(None, "not_utf8"), ("2", "not_utf8")},
    }
