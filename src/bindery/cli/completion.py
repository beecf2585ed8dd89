"""``bindery completion``: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion of commands and options for SHELL.

    \b
    eval "$(bindery completion bash)"                          in ~/.bashrc
    eval "$(bindery completion zsh)"                           in ~/.zshrc
    bindery completion fish > ~/.config/fish/completions/bindery.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows every shell of the list"
    root = context.find_root()
    click.echo(kind(root.command, {}, "bindery", "_BINDERY_COMPLETE").source())
