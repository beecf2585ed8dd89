"""Random requests, fast enough for a million: every operation of every product, by everybody, in every form."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from bindery.api.gateway.request import HttpRequest, storable_header
from bindery.api.gateway.signature import (
    V3_ALGORITHM,
    canonical_query,
    canonical_request,
    hash_v3,
    signature_v1,
    signature_v3,
    string_to_sign_v1,
    string_to_sign_v3,
)
from bindery.api.operations import operation_ids
from bindery.api.spec.model import Operation, Parameter, load_models
from bindery.catalog.query.fields import FIELDS

HOST = "fuzz.test:8180"
FORM = "application/x-www-form-urlencoded"
_ACCOUNT = "1000000000000001"
_ODD = [
    "", "\x00", "\ud7ff", "\uffff", "\U0010ffff", "%", "' --", "\u202e", "\x1b[2J", "a\u0301", "İ", "ﬀ", "../..",
    "~nobody/x", "s3://[", "oss://[x", "file://\x00", "https://[::1", "oss://" + "b" * 5_000, "x" * 70_000, "*", "?",
    "-", "a" * 64, "a" * 129, "\r\nX: y", "${acs:x}", "<x>&amp;", "\\", "//", "null", "True", "0x10", "٣", "\ufeff",
]  # fmt: skip
_NUMBERS = [
    "0", "-1", "1", "2", "3600", "100", "1001", "2147483648", "9223372036854775807", "9223372036854775808", "1e400",
    "-0", "90,180", "9" * 400, "1" + "0" * 5_000, "NaN", "Infinity", "1_000", "1.5", " 1",
]  # fmt: skip
_TIMES = [
    "2021-06-29T14:50:13+08:00", "2016-12-31T23:59:60Z", "0000-00-00t00:00:00z", "2030-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9Z",
]  # fmt: skip
_URIS = [
    "oss://bucket/a.txt", "oss://bucket/b.txt", "oss://bucket/c/d.txt", "oss://bucket", "oss://bucket/", "oss://other",
    "oss://other/x", "oss://nowhere/x", "pds://domains/d", "oss://b/\u202e", "oss://bucket/../x", "oss://bucket//x",
    "oss://bucket/%2e%2e/x", "oss://bucket/.", "oss://bucket\\x", "oss://bucket/a\x00b", "oss://BUCKET/x", "OSS://bucket/x",
    "oss://bucket/" + "k" * 1_100, "oss:///x", "oss:bucket", "s3://bucket/x", "file:///etc/passwd", "http://127.0.0.1/x",
    "oss://bucket/../../data/root-key.json", "oss://data/root-key.json", "oss://bucket?x", "oss://bucket#x",
]  # fmt: skip
_REAL_URIS = ["oss://bucket/a.txt", "oss://bucket/b.txt", "oss://other/c/d.txt"]
_BUCKETS = ["oss://bucket", "oss://other"]
_SCALARS: dict[str, list[str]] = {
    "State": ["Running", "Stopped", "Succeeded"], "Status": ["Active", "Inactive"], "Order": ["asc", "desc"],
    "Sort": ["Size", "URI", "FileModifiedTime"], "ResourceType": ["policy", "role"], "Bucket": ["bucket"],
    "Store": ["/", "/etc", "s3://x?endpoint=http://127.0.0.1:9"], "AuthAction": ["imm:GetProject", "ram:ListUsers"],
    "AuthPrincipal": ["user/one", "role/one"], "AuthResource": ["project/one", "*"], "Query": ["words", "文"],
    "TemplateId": ["Official:DefaultEmpty", "Official:AllFunction"], "RotateStrategy": ["None"],
    "DisplayName": ["One"], "NewDisplayName": ["Two"], "Email": ["a@b.cn"], "MobilePhone": ["86-13800000000"],
    "Outcome": ["Indexed", "Failed"], "AcceptLanguage": ["en-US", "zh-CN"],
}  # fmt: skip
_LISTS: dict[str, list[list[str]]] = {
    "WithFields": [["URI"], ["Size", "Title"]], "URIs": [_REAL_URIS, _REAL_URIS[:1]], "Keys": [["a.txt"], ["x"]],
    "TagKeys": [["one"], ["one", "two"]], "ResourceNames": [["one"], ["one", "two"]], "MediaTypes": [["image"]],
}  # fmt: skip
_HEADERS = [
    "x-acs-signature-nonce", "x-acs-date", "x-acs-version", "x-acs-action", "x-acs-security-token", "host", "accept",
    "x-acs-accesskey-id", "x-acs-content-sha256", "x-acs-bindery-operator", "x-acs-signature-type", "user-agent",
    "content-type",
    "x-acs-bearer-token", "x-forwarded-for", "x-forwarded-proto", "expect", "cookie", "content-encoding",
]  # fmt: skip
_ODD_HEADERS = [
    "",
    "\udcff\udcfe",
    "\udce4",
    "x" * 8_000,
    "é",
    ",",
    "=",
    "a\tb",
    "*/*;q=0,;;",
    "10.0.0.1",
    "application/xml",
]
"""Bytes that are no UTF-8 arrive as surrogates."""
_WEIGHTS = {"imm:ResealAccessKeys": 0.01}
"""It ends the sessions of roles."""
_RAW_JSON = [
    *("[" * depth + '"\\u0000"' + "]" * depth for depth in (31, 33, 390, 2_000)),
    *('{"V":' * depth + "1" + "}" * depth for depth in (31, 390, 2_000)),
    *('["\\ud800"]', '{"\\udfff":"\\ud800"}', '"\\u0000"', '{"a":1,"a":2}', "[1e999]", "[-0.0]"),
    *("nul", "[", "]", "\ufeff[]", "[1,]", "'[]'", "[NaN]", "[]" * 3, "{}{}", "[" + "9" * 5_000 + "]"),
    *('{"URI":{}}', '[{"URI":["oss://b/k"]}]', '{"URI":"oss://b/k","CustomLabels":{"a":[[[{}]]]}}'),
]  # fmt: skip
_NAMES = ["one", "two", "three", "One", "four-4"]
_POLICY_NAMES = [*_NAMES, "AliyunIMMReadOnlyAccess", "AliyunIMMFullAccess", "AliyunSTSAssumeRoleAccess"]
_STATEMENTS: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Allow", "Action": ["imm:Get*", "imm:List*"], "Resource": "acs:imm:*:*:project/one/*"},
    {"Effect": "Deny", "Action": "ram:*", "Resource": ["acs:ram:*:*:user/*", "acs:ram::*:role/x"]},
    {"Effect": "Deny", "NotAction": "oss:*", "NotResource": "acs:oss:*:*:bucket/*"},
    {
        "Effect": "Allow",
        "Action": "imm:*",
        "Resource": "*",
        "Condition": {
            "IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "::1"]},
            "StringLikeIfExists": {"acs:ResourceTag/team": "a*"},
            "Null": {"acs:RequestTag/x": "true"},
        },
    },
    {"Effect": "Maybe", "Action": "*", "Resource": "*"},
    {"Effect": "Allow", "Action": "*"},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Sounds": {"a:b": "c"}}},
    {"Effect": "Allow", "Action": "*" * 500, "Resource": "acs:imm:*:*:" + "*?" * 200},
]
_PRINCIPALS: list[Any] = [
    {"RAM": f"acs:ram::{_ACCOUNT}:root"},
    {"RAM": [f"acs:ram::{_ACCOUNT}:user/one", "*"]},
    {"Service": ["imm.aliyuncs.com"]},
    "*",
    {},
]


class Key(NamedTuple):
    """Whose key signs."""

    id: str
    secret: str
    token: str = ""


class Fuzzer:
    """Makes requests of a random source; the same source makes the same ones, but for their times."""

    def __init__(self, source: random.Random, callers: Sequence[Key]) -> None:
        """``callers``: of equal weight; strangers are added."""
        self.random, self.callers = source, list(callers)
        self.operations = list(load_models())
        built = set(operation_ids())
        self._weights = [_WEIGHTS.get(each.id, 10 if each.id in built else 1) for each in self.operations]
        self._oddity = 0.0
        """How often a value of the present request is anything instead of something that fits."""
        self._seen = ["none"] * 64
        """Tokens and ids that answers have shown, which calls may hand in again."""
        self._makers: dict[str, Callable[[], Any]] = {
            "array<InputFile>": lambda: [self._file() for _ in range(self.random.randrange(4))],
            "InputFile": self._file,
            "SimpleQuery": lambda: self._query(3),
            "Policy": self._policy,
            "PolicyDocument": self._policy,
            "AssumeRolePolicyDocument": self._trust,
            "NewAssumeRolePolicyDocument": self._trust,
        }

    def learn(self, value: Any) -> None:
        """Keep a text of an answer."""
        if isinstance(value, str) and value:
            self._seen[self.random.randrange(len(self._seen))] = value

    def request(self) -> HttpRequest:
        """The next one."""
        (operation,) = self.random.choices(self.operations, self._weights)
        self._oddity = self.random.choice([0.0, 0.0, 0.0, 0.1, 0.4])
        parameters = self._parameters(operation)
        if self.random.random() < 0.2:
            parameters["Format"] = self.random.choice(["XML", "JSON", "xml", "?"])
        action, version = operation.name, operation.version
        if self._is_odd() and self.random.random() < 0.2:
            action = self._any_text()[:80]
        if self._is_odd() and self.random.random() < 0.2:
            version = self.random.choice(["", "2015-05-01", "2020-09-30", "x" * 100])
        key = self._key()
        if self.random.random() < 0.3:
            return self._v1(action, version, parameters, key)
        return self._v3(action, version, parameters, key)

    # values

    def _parameters(self, operation: Operation) -> dict[str, str]:
        chosen = {}
        for parameter in operation.parameters:
            if self.random.random() < (0.98 if parameter.required else 0.3):
                chosen[parameter.name] = self._text_of(parameter)
        if operation.family == "bindings" and "URI" in chosen and not self._is_odd():
            chosen["URI"] = self.random.choice(_BUCKETS)
        return chosen

    def _text_of(self, parameter: Parameter) -> str:
        if self._is_odd():
            return self._any_text()
        maker = self._makers.get(parameter.type) or self._makers.get(parameter.name)
        if maker is not None:
            return json.dumps(maker(), ensure_ascii=False)
        if parameter.encoding == "json":
            return self._json(parameter)
        return self._scalar(parameter)

    def _scalar(self, parameter: Parameter) -> str:
        choose, name = self.random.choice, parameter.name
        if parameter.rule.values:
            return choose(parameter.rule.values)
        if parameter.type in ("integer", "float"):
            return (
                choose(_NUMBERS) if self._is_odd() else str(parameter.rule.minimum or choose([1, 10, 100]))
            )
        if parameter.type == "boolean":
            return choose(["true", "false"])
        if "URI" in name:
            return choose(_URIS if self._is_odd() else _REAL_URIS)
        if name == "RoleArn":
            return choose([f"acs:ram::{_ACCOUNT}:role/{choose(_NAMES)}", "acs:ram::1:role/x", "role"])
        if name in ("NextToken", "Marker", "UserAccessKeyId", "TaskId", "VersionId", "Permit"):
            return choose([choose(self._seen), choose(self._seen), "v1", "v2", "v3"])
        if name.startswith("PolicyName"):
            return choose(_POLICY_NAMES)
        if name == "PolicyType":
            return choose(["System", "Custom"])
        if "Time" in name:
            return choose(_TIMES)
        return choose(_SCALARS.get(name) or _NAMES)

    def _is_odd(self) -> bool:
        return self.random.random() < self._oddity

    def _json(self, parameter: Parameter) -> str:
        if self._is_odd():
            return self.random.choice(_RAW_JSON)
        if parameter.name in _LISTS:
            return json.dumps(self.random.choice(_LISTS[parameter.name]))
        if parameter.type.startswith("array<string"):
            return json.dumps(
                [self.random.choice([*_NAMES, *_URIS]) for _ in range(self.random.randrange(5))]
            )
        if parameter.type.startswith("map"):
            return json.dumps(
                {self._any_text()[:30]: self._value(2) for _ in range(self.random.randrange(4))}
            )
        if parameter.name == "Tag":
            names = self.random.sample(_NAMES, self.random.randrange(1, 3))
            return json.dumps(
                [{"Key": name, "Value": self.random.choice(["xy", "", "文"])} for name in names]
            )
        value = self._value(3)
        return json.dumps(value, ensure_ascii=False)

    def _value(self, depth: int) -> Any:
        kind = self.random.randrange(8 if depth else 6)
        if kind == 6:
            return [self._value(depth - 1) for _ in range(self.random.randrange(4))]
        if kind == 7:
            return {self._any_text()[:20]: self._value(depth - 1) for _ in range(self.random.randrange(4))}
        return [
            None,
            True,
            self.random.randrange(-5, 2**70),
            1.5,
            self._any_text()[:200],
            self.random.choice(_URIS),
        ][kind]

    def _any_text(self) -> str:
        kind = self.random.randrange(5)
        if kind == 0:
            return "".join(
                chr(self.random.choice([*range(32, 127), 0x4E00, 0x1F600, 0xD7, 9])) for _ in range(8)
            )
        return self.random.choice((_ODD, _NUMBERS, _TIMES, _URIS, _NAMES)[self.random.randrange(5)])

    def _file(self) -> dict[str, Any]:
        if not self._is_odd():
            custom = {"CustomLabels": {"a": self.random.choice(_NAMES)}, "CustomId": "c"}
            return {"URI": self.random.choice(_REAL_URIS), **custom}
        names = (
            "Title",
            "CustomId",
            "CustomLabels",
            "MediaType",
            "Figures",
            "Addresses",
            "Size",
            "ContentType",
        )
        chosen = self.random.sample(names, self.random.randrange(4))
        return {"URI": self.random.choice(_URIS), **{name: self._value(2) for name in chosen}}

    def _query(self, depth: int) -> dict[str, Any]:
        if depth and self.random.random() < 0.4:
            inner = [self._query(depth - 1) for _ in range(self.random.randrange(1, 4))]
            kinds = ["and", "or", "and", "nested", "not", "xor"] if self._is_odd() else ["and", "or"]
            return {"Operation": self.random.choice(kinds), "SubQueries": inner}
        if not self._is_odd():
            return {"Field": "Size", "Operation": self.random.choice(["gt", "lte", "eq"]), "Value": "5"}
        operations = [
            "eq",
            "gt",
            "gte",
            "lt",
            "lte",
            "prefix",
            "match",
            "match-phrase",
            "exist",
            "geo-distance",
            "x",
        ]
        return {
            "Field": self.random.choice(_FIELD_NAMES)
            if self.random.random() < 0.9
            else self._any_text()[:99],
            "Operation": self.random.choice(operations),
            "Value": self.random.choice([*_NUMBERS, *_NAMES, *_TIMES, "30,120;5"]),
        }

    def _policy(self) -> dict[str, Any]:
        if not self._is_odd():
            return {
                "Version": "1",
                "Statement": self.random.sample(_STATEMENTS[:5], self.random.randrange(1, 4)),
            }
        some = [self.random.choice(_STATEMENTS) for _ in range(self.random.randrange(4))]
        return {"Version": self.random.choice(["1", "1", "1", "2"]), "Statement": some}

    def _trust(self) -> dict[str, Any]:
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": self.random.choice(_PRINCIPALS),
        }
        return {"Version": "1", "Statement": [statement]}

    # wire

    def _key(self) -> Key | None:
        """One of the callers; or somebody with a wrong secret, an unknown key, a crooked token, or no key at all."""
        if self.random.random() < 0.85:
            return self.random.choice(self.callers)
        known = self.random.choice(self.callers)
        return self.random.choice(
            [
                known._replace(secret="wrong"),
                Key("LTAInobody", "x"),
                known._replace(token=known.token[: self.random.randrange(40)] or "x" * 50),
                known._replace(token=base64.b64encode(self.random.randbytes(80)).decode()),
                Key("STS.nobody", "x", known.token),
                None,
            ]
        )

    def _now(self) -> str:
        at = time.time() + self.random.choice([0] * 60 + [-600, 600, -100_000, 100_000])
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))

    def _nonce(self) -> str:
        return f"{self.random.getrandbits(96):x}"

    def _v3(self, action: str, version: str, parameters: Mapping[str, str], key: Key | None) -> HttpRequest:
        method = self.random.choice(["POST", "POST", "POST", "GET"])
        as_form = method == "POST" and self.random.random() < 0.5
        text = _encoded(parameters)
        body = text.encode() if as_form else b""
        headers = {
            "host": HOST, "x-acs-action": _in_header(action), "x-acs-version": version, "x-acs-date": self._now(),
            "x-acs-signature-nonce": self._nonce(), "x-acs-content-sha256": hash_v3(body),
            "accept": self.random.choice(["application/json", "application/xml", "*/*", "?"]),
        }  # fmt: skip
        if as_form:
            headers["content-type"] = FORM
        if self._is_odd():
            headers[self.random.choice(_HEADERS)] = self.random.choice(_ODD_HEADERS)
        if key is not None and key.token:
            headers |= {"x-acs-security-token": key.token, "x-acs-accesskey-id": key.id}
        names = sorted(headers)
        values = {name: [value] for name, value in headers.items()}
        if key is not None:
            pairs = (
                ()
                if as_form
                else [
                    (name, value.encode("utf-8", "replace").decode()) for name, value in parameters.items()
                ]
            )
            signed = {name: [storable_header(value)] for name, value in headers.items()}
            canonical = canonical_request(
                method, canonical_query(pairs), signed, names, signed["x-acs-content-sha256"][0]
            )
            signature = signature_v3(key.secret, string_to_sign_v3(canonical))
            credential = f"Credential={key.id},SignedHeaders={';'.join(names)},Signature={signature}"
            values["authorization"] = [f"{V3_ALGORITHM} {credential}"]
        return HttpRequest(method, "/" if as_form else "/?" + text, values, body)

    def _v1(self, action: str, version: str, parameters: Mapping[str, str], key: Key | None) -> HttpRequest:
        all_ = {**parameters, "Action": action, "Version": version, "Timestamp": self._now()}
        method = self.random.choice(["POST", "GET"])
        if key is not None:
            all_ |= {
                "AccessKeyId": key.id, "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
                "SignatureNonce": self._nonce(),
            }  # fmt: skip
            if key.token:
                all_["SecurityToken"] = key.token
            all_ = {name: value.encode("utf-8", "replace").decode() for name, value in all_.items()}
            all_["Signature"] = signature_v1(key.secret, string_to_sign_v1(method, list(all_.items())))
        text, headers = _encoded(all_), {"host": [HOST]}
        if method == "POST" and self.random.random() < 0.7:
            return HttpRequest(method, "/", {**headers, "content-type": [FORM]}, text.encode())
        return HttpRequest(method, "/?" + text, headers)


_FIELD_NAMES = [*sorted(FIELDS), "EXIF.Flash", "EXIF.'; --", "Tags.Year", 'Tags.x\0"[]', "Tags.größe"]


def as_bytes(request: HttpRequest) -> bytes:
    """The request as it is sent."""
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, values in request.headers.items() for value in values]
    if request.body:
        lines.append(f"content-length: {len(request.body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + request.body


def damaged(source: random.Random, sent: bytes) -> bytes:
    """Bytes of a request with a few changed, left out or put in."""
    some = bytearray(sent)
    for _ in range(source.randrange(1, 4)):
        at = source.randrange(len(some) + 1)
        kind = source.randrange(3)
        if kind == 0:
            some[at : at + 1] = bytes([source.randrange(256)])
        elif kind == 1:
            del some[at : at + source.randrange(1, 20)]
        else:
            some[at:at] = source.choice([b"\r\n", b"\0", b"\xff", b" ", b":", b"%", source.randbytes(5)])
    return bytes(some)


def _encoded(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote, safe="~", errors="replace")


def _in_header(text: str) -> str:
    return (
        text.encode("latin-1", "replace")
        .decode("latin-1")
        .replace("\r", "?")
        .replace("\n", "?")
        .replace("\0", "?")
    )
