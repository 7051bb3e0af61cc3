"""Shell completion, in a real shell: of `chargeloop`, and of `./run`, to which no PATH leads."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from chargeloop.cli.completion import of_run
from chargeloop.cli.errors import CommandError

ROOT = Path(__file__).parents[2]
RUN = ROOT / "run"


def bash(script: str, **environment: str) -> str:
    """Return what a bash prints, with our commands on its PATH, started in the repository."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=ROOT, env={**os.environ, "PATH": path, **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def completed(function: str, *words: str) -> list[str]:
    """Return what the completion function offers for the last of these words."""
    line = shlex.join(words)
    last, before = shlex.quote(words[-1]), shlex.quote(words[-2])
    return bash(
        f"{SCRIPTS[words[0]]}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1};"
        f" {function} {shlex.quote(words[0])} {last} {before}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    ).split()


SCRIPTS = {
    "chargeloop": 'eval "$(_CHARGELOOP_COMPLETE=source_bash chargeloop)"',
    "./run": f'eval "$({RUN} --show-completion bash)"',
}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("chargeloop", "de"), ["demo"]),
        (("./run", "de"), ["demo"]),
        (("./run", "do"), ["doctor"]),
        (("./run", "te"), ["test"]),
        (("./run", "demo", "--keep-s"), ["--keep-speed"]),
        (("./run", "demo", "--broker", ""), ["mosquitto", "embedded"]),
        (("./run", "credentials", "a"), ["add"]),
    ],
)
def test_bash_offers_commands_options_and_values(words: tuple[str, ...], offered: list[str]) -> None:
    function = {"chargeloop": "_chargeloop_completion", "./run": "_chargeloop_run"}[words[0]]
    assert completed(function, *words) == offered


def test_another_run_somewhere_else_is_never_called(tmp_path: Path) -> None:
    other = tmp_path / "run"
    other.write_text("#!/bin/sh\ntouch called\n")
    other.chmod(0o700)
    script = (
        f"{SCRIPTS['./run']}; cd {shlex.quote(str(tmp_path))}; COMP_WORDS=(./run de); COMP_CWORD=1;"
        ' _chargeloop_run ./run de ./run; echo "${#COMPREPLY[@]}"'
    )
    assert bash(script) == "0\n"
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_run_says_what_to_put_where(shell: str, tmp_path: Path) -> None:
    said = bash(f"{RUN} --install-completion", SHELL=f"/bin/{shell}", HOME=str(tmp_path))
    assert f"{RUN} --show-completion {shell}" in said
    assert not list(tmp_path.iterdir())
    assert str(RUN) in bash(f"{RUN} --show-completion", SHELL=f"/bin/{shell}")


def test_an_unknown_shell_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_CHARGELOOP_RUN", str(RUN))
    with pytest.raises(CommandError, match="no completion for 'csh'"):
        of_run(["--show-completion", "csh"])


def test_completion_of_chargeloop_itself_is_installed_by_typer(tmp_path: Path) -> None:
    shown = bash("chargeloop --show-completion", HOME=str(tmp_path))
    assert "complete -o default -F _chargeloop_completion chargeloop" in shown
    assert "installed" in bash("chargeloop --install-completion", HOME=str(tmp_path))
    assert (tmp_path / ".bashrc").is_file()
