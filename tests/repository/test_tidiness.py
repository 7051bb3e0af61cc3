"""What the repository's files must not contain."""

import ast
import re

import pytest
from tools import bootstrap

from tests.repository.repository import ROOT, files

LEFT_TO_DO = re.compile("TO[D]O|FIX[M]E")
# No line of the lock file may have room for a web address, a path or an option of pip.
LOCKED = re.compile(
    r"# [^/]*|#    \./run lock|[a-z0-9-]+==[^ @/]+( ; [^/@]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
)
SKIPS = {"pytest.skip", "pytest.importorskip", "pytest.mark.skip", "unittest.skip"}


def test_nothing_is_left_to_do() -> None:
    found = [path for path in files() if LEFT_TO_DO.search(path.read_text(encoding="utf-8", errors="ignore"))]
    assert not found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-bench.lock"])
def test_the_lock_file_names_packages_and_hashes_but_no_place_to_get_them_from(name: str) -> None:
    lock = (ROOT / name).read_text()
    assert not [line for line in lock.splitlines() if not LOCKED.fullmatch(line)]


def test_what_the_product_is_built_with_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    locked = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}
    asked = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in bootstrap.build_requirements()}
    assert "hatchling" in asked
    assert asked <= locked


def test_no_test_is_skipped_on_every_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in SKIPS
    ]
    assert not found
