"""What the repository's files must not contain."""

import ast
import re

from tests.repository.repository import ROOT, files

LEFT_TO_DO = re.compile("TO[D]O|FIX[M]E")
# No line of the lock file may have room for a web address, a path or an option of pip.
LOCKED = re.compile(
    r"# [^/]*|#    \./run lock|[a-z0-9-]+==[^ @/]+( ; [^/@]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
)
SKIPS = {"pytest.skip", "pytest.importorskip", "pytest.mark.skip", "unittest.skip"}


def text_of_all_files() -> dict[str, str]:
    """Returns the text of every text file by its path."""
    texts = {}
    for path in files():
        try:
            texts[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts


def test_nothing_is_left_to_do() -> None:
    found = [name for name, text in text_of_all_files().items() if LEFT_TO_DO.search(text)]
    assert not found


def test_the_lock_file_names_packages_and_hashes_but_no_place_to_get_them_from() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert not [line for line in lock.splitlines() if not LOCKED.fullmatch(line)]


def test_no_test_is_skipped_on_every_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files("tests/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in SKIPS
    ]
    assert not found
