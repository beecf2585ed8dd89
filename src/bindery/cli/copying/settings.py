"""Projects, datasets and bindings: made where they are missing, changed where their settings differ."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from bindery.cli.copying.endpoints import Endpoint
from bindery.cli.copying.report import Report

_CAPS = (
    "DatasetMaxBindCount", "DatasetMaxEntityCount", "DatasetMaxFileCount", "DatasetMaxRelationCount",
    "DatasetMaxTotalFileSize",
)  # fmt: skip
_PROJECT = ("Description", "ServiceRole", "TemplateId", "ProjectMaxDatasetCount", *_CAPS)
_DATASET = ("Description", "TemplateId", *_CAPS)
_MADE_WITH = ("Description", "ServiceRole", "TemplateId")
"""What is given when a thing is made; caps that differ then are set afterwards, since defaults need not be given."""

Values = dict[str, Any]


def copy_project(source: Endpoint, target: Endpoint, listed: Values, report: Report) -> bool:
    """Whether the project is there afterwards, or would be."""
    names = {"ProjectName": listed["ProjectName"]}
    wanted = source.call("GetProject", **names)["Project"]
    found = target.find("GetProject", "Project", **names)

    def changes(there: Values) -> Values:
        changed = _changes(wanted, there, _PROJECT)
        return changed | ({"Tag": _tags(wanted)} if _tags(wanted) not in ([], _tags(there)) else {})

    def make() -> None:
        given = _given(wanted, _MADE_WITH)
        made = target.call("CreateProject", **names, **given, Tag=_tags(wanted) or None)["Project"]
        if further := changes(made):
            target.call("UpdateProject", **names, **further)

    if found is None:
        return report.do("project", _name(names), "made", make)
    _change(target, report, "UpdateProject", names, changes(found))
    return True


def copy_dataset(source: Endpoint, target: Endpoint, names: Values, report: Report) -> bool:
    """Whether the dataset is there afterwards, or would be."""
    wanted = source.call("GetDataset", **names)["Dataset"]
    found = target.find("GetDataset", "Dataset", **names)
    workflow = wanted.get("WorkflowParameters") or None

    def changes(there: Values) -> Values:
        differs = workflow and workflow != there.get("WorkflowParameters")
        return _changes(wanted, there, _DATASET) | ({"WorkflowParameters": workflow} if differs else {})

    def make() -> None:
        given = _given(wanted, _MADE_WITH)
        made = target.call("CreateDataset", **names, **given, WorkflowParameters=workflow)["Dataset"]
        if further := changes(made):
            target.call("UpdateDataset", **names, **further)

    if found is None:
        return report.do("dataset", _name(names), "made", make)
    _change(target, report, "UpdateDataset", names, changes(found))
    return True


def copy_bindings(
    target: Endpoint, names: Values, bindings: Collection[Values], report: Report, *, exists: bool
) -> None:
    """Those of a dataset. A new one is scanned at once. ``exists``: the dataset is there already."""
    there = {each["URI"] for each in target.items("ListBindings", "Bindings", **names)} if exists else set()
    for binding in bindings:
        uri = binding["URI"]
        if uri in there:
            report.count("binding", "the same")
            continue
        make = partial(target.call, "CreateBinding", **names, URI=uri, Scope=binding.get("Scope") or None)
        report.do("binding", f"{_name(names)} {uri}", "made", make)


def _change(target: Endpoint, report: Report, action: str, names: Values, changes: Values) -> None:
    kind = "project" if action == "UpdateProject" else "dataset"
    if not changes:
        report.count(kind, "the same")
        return
    what = f"changed in {', '.join(changes)}"
    report.do(kind, _name(names), what, lambda: target.call(action, **names, **changes))


def _given(values: Values, members: Collection[str]) -> Values:
    return {name: values[name] for name in members if values.get(name)}


def _changes(wanted: Values, found: Values, members: Collection[str]) -> Values:
    """What is set there otherwise; the API has no way to set nothing."""
    return {name: value for name, value in _given(wanted, members).items() if value != found.get(name)}


def _tags(project: Values) -> list[Values]:
    pairs = [{"Key": tag["TagKey"], "Value": tag.get("TagValue", "")} for tag in project.get("Tags") or ()]
    return sorted(pairs, key=lambda pair: str(pair["Key"]))


def _name(names: Values) -> str:
    return "/".join(names.values())
