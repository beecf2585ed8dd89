"""``bindery call``: any API operation, signed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from bindery.api.spec.model import Operation, load_models, products
from bindery.cli.client import connect
from bindery.cli.nearest import nearest
from bindery.cli.options import server_options
from bindery.cli.output import console, say, say_json, table


class _CallCommand(click.Command):
    """``call ACTION --help`` shows the parameters of ACTION."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, with ``--help`` behind the name of an operation as ``--parameters``."""
        if len(args) == 2 and args[1] in ctx.help_option_names and load_models().named(args[0]):
            args = [args[0], "--parameters"]
        return super().parse_args(ctx, args)


@click.command(cls=_CallCommand, context_settings={"ignore_unknown_options": True})
@click.argument("action", required=False)
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@click.option("--list", "listed", is_flag=True, help="Show all operations.")
@click.option(
    "--product", type=click.Choice(products()), help="Where several have an operation of the name."
)
@click.option("--parameters", "shown", is_flag=True, help="Show the parameters of ACTION.")
@server_options
def call(
    *,
    action: str | None,
    parameters: tuple[str, ...],
    listed: bool,
    product: str | None,
    shown: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Call the API operation ACTION with --Param value pairs, and print the answer as JSON.

    \b
    bindery call --list                             --product imm: those of one product
    bindery call SimpleQuery --help                 its parameters
    bindery call ListProjects --MaxResults 10
    bindery call GetBinding --ProjectName default --DatasetName default --URI oss://photos
    bindery call SimpleQuery --ProjectName default --DatasetName default \\
        --Query '{"Field":"Size","Operation":"gt","Value":"1000000"}'
    """
    if listed:
        say_operations(product)
        return
    if action is None:
        raise click.UsageError("name an operation; bindery call --list shows all")
    operation = operation_named(action, product)
    if shown:
        say_parameters(operation)
        return
    values = parse_parameters(parameters)
    check_names(operation, values)
    say_json(connect(endpoint, data).call(operation.name, version=operation.version, **values), indent=2)


def operation_named(action: str, product: str | None = None) -> Operation:
    """The operation, of any product or of one. Raises UsageError with the nearest name."""
    operations = _operations(product)
    named = [operation for operation in operations if operation.name == action]
    if not named:
        near = _meant(action, [operation.name for operation in operations])
        raise click.UsageError(f"the API has no operation {action!r}{near} bindery call --list shows all")
    if len(named) > 1:
        choices = " or ".join(operation.product for operation in named)
        raise click.UsageError(f"several products have an operation {action}; add --product {choices}")
    return named[0]


def check_names(operation: Operation, values: Iterable[str]) -> None:
    """The server ignores what it does not know, as the vendor does; here a slip is told.

    Raises UsageError.
    """
    known = [parameter.name for parameter in operation.parameters]
    for name in values:
        if name.partition(".")[0] not in known:
            raise click.UsageError(
                f"{operation.name} has no parameter {name!r}{_meant(name, known)} "
                f"bindery call {operation.name} --parameters shows all"
            )


def say_operations(product: str | None = None) -> None:
    """Every operation, of all products or of one, those of a family together."""
    shown = table("Operation", "Product", "Family", "")
    for operation in sorted(_operations(product), key=lambda each: (each.product, each.family, each.name)):
        note = "extension" if operation.extension else ""
        shown.add_row(operation.name, operation.product, operation.family, note)
    console().print(shown)


def say_parameters(operation: Operation) -> None:
    """The parameters of an operation and their types."""
    if not operation.parameters:
        say(f"{operation.name} takes no parameters")
        return
    shown = table("Parameter", "Type", "")
    for parameter in operation.parameters:
        kind = f"{parameter.type}, as JSON" if parameter.encoding == "json" else parameter.type
        shown.add_row(f"--{parameter.name}", kind, "required" if parameter.required else "")
    console().print(shown)


def parse_parameters(words: tuple[str, ...]) -> dict[str, str]:
    """``--Name value`` and ``--Name=value`` as a mapping; raises UsageError for anything else."""
    values: dict[str, str] = {}
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if not word.startswith("--") or len(word) == 2:
            raise click.UsageError(f"expected --Parameter value, got {word!r}")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not pending:
                raise click.UsageError(f"--{name} needs a value")
            value = pending.pop(0)
        values[name] = value
    return values


def _operations(product: str | None) -> list[Operation]:
    return [operation for operation in load_models() if product in (None, operation.product)]


def _meant(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else ";"
