"""The API models as typed values: of each product ``operations.json`` with ``patches.json`` laid over it, and what
``descriptions.json`` says for people.

Everything that is general about operations (parsing, checks, rendering, pages) reads it from here. A product is
a folder here; nothing else needs to know its name but its own operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from bindery.api.spec.descriptions import Descriptions, read_descriptions

_NAMED = re.compile(r"\{(\w+)\}")
_SOURCE = "operations.json"
_LONGEST_LIST = 65_536
"""Characters: more than fifty names take, however they are written."""
_names = msgspec.json.Decoder(tuple[str, ...])


Level = Literal["create", "get", "list", "update", "delete", "none"]
"""What an operation does to its resource, as RAM sorts them."""


Fault = Literal["kind", "characters", "format", "values", "length", "below", "above"]
"""What can be wrong with a value: no number where one should be, a letter that a name must not have, another form,
not one of the words, too long or too many, too small or too large."""


class Refusal(msgspec.Struct, frozen=True):
    """How a product answers a fault; both may name ``{name}``, and the bounds ``{minimum}`` and ``{maximum}``."""

    code: str
    message: str


Audit = Literal["change", "issue", "always", "switched"]
"""When the audit log has the calls of an operation, and whether they wait for it.

``change``: always, on the disk before the answer, among the changes. ``issue``: always, on the disk before the answer,
among the other calls, since whoever may make them could make very many. ``always``; ``switched``: by a setting.
"""


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a value of a parameter must keep to."""

    minimum: int | None = None
    maximum: int | None = None
    default: int | None = None
    pattern: str | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    max_items: int | None = None
    values: tuple[str, ...] | None = None
    fault: Fault = "characters"
    """What a value that does not match the pattern is refused for."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a request."""

    name: str
    type: str
    location: Literal["query", "formData"] = msgspec.field(name="in")
    required: bool = False
    encoding: Literal["json"] | None = None
    format: str | None = None
    struct: str | None = None
    extension: bool = False
    rule: Rule = Rule()
    description: str = ""
    example: Any = None
    """A value that somebody might give; None where any value explains itself."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of an answer or of a struct."""

    name: str
    type: str
    format: str | None = None
    struct: str | None = None
    extension: bool = False
    description: str = ""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an operation works on, as policies name it."""

    name: str
    """Its ARN, such as ``acs:imm:{region}:{account}:project/{ProjectName}``, or ``*`` for anything."""
    when: dict[str, str] = {}
    """Only in calls whose parameters have these values."""
    unless: dict[str, str] = {}
    """Not in calls whose parameters have one of these values."""
    given: str = ""
    """Only in calls that have this parameter."""
    each: str = ""
    """One for each name in this parameter, a list in JSON."""

    def of(self, parameters: Mapping[str, str], *, region: str, account: str) -> tuple[str, ...]:
        """The ARN with the names that a request gives, ``*`` for those it does not; several with ``each``."""
        known = {"region": region, "account": account}
        if not self.each:
            return (self._filled(known, parameters),)
        names = _listed(parameters.get(self.each, ""))
        return tuple(self._filled(known, {**parameters, self.each: name}) for name in names)

    def _filled(self, known: Mapping[str, str], parameters: Mapping[str, str]) -> str:
        pieces = list(_pieces(self.name))
        for at in range(1, len(pieces), 2):
            pieces[at] = known.get(pieces[at]) or parameters.get(pieces[at]) or "*"
        return "".join(pieces)

    def concerns(self, parameters: Mapping[str, str]) -> bool:
        """Whether a request with these parameters works on it."""
        if self.given and not parameters.get(self.given):
            return False
        return all(parameters.get(name) == value for name, value in self.when.items()) and not any(
            parameters.get(name) == value for name, value in self.unless.items()
        )


@cache
def _pieces(name: str) -> tuple[str, ...]:
    """Text and names in braces by turns: taken apart once, for every call asks."""
    return tuple(_NAMED.split(name))


def _listed(text: str) -> tuple[str, ...]:
    """The names of a list, each once; of what is none, or too long to be looked at here, that of everything."""
    try:
        names = _names.decode(text) if len(text) <= _LONGEST_LIST else ()
    except (msgspec.DecodeError, UnicodeEncodeError):
        names = ()
    return tuple(dict.fromkeys(names)) or ("",)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One right that a value of a request needs."""

    action: str
    resource: str
    """An ARN with ``{account}``, and ``{value}``, or ``{bucket}`` and ``{key}`` of the value."""
    below: bool = False
    """On everything whose name begins so."""
    conditions: dict[str, str] = {}
    """Condition keys that this alone has; ``{prefix}`` stands for each prefix of ``within``, or for none."""


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that an operation works on when its parameter names it: an object, a bucket, a role."""

    path: str
    """Where the names stand in the message: ``URI``, ``Files.URI``."""
    within: str = ""
    """Where the beginnings of names stand to which a right on everything is narrowed: ``Scope.Prefixes``."""
    form: Literal["object", "bucket", "name"]
    """``oss://bucket/key``, ``oss://bucket``, or a plain name."""
    needs: tuple[Need, ...]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    product: str
    name: str
    version: str
    family: str
    """The folder of its module, and the file of its messages. A family is of one product."""
    description: str
    """What it does, in a sentence or two."""
    parameters: tuple[Parameter, ...]
    response: tuple[Member, ...]
    action: str
    """What policies call it, such as ``imm:GetBinding``."""
    level: Level
    resources: tuple[Resource, ...]
    """What it works on: the caller needs the action on each."""
    touches: tuple[Touch, ...]
    """What else it works on, with the rights that each takes."""
    audit: Audit
    own: str | None = None
    """The parameter that means the calling user himself when it is left out."""
    conditions: dict[str, str] = {}
    """Parameters that are condition keys of their own, by the key: ``sts:ExternalId``."""
    left_out: str = ""
    """Why it is not built, of one that is not going to be."""
    extension: bool = False
    post_only: bool = False
    billed: str = ""
    """The class of requests that a call is on the bill as; empty: it is on none."""
    is_of_project: bool = False
    """Whether it has the parameter ProjectName."""

    @property
    def id(self) -> str:
        """Its name among those of all products: ``imm:GetBinding``."""
        return operation_id(self.product, self.name)

    def resource_names(
        self, parameters: Mapping[str, str], *, region: str, account: str, user: str = ""
    ) -> tuple[str, ...]:
        """The ARNs of what a request with these parameters works on; ``user`` is the name of a user who calls."""
        if self.own and user and not parameters.get(self.own):
            parameters = {**parameters, self.own: user}
        named = tuple(
            name
            for resource in self.resources
            if resource.concerns(parameters)
            for name in resource.of(parameters, region=region, account=account)
        )
        # What names neither of two kinds is about nothing in particular, but is not free to all.
        return named or (("*",) if self.resources else ())


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """One struct that requests and answers share."""

    fields: tuple[Member, ...]
    extension: bool = False
    closed: bool = False
    """Unknown members are refused; the vendor's structs pass them over."""


class Model(msgspec.Struct, frozen=True):
    """One version of one product's API: its operations and structs, by name."""

    product: str
    version: str
    operations: dict[str, Operation]
    structs: dict[str, Struct]
    refusals: dict[str, Refusal]
    """By fault, or by parameter and fault such as ``Policy.length``."""

    def refusal(self, name: str, fault: Fault) -> Refusal:
        """What a faulty value of a parameter is answered with."""
        return self.refusals.get(f"{name}.{fault}") or self.refusals[fault]


class Models:
    """The models of all products."""

    def __init__(self, models: tuple[Model, ...]) -> None:
        self.all = models
        self._versions: dict[str, list[Model]] = {}
        for model in models:
            self._versions.setdefault(model.version, []).append(model)
        self._products = {model.product: model for model in models}
        self._ids = {operation.id: operation for operation in self}

    def __iter__(self) -> Iterator[Operation]:
        """Every operation of every product."""
        return (operation for model in self.all for operation in model.operations.values())

    def __getitem__(self, identifier: str) -> Operation:
        """The operation of an id; raises KeyError."""
        return self._ids[identifier]

    def choose(self, version: str, action: str) -> Model | None:
        """The model that a call of this version and action means; None when no product has the version."""
        models = self._versions.get(version)
        if models is None:
            return None
        return next((model for model in models if action in model.operations), models[0])

    def model(self, operation: Operation) -> Model:
        """The model that an operation is of."""
        return self._products[operation.product]

    def named(self, action: str) -> list[Operation]:
        """The operations of this name, of all products."""
        return [model.operations[action] for model in self.all if action in model.operations]

    def version_of(self, action: str) -> str:
        """The version to ask for an operation of this name; the first product's when none has it."""
        return next((operation.version for operation in self.named(action)), self.all[0].version)


def operation_id(product: str, name: str) -> str:
    """The name of an operation among those of all products."""
    return f"{product}:{name}"


@cache
def load_models() -> Models:
    """The models of all products, patched."""
    return Models(tuple(load_model(product) for product in products()))


@cache
def products() -> tuple[str, ...]:
    """The products that have a model here, ascending."""
    folders = files("bindery.api.spec").iterdir()
    return tuple(sorted(folder.name for folder in folders if (folder / _SOURCE).is_file()))


@cache
def load_model(product: str) -> Model:
    """The model of one product, patched."""
    source, patches = _read(product, _SOURCE), _read(product, "patches.json")
    operations = source["operations"] | patches["operations"]
    for name, parameters in patches["parameters"].items():
        operations[name]["parameters"] += parameters
    for name, members in patches["responses"].items():
        operations[name]["response"] += members
    families = {name: family for family, names in patches["families"].items() for name in names}
    access = _access(product, patches["access"])
    left_out = {name: group["why"] for group in patches.get("leftOut", []) for name in group["names"]}
    structs = source["structs"] | patches["structs"]
    for name, fields in patches["structFields"].items():
        structs[name]["fields"] += fields
    described = read_descriptions(product)
    version = source["api"]["version"]
    known = {"product": product, "version": version}
    return Model(
        product=product,
        version=version,
        operations={
            name: _operation(
                entry,
                patches,
                described,
                known | {"family": families[name], "left_out": left_out.get(name, "")} | access[name],
            )
            for name, entry in operations.items()
        },
        structs=msgspec.convert(_described_structs(structs, described), dict[str, Struct]),
        refusals=msgspec.convert(patches["refusals"], dict[str, Refusal]),
    )


def _described_structs(structs: dict[str, Any], described: Descriptions) -> dict[str, Any]:
    return {
        name: struct | {"fields": described.members_of(name, struct["fields"])}
        for name, struct in structs.items()
    }


def _read(product: str, name: str) -> dict[str, Any]:
    path = files("bindery.api.spec") / product / name
    content: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return content


def _access(product: str, access: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Action, level and resources of each operation."""
    return {
        name: {
            "action": access.get("actions", {}).get(name, f"{product}:{name}"),
            "level": group["level"],
            "own": access.get("own", {}).get(name),
            "conditions": access.get("conditions", {}).get(name, {}),
            "resources": [form for each in _several(group["resource"]) for form in _forms(access, each)],
        }
        for group in access["operations"]
        for name in group["names"]
    }


def _forms(access: dict[str, Any], resource: str) -> list[dict[str, Any]]:
    """What stands for a resource: one form, or several of which each call has one."""
    forms = [
        form if isinstance(form, dict) else {"name": form}
        for form in _several(access["resources"][resource])
    ]
    return [form | {"name": _full_name(access, form["name"])} for form in forms]


def _full_name(access: dict[str, Any], name: str) -> str:
    """A whole ARN, also one that a parameter gives (``{RoleArn}``), stays as it is."""
    whole = name == "*" or name.startswith("acs:") or name in access.get("whole", [])
    return name if whole else f"{access['arn']}:{name}"


def _audit(rules: dict[str, Any], known: dict[str, Any], name: str) -> str:
    """What changes entries, of which there are very many, is no ``change``; nor may it go unrecorded."""
    if name in rules["issue"]:
        return "issue"
    if known["level"] in ("create", "update", "delete"):
        return "always" if known["family"] in rules["entries"] else "change"
    other: str = rules["other"]
    return other


def _touches(access: dict[str, Any], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """What the parameters of an operation may name, by the rules for all and for it alone."""
    rules = access.get("touches", {})
    paths = rules.get("*", {}) | rules.get(entry["name"], {})
    parameters = {parameter["name"] for parameter in entry["parameters"]}
    return [
        {"path": path} | access["touched"][kind]
        for path, kind in paths.items()
        if path.partition(".")[0] in parameters
    ]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _billed(rules: dict[str, Any], entry: dict[str, Any], family: str) -> str:
    """Extensions are on no bill: the vendor has none."""
    if not rules or entry.get("extension", False):
        return ""
    found: str = rules["operations"].get(entry["name"]) or rules["families"].get(family, rules["other"])
    return found


def _operation(
    entry: dict[str, Any], patches: dict[str, Any], described: Descriptions, known: dict[str, Any]
) -> Operation:
    name = entry["name"]
    rules = patches["rules"]["*"] | patches["rules"].get(name, {})
    required = patches["required"].get(name, {})
    formats = patches.get("formats", {})
    parameters = [
        parameter
        | {
            "rule": rules.get(parameter["name"], {}),
            "required": required.get(parameter["name"], parameter.get("required", False)),
            "format": formats.get(parameter["name"], parameter.get("format")),
        }
        for parameter in described.parameters_of(name, entry["parameters"])
    ]
    patched = known | {
        "name": name,
        "description": described.operations.get(name, ""),
        "parameters": parameters,
        "response": described.members_of(name, entry["response"]),
        "touches": _touches(patches["access"], entry),
        "audit": _audit(patches["audit"], known, name),
        "extension": entry.get("extension", False),
        "post_only": name in patches["postOnly"],
        "is_of_project": any(parameter["name"] == "ProjectName" for parameter in entry["parameters"]),
        "billed": _billed(patches.get("billing", {}), entry, known["family"]),
    }
    return msgspec.convert(patched, Operation)
