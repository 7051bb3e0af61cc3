"""Where files stand, and what they must not hide."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.repository.repository import ROOT, SOURCE_FOLDERS

SOURCES = sorted(path for folder in SOURCE_FOLDERS for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """Returns the import name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts[1:]).removesuffix(".__init__")


@pytest.mark.parametrize("folder", SOURCE_FOLDERS)
def test_the_namespace_folders_hold_no_init_file(folder: str) -> None:
    forbidden = [ROOT / folder / "__init__.py", ROOT / folder / "chargeloop" / "__init__.py"]
    assert not [path for path in forbidden if path.exists()]


def test_import_platform_from_the_root_gives_the_standard_library() -> None:
    command = [sys.executable, "-c", "import platform, uuid; print(platform.python_version())"]
    shown = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout
    assert shown.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")


def test_every_source_folder_is_packaged_and_typed() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    # The checker imports nothing of the product, and stands apart from it; `chargeloop sim` judges by it.
    assert build["dev-mode-dirs"] == [*SOURCE_FOLDERS, "tests/checker"]
    packages = [*(f"{folder}/chargeloop" for folder in SOURCE_FOLDERS), "tests/checker/chargeloop_checker"]
    assert sorted(build["targets"]["wheel"]["packages"]) == sorted(packages)
    for folder in SOURCE_FOLDERS:
        assert len(list((ROOT / folder / "chargeloop").glob("*/py.typed"))) == 1


@pytest.mark.parametrize("module", [module_name(path) for path in SOURCES])
def test_every_source_module_imports(module: str) -> None:
    importlib.import_module(module)


@pytest.mark.parametrize("shell", ["sh", "dash"])
def test_run_is_a_posix_shell_script(shell: str) -> None:
    assert (ROOT / "run").read_text().startswith("#!/bin/sh\n")
    subprocess.run([shell, "-n", str(ROOT / "run")], check=True)


def test_the_readme_names_exactly_the_two_commands_that_set_up_and_try_it() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = [line for block in readme.split("```sh\n")[1:] for line in block.split("```")[0].splitlines()]
    assert commands == ["./run demo", "./run test"]
