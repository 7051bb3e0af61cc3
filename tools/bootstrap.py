"""Makes `.venv` from the lock file, once, with nothing but the standard library.

The set-up has three steps: the locked dependencies, chargeloop itself (editable), and the gateway's pages,
which are built again whenever their sources change. Each leaves a stamp that names what it was made from; a
stamp is removed before its step begins and written after it ended, so a set-up that was interrupted is seen
and done again. A file lock keeps two set-ups apart.

`--is-current` only answers, by its exit status, whether all stamps fit. `--dependencies` is about the first
step alone, with or without `--is-current`. `--build-requirements` prints what pyproject.toml wants for the
build. Progress goes to standard error.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Behind everything else, since the folder `platform` stands beside.
sys.path.append(str(ROOT))
from tools import web_pages  # noqa: E402 - found only now

VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
DEPENDENCIES_STAMP = VENV / "dependencies.stamp"
PROJECT_STAMP = VENV / "project.stamp"


class SetUpError(Exception):
    """The set-up cannot go on; the text tells the user what to do."""


def main(arguments: list[str]) -> int:
    """Sets up `.venv` if needed; returns the exit status."""
    if arguments == ["--build-requirements"]:
        print("\n".join(build_requirements()))
        return 0
    dependencies_only = "--dependencies" in arguments
    if "--is-current" in arguments:
        return 0 if is_current(dependencies_only=dependencies_only) else 1
    try:
        set_up(dependencies_only=dependencies_only)
    except SetUpError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("set-up interrupted; the next ./run does it again")
        return 130
    return 0


def say(text: str) -> None:
    """Writes one line of progress."""
    print(f"chargeloop: {text}", file=sys.stderr, flush=True)


# What a step was made from. A virtual environment holds absolute paths, so its place is part of it.


def interpreter() -> str:
    """Names the Python version and the place of `.venv`."""
    return f"{sys.version_info[0]}.{sys.version_info[1]} {VENV}"


def dependencies_made_from() -> str:
    """Returns the stamp of the locked dependencies: the interpreter, then the lock file's hash."""
    return f"{interpreter()}\n{hashlib.sha256(LOCK.read_bytes()).hexdigest()}"


def project_made_from() -> str:
    """Returns the stamp of the editable installation."""
    return hashlib.sha256(PROJECT.read_bytes()).hexdigest()


def read(stamp: Path) -> str:
    """Returns a stamp's text, empty when there is none."""
    return stamp.read_text(encoding="utf-8") if stamp.exists() else ""


def is_current(*, dependencies_only: bool = False) -> bool:
    """Tells whether all steps, or the first one, were done with the files as they are now."""
    if read(DEPENDENCIES_STAMP) != dependencies_made_from():
        return False
    return dependencies_only or (read(PROJECT_STAMP) == project_made_from() and web_pages.are_current())


def build_requirements() -> list[str]:
    """Returns what the editable installation is built with, as pyproject.toml has it."""
    import tomllib  # noqa: PLC0415 - not needed for --is-current, which runs at every start

    requires: list[str] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["build-system"]["requires"]
    return requires


# The steps.


def set_up(*, dependencies_only: bool = False) -> None:
    """Brings `.venv` up to date, or the dependencies in it, waiting for another set-up that is under way.

    Raises:
        SetUpError: a tool is missing or failed.
    """
    import fcntl  # noqa: PLC0415 - not needed for --is-current, which runs at every start

    with (ROOT / ".venv.lock").open("w") as lock:
        # pip inherits the lock: if this process is killed, pip may live on, and must not meet a second one.
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if read(DEPENDENCIES_STAMP) != dependencies_made_from():
            install_dependencies()
        if dependencies_only:
            return
        if read(PROJECT_STAMP) != project_made_from():
            install_project()
        if not web_pages.are_current():
            build_pages()


def install_dependencies() -> None:
    """Installs what the lock file names; `.venv` is made anew unless only the lock file changed."""
    reusable = read(DEPENDENCIES_STAMP).startswith(interpreter() + "\n")
    PROJECT_STAMP.unlink(missing_ok=True)
    DEPENDENCIES_STAMP.unlink(missing_ok=True)
    if not reusable:
        require_ensurepip()
        say(f"making .venv with Python {sys.version.split()[0]}")
        call(sys.executable, "-m", "venv", "--clear", str(VENV))
    say("installing the locked dependencies (this can take a minute)")
    # The lock file is complete, so pip need not resolve anything.
    pip("--require-hashes", "--no-deps", "-r", str(LOCK))
    DEPENDENCIES_STAMP.write_text(dependencies_made_from(), encoding="utf-8")


def install_project() -> None:
    """Installs chargeloop itself, editable, with the build tools of the lock file."""
    PROJECT_STAMP.unlink(missing_ok=True)
    say("installing chargeloop, and building its pages (this can take a minute)")
    pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    PROJECT_STAMP.write_text(project_made_from(), encoding="utf-8")


def build_pages() -> None:
    """Builds the pages of the gateway."""
    say("building the pages")
    call(str(VENV / "bin" / "python"), "-I", str(ROOT / "tools" / "web_pages.py"), "build")


def pip(*arguments: str) -> None:
    """Runs `pip install` in `.venv`."""
    # Byte code is written at first import instead: a newcomer sees the demo sooner.
    call(
        *(str(VENV / "bin" / "python"), "-I", "-m", "pip", "--disable-pip-version-check"),
        *("install", "-qq", "--no-compile", *arguments),
    )


def call(*command: str) -> None:
    """Runs a command, showing only what it says on standard error.

    Raises:
        SetUpError: it failed, or is not there.
    """
    try:
        done = subprocess.run(command, check=False, close_fds=False, stdout=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise SetUpError(f"{command[0]} is not installed") from error
    if done.returncode != 0:
        raise SetUpError(f"this failed with status {done.returncode}: {' '.join(command)}")


# Debian and Ubuntu split ensurepip, without which `venv` cannot work, off into a package of its own.


def has_ensurepip() -> bool:
    """Asks a fresh interpreter, since this one may have looked before the package was installed."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode == 0


def require_ensurepip() -> None:
    """Installs the missing package with apt-get, as root or by sudo.

    Raises:
        SetUpError: it could not be installed; the text is the command to type.
    """
    if has_ensurepip():
        return
    from shutil import which  # noqa: PLC0415 - needed once in a machine's life

    package = f"{Path(sys.executable).name}-venv"
    by_hand = f"this Python cannot make virtual environments. Type: sudo apt-get install {package}"
    if which("apt-get") is None:
        raise SetUpError("this Python has no ensurepip: install your system's package for it, then try again")
    prefix: list[str] = []
    if os.geteuid() != 0:
        if which("sudo") is None:
            raise SetUpError(by_hand)
        prefix = ["sudo"]
    say(f"installing {package} with {' '.join([*prefix, 'apt-get'])}: this Python has no ensurepip")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    try:
        call(*apt, "update")
        call(*apt, "install", "-y", "--no-install-recommends", package)
    except SetUpError as error:
        raise SetUpError(f"{error}\nchargeloop: {by_hand}") from error
    if not has_ensurepip():
        raise SetUpError(by_hand)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
