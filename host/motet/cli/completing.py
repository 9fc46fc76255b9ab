# SPDX-License-Identifier: Apache-2.0
"""`motet completions`: the script that makes a shell complete commands, options and their values."""

from __future__ import annotations

from typing import Annotated

import typer

from motet.cli.console import Exit, FatalError
from motet.cli.options import reporting

_PROGRAM, _VARIABLE = "motet", "_MOTET_COMPLETE"
SHELLS = ("bash", "zsh", "fish", "powershell", "elvish")
# Elvish speaks no protocol of its own here: it asks as bash does, and gets one candidate a line.
_ELVISH = """use str
set edit:completion:arg-completer[motet] = {|@words|
  tmp E:COMP_WORDS = (str:join "\\n" $words)
  tmp E:COMP_CWORD = (- (count $words) 1)
  tmp E:_MOTET_COMPLETE = complete_bash
  e:motet | from-lines
}"""
_WHERE = {
    "bash": "motet completions bash > ~/.local/share/bash-completion/completions/motet",
    "zsh": "motet completions zsh > ~/.zfunc/_motet   (with ~/.zfunc in fpath)",
    "fish": "motet completions fish > ~/.config/fish/completions/motet.fish",
    "powershell": "motet completions powershell >> $PROFILE",
    "elvish": "motet completions elvish >> ~/.config/elvish/rc.elv",
}


@reporting
def completions(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help=f"One of {', '.join(SHELLS)}.")],
) -> None:
    """Print the completion script of a shell; where it belongs: see docs/cli.md."""
    name = {"pwsh": "powershell"}.get(shell.lower(), shell.lower())
    if name not in SHELLS:
        raise FatalError(f"no completions for {shell!r:.40}; there are: {', '.join(SHELLS)}", Exit.USAGE)
    typer.echo(script(name))


def script(shell: str) -> str:
    """The script of one of SHELLS; its first line says where to put it."""
    from typer._completion_shared import get_completion_script

    body = _ELVISH if shell == "elvish" else get_completion_script(prog_name=_PROGRAM, complete_var=_VARIABLE, shell=shell)
    # zsh wants its own mark in the first line.
    lines = body.strip().splitlines()
    at = 1 if lines[0].startswith("#compdef") else 0
    return "\n".join([*lines[:at], f"# {_WHERE[shell]}", *lines[at:]])


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(completions)
