"""Shell completion of `./run`, which no PATH leads to: `chargeloop` by itself has typer's own.

`./run --show-completion` prints what a shell has to read, `./run --install-completion` says where to put it.
The shells ask by calling `run` with a variable set, as typer has it, by its full path: another `./run`
somewhere else is never called.
"""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chargeloop.cli.errors import CommandError

_SHOW: Final = "--show-completion"
_INSTALL: Final = "--install-completion"
# What `run` does itself, see there.
_WORDS: Final = "test check mutants format lock help"
_SCRIPTS: Final = {
    "bash": """\
_chargeloop_run() {{
    [ "$1" -ef {run} ] || return 0
    local IFS=$' \\n'
    [ "$COMP_CWORD" -ne 1 ] || COMPREPLY=( $( compgen -W "{words}" -- "$2" ) )
    IFS=$'\\n'
    COMPREPLY+=( $( env COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD=$COMP_CWORD \\
        _CHARGELOOP_COMPLETE=complete_bash {run} ) )
}}
complete -o default -F _chargeloop_run ./run {run}
""",
    "zsh": """\
_chargeloop_run() {{
    [ "${{words[1]}}" -ef {run} ] || {{ _files; return }}
    (( CURRENT != 2 )) || compadd {words}
    eval "$(env _TYPER_COMPLETE_ARGS="${{words[1,$CURRENT]}}" _CHARGELOOP_COMPLETE=complete_zsh {run})"
}}
compdef _chargeloop_run run
""",
    "fish": """\
function _chargeloop_run
    env _CHARGELOOP_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=$argv[1] \\
        _TYPER_COMPLETE_ARGS=(commandline -cp) {run}
end
complete --command run --condition __fish_use_subcommand --arguments "{words}"
complete --command run --no-files --arguments "(_chargeloop_run get-args)" \\
    --condition "_chargeloop_run is-args"
""",
}
_PLACES: Final = {
    "bash": ("~/.bashrc", 'eval "$({run} --show-completion bash)"'),
    "zsh": ("~/.zshrc, after compinit", 'eval "$({run} --show-completion zsh)"'),
    "fish": ("~/.config/fish/config.fish", "{run} --show-completion fish | source"),
}


def of_run(arguments: Sequence[str]) -> str | None:
    """Return what `./run` prints for these arguments, or None when they do not ask for completion.

    Raises:
        CommandError: the shell is not known.
    """
    run = os.environ.get("_CHARGELOOP_RUN")
    if run is None or not arguments or arguments[0] not in {_SHOW, _INSTALL}:
        return None
    shell = arguments[1] if len(arguments) > 1 else Path(os.environ.get("SHELL", "bash")).name
    if shell not in _SCRIPTS:
        raise CommandError(f"no completion for {shell!r}: expected {', '.join(_SCRIPTS)}, as in {_SHOW} bash")
    quoted = shlex.quote(run)
    if arguments[0] == _SHOW:
        return _SCRIPTS[shell].format(run=quoted, words=_WORDS)
    file, line = _PLACES[shell]
    return f"put this line into {file}, and open a new terminal:\n\n    {line.format(run=quoted)}\n"
