"""The physical truth and the platforms' books are read from files, and missing files hold nothing."""

import json
from pathlib import Path

from chargeloop.cli.books import Books
from chargeloop.cli.truth import read_truth


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_every_bank_is_found_where_it_is(tmp_path: Path) -> None:
    slots = [{"slot": 1, "bank": {"bank": "bnk-1", "charge_ppm": 5}}, {"slot": 2, "bank": None}]
    tray = [{"bank": {"bank": "bnk-2"}, "claim": "open"}]
    answers = {"a": {"banks": [{"bank": "bnk-9"}]}}
    state = {"slots": slots, "tray": tray, "answers": answers, "pushed_out": {"bnk-2": 3}}
    write(tmp_path / "cabinets/cab-1/state.json", state)
    write(tmp_path / "agents/cou-1/hands.json", {"banks": ["bnk-3"], "memory": {}})
    write(tmp_path / "users/usr-1/hands.json", {"banks": ["bnk-4", "bnk-1"]})
    truth = read_truth(tmp_path)
    assert truth.places == {
        "bnk-1": ("cab-1", "usr-1"), "bnk-2": ("cab-1",), "bnk-3": ("cou-1",), "bnk-4": ("usr-1",),
    }  # fmt: skip
    assert truth.in_hands == {"bnk-1", "bnk-3", "bnk-4"}
    assert truth.in_trays == {"bnk-2"}
    assert truth.slots == {"cab-1": {1: "bnk-1", 2: None}}
    assert truth.pushed_out == {("cab-1", "bnk-2"): 3}


def test_an_empty_directory_holds_no_banks_and_no_books(tmp_path: Path) -> None:
    assert read_truth(tmp_path).places == {}
    books = Books(tmp_path)
    assert (books.orders(), books.idle_holds(), books.rentals()) == ([], [], [])
    assert books.sold_banks() == frozenset()
    assert set(books.messages().values()) == {0}
    assert books.legs() == {"courier_out": 0, "courier_back": 0}
