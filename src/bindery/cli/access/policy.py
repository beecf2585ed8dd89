"""``bindery access policy``: policies of the account, and checking documents without a server."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bindery.access.policy.document import MalformedPolicy, PolicyForm
from bindery.access.policy.parse import parse_policy
from bindery.api.operations.access.validate_policy import warnings_of
from bindery.cli.access import completing
from bindery.cli.access.documents import SHORT_NAMES, check_limits, make_document, read_document
from bindery.cli.access.provision import find_policy, limit_options
from bindery.cli.access.ram import Ram
from bindery.cli.access.showing import json_option, show_items
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import say, say_json
from bindery.printable import printable

_NAME = click.argument("policy", shell_complete=completing.policies)
_FILE = click.argument(
    "file", type=click.Path(dir_okay=False, exists=True, allow_dash=True, path_type=Path)
)
_FORMS = {
    "identity": PolicyForm.IDENTITY,
    "session": PolicyForm.SESSION,
    "trust": PolicyForm.TRUST,
}
_LONGEST_LINE = 160


@click.group()
def policy() -> None:
    """Policies: documents that say what may be done. Every change takes effect with the next call.

    \b
    bindery access policy print read-only --dataset default/holiday > policy.json
    bindery access policy check policy.json        without a server
    bindery access policy add holiday-readers policy.json
    bindery access group attach readers holiday-readers
    """


@policy.command()
@_NAME
@_FILE
@click.option("--description", help="What the policy is for.")
@server_options
def add(*, policy: str, file: Path, description: str | None, endpoint: str, data: Path) -> None:
    """Make POLICY from the document in FILE, - for standard input. It is attached to nobody yet."""
    document = _checked(file, PolicyForm.IDENTITY)
    ram = Ram(connect(endpoint, data))
    ram.call("CreatePolicy", PolicyName=policy, PolicyDocument=document, Description=description)
    say(f"policy {policy} is made")
    _warn(file, document)


@policy.command()
@_NAME
@_FILE
@click.option(
    "--keep-default", is_flag=True, help="Only add the version; the present one goes on to count."
)
@server_options
def update(*, policy: str, file: Path, keep_default: bool, endpoint: str, data: Path) -> None:
    """Give POLICY the document in FILE as a new version, which counts from now on.

    Five versions are kept: the oldest that does not count makes room.

    \b
    bindery access policy update holiday-readers policy.json
    bindery access policy default holiday-readers v1        back again
    """
    document = _checked(file, PolicyForm.IDENTITY)
    made = Ram(connect(endpoint, data)).call(
        "CreatePolicyVersion",
        PolicyName=policy,
        PolicyDocument=document,
        SetAsDefault=not keep_default,
        RotateStrategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
    )
    state = "is there" if keep_default else "counts now"
    say(f"version {made['PolicyVersion']['VersionId']} of {policy} {state}")
    _warn(file, document)


@policy.command()
@_FILE
@click.option(
    "--form", type=click.Choice(list(_FORMS)), default="identity", show_default=True,
    help="Of users, groups and roles; of a session; or who may assume a role.",
)  # fmt: skip
def check(*, file: Path, form: str) -> None:
    """Check the document in FILE without a server, and show the place of an error, and of what is probably not meant.

    \b
    bindery access policy check policy.json
    bindery access policy check trust.json --form trust
    """
    text = _checked(file, _FORMS[form])
    document = parse_policy(text, _FORMS[form])
    count = len(document.statements)
    say(f"{file}: a {document.form.value} of {count} statement{'' if count == 1 else 's'}")
    _warn(file, text)


@policy.command("print")
@click.argument("short_name", type=click.Choice(SHORT_NAMES))
@limit_options
def print_document(
    *, short_name: str, projects: tuple[str, ...], datasets: tuple[str, ...], buckets: tuple[str, ...]
) -> None:
    """Print the document that a short name stands for, to begin one of your own with.

    \b
    bindery access policy print read-only --dataset default/holiday
    """
    click.echo(make_document(short_name, check_limits(projects, datasets, buckets)))


@policy.command("list")
@click.option("--system", "kind", flag_value="System", help="Only those that are built in.")
@click.option("--custom", "kind", flag_value="Custom", help="Only those of the account.")
@json_option
@server_options
def list_policies(*, kind: str | None, as_json: bool, endpoint: str, data: Path) -> None:
    """Show all policies."""
    found = list(Ram(connect(endpoint, data)).items("ListPolicies", "Policies", "Policy", PolicyType=kind))
    columns = ("PolicyName", "PolicyType", "DefaultVersion", "AttachmentCount", "Description")
    show_items(found, columns, as_json=as_json, empty="no policies")


@policy.command()
@_NAME
@click.option("--version", "version", help="Not the one that counts, but this: v1.")
@json_option
@server_options
def show(*, policy: str, version: str | None, as_json: bool, endpoint: str, data: Path) -> None:
    """Show POLICY: to whom it is attached, and its document."""
    ram = Ram(connect(endpoint, data))
    named = find_policy(ram, policy)
    found = ram.call("GetPolicy", **named)
    shown = found["DefaultPolicyVersion"]
    if version is not None:
        answer = ram.find("GetPolicyVersion", **named, VersionId=version)
        if answer is None:
            raise click.ClickException(
                f"{policy} has no version {version}; see: bindery access policy versions"
            )
        shown = answer["PolicyVersion"]
    entities = ram.call("ListEntitiesForPolicy", **named)
    holders = [
        f"{singular.lower()}/{each[f'{singular}Name']}"
        for singular in ("User", "Group", "Role")
        for each in entities.get(f"{singular}s", {}).get(singular, [])
    ]
    if as_json:
        say_json({**found["Policy"], "PolicyVersion": shown, "AttachedTo": holders}, indent=2)
        return
    about = found["Policy"]
    say(
        f"{about['PolicyName']}  {about['PolicyType']} {shown['VersionId']}  {about.get('Description', '')}"
    )
    say(f"attached to: {', '.join(holders) or 'nobody'}")
    say_json(json.loads(shown["PolicyDocument"]), indent=2)


@policy.command()
@_NAME
@json_option
@server_options
def versions(*, policy: str, as_json: bool, endpoint: str, data: Path) -> None:
    """Show the versions of POLICY, the newest first."""
    ram = Ram(connect(endpoint, data))
    named = find_policy(ram, policy)
    found = list(ram.items("ListPolicyVersions", "PolicyVersions", "PolicyVersion", **named))
    show_items(found, ("VersionId", "IsDefaultVersion", "CreateDate"), as_json=as_json, empty="no versions")


@policy.command()
@_NAME
@click.argument("version")
@server_options
def default(*, policy: str, version: str, endpoint: str, data: Path) -> None:
    """Let VERSION of POLICY count from now on."""
    ram = Ram(connect(endpoint, data))
    ram.call("SetDefaultPolicyVersion", PolicyName=policy, VersionId=version)
    say(f"version {version} of {policy} counts now")


@policy.command()
@_NAME
@click.option("--detach", is_flag=True, help="Take it away from everybody first.")
@server_options
def remove(*, policy: str, detach: bool, endpoint: str, data: Path) -> None:
    """Delete POLICY with all its versions."""
    ram = Ram(connect(endpoint, data))
    named = {"PolicyName": policy, "PolicyType": "Custom"}
    ram.call("GetPolicy", **named)
    if detach:
        entities = ram.call("ListEntitiesForPolicy", **named)
        for word in ("User", "Group", "Role"):
            for each in entities.get(f"{word}s", {}).get(word, []):
                name = {f"{word}Name": each[f"{word}Name"]}
                ram.find(f"DetachPolicyFrom{word}", **named, **name)
    ram.call("DeletePolicy", PolicyName=policy, CascadingDelete=True)
    say(f"policy {policy} is removed")


def _checked(file: Path, form: PolicyForm) -> str:
    """The document of a file. Raises ClickException that shows the place of an error."""
    text = read_document(file)
    try:
        parse_policy(text, form)
    except MalformedPolicy as error:
        said = _place(text, error.expected, error.line, error.column, error.pointer)
        raise click.ClickException(f"{file}:{error.line}:{error.column}: {said}") from error
    return text


def _warn(file: Path, text: str) -> None:
    """Tell what no call has: a slip of the pen in a policy is silent otherwise."""
    for each in warnings_of(text):
        said = _place(text, each.text, each.line, each.column, each.pointer)
        click.echo(printable(f"warning: {file}:{each.line}:{each.column}: {said}", lines=True), err=True)


def _place(text: str, sentence: str, number: int, column: int, pointer: str) -> str:
    """What is to be told, and the line with a mark below."""
    lines = text.splitlines()
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    said = f"{sentence} ({pointer})" if pointer else sentence
    if len(line) > _LONGEST_LINE or not line.isprintable():
        return said
    return f"{said}\n  {line}\n  {' ' * (column - 1)}^"
