"""The checker stands on its own: nothing of the product, nothing but the standard library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import chargeloop_checker
import pytest

PACKAGE = Path(chargeloop_checker.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 300, 40


def imported(tree: ast.Module) -> Iterator[str]:
    """Yields the names of all modules that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_the_package_is_the_one_beside_this_file() -> None:
    assert Path(__file__).parent / "chargeloop_checker" == PACKAGE
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_the_standard_library_and_the_package_itself(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imported(ast.parse(path.read_text()))}
    allowed = sys.stdlib_module_names | {"chargeloop_checker"}
    assert roots <= allowed - {"importlib", "runpy", "pkgutil"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_nothing_by_other_means(path: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"__import__", "exec", "eval", "compile"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert len(text.splitlines()) <= LONGEST_FILE
    assert not [
        node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 >= LONGEST_FUNCTION
    ]
