"""What the page of an operation shows, from its API model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from bindery.api.operations import built_operations
from bindery.api.spec.model import Member, Model, Operation, Parameter, Resource, Rule, load_models
from bindery.web.calls import wire_text
from bindery.web.code.languages import LANGUAGES, Endpoint, Program, write_program
from bindery.web.explorer.described import element_type
from bindery.web.explorer.explained import Explanation, explain
from bindery.web.reference.example import Example, indented, load_examples


class Right(msgspec.Struct, frozen=True):
    """A row of the authorization table."""

    action: str
    level: str
    resource: str
    conditions: tuple[str, ...] = ()
    """Condition keys that this action has beside the common ones."""
    when: str = ""
    """In which calls it is needed; empty for all."""


class Part(msgspec.Struct, frozen=True):
    """A struct that parameters or answers are made of."""

    name: str
    members: tuple[Member, ...]


class Shown(msgspec.Struct, frozen=True):
    """Everything on the page."""

    operation: Operation
    built: bool
    rights: tuple[Right, ...]
    parameters: tuple[Parameter, ...]
    request_parts: tuple[Part, ...]
    response_parts: tuple[Part, ...]
    example: Example | None
    codes: tuple[tuple[str, Explanation], ...]


def show_operation(identifier: str) -> Shown:
    """Raises KeyError for an operation that no model has."""
    models = load_models()
    operation = models[identifier]
    model = models.model(operation)
    return Shown(
        operation=operation,
        built=identifier in built_operations(),
        rights=tuple(_rights(operation)),
        parameters=tuple(sorted(operation.parameters, key=lambda each: (not each.required, each.name))),
        request_parts=_parts(model, operation.parameters),
        response_parts=_parts(model, operation.response),
        example=load_examples().get(identifier),
        codes=tuple(
            (code, found) for code in error_codes(operation) if (found := explain(code)) is not None
        ),
    )


def write_programs(shown: Shown, endpoint: Endpoint) -> dict[str, tuple[str, Program]]:
    """Title and program by language; none for an operation without an example."""
    if shown.example is None:
        return {}
    values, identifier = shown.example.values, shown.operation.id
    return {
        name: (language.TITLE, write_program(name, identifier, values, endpoint))
        for name, language in LANGUAGES.items()
    }


def example_text(value: object) -> str:
    """An example of a parameter, as somebody would write it; empty without one."""
    return "" if value is None else wire_text(value)


def allowed(rule: Rule) -> Iterator[tuple[str, dict[str, object]]]:
    """What a value must keep to, as keys of texts with what stands in their braces."""
    if rule.values:
        yield "values", {"values": ", ".join(rule.values)}
    if rule.minimum is not None and rule.maximum is not None:
        yield "range", {"minimum": rule.minimum, "maximum": rule.maximum}
    elif rule.minimum is not None:
        yield "least", {"minimum": rule.minimum}
    if rule.default is not None:
        yield "default", {"default": rule.default}
    for key, most in (("longest", rule.max_length), ("bytes", rule.max_bytes), ("items", rule.max_items)):
        if most is not None:
            yield key, {"most": most}


def request_text(example: Example) -> str:
    """The values of an example, as JSON."""
    return indented(example.values)


def answer_text(example: Example) -> str:
    """The answer of an example, as JSON."""
    return indented(example.answer)


def error_codes(operation: Operation) -> list[str]:
    """Codes that callers of this operation meet most, by what it takes and does."""
    codes = [f"Missing{each.name}" for each in operation.parameters if each.required][:1]
    refusals = load_models().model(operation).refusals
    if operation.parameters:
        name = operation.parameters[0].name
        codes += [refusals[fault].code.format(name=name) for fault in ("format", "above")]
    codes += _codes_of_resources(operation)
    if operation.resources:
        codes.append("NoPermission")
    return list(dict.fromkeys([*codes, "SignatureDoesNotMatch", "Throttling.User", "ServiceUnavailable"]))


def _codes_of_resources(operation: Operation) -> list[str]:
    if operation.product == "sts":
        return ["EntityNotExist.Role", "InvalidParameter.PolicyGrammar"] if operation.parameters else []
    if operation.product == "ram":
        kinds = ("User", "Group", "Role", "Policy")
        named = [kind for kind in kinds if any(each.name == f"{kind}Name" for each in operation.parameters)]
        stem = {"create": "EntityAlreadyExists", "delete": "DeleteConflict"}.get(operation.level, "")
        return [f"EntityNotExist.{kind}" for kind in named] + (
            [f"{stem}.{named[0]}"] if stem and named else []
        )
    made = ["ResourceAlreadyExists", "LimitExceededError"] if operation.level == "create" else []
    emptied = ["ResourceNotEmpty"] if operation.name in ("DeleteProject", "DeleteDataset") else []
    return ["InvalidArgument", "ResourceNotFound", *made, *emptied]


def _rights(operation: Operation) -> Iterator[Right]:
    conditions = tuple(operation.conditions)
    for resource in operation.resources or (Resource(name="—"),):
        action = operation.action if operation.resources else "—"
        yield Right(action, operation.level, resource.name, conditions, _when(resource))
    for touch in operation.touches:
        for need in touch.needs:
            name = need.resource + ("*" if need.below else "")
            yield Right(need.action, "", name, tuple(need.conditions), touch.path)


def _when(resource: Resource) -> str:
    parts = [f"{name} = {value}" for name, value in resource.when.items()]
    parts += [f"{name} ≠ {value}" for name, value in resource.unless.items()]
    return ", ".join([*parts, *([resource.given] if resource.given else [])])


def _parts(model: Model, members: Iterable[Parameter | Member]) -> tuple[Part, ...]:
    """Structs in the order in which a reader meets them."""
    found: dict[str, Part] = {}
    waiting: list[Parameter | Member] = list(members)
    while waiting:
        member = waiting.pop(0)
        name = member.struct or element_type(member.type)
        struct = model.structs.get(name)
        if struct is not None and name not in found:
            found[name] = Part(name, struct.fields)
            waiting += struct.fields
    return tuple(found.values())
