"""Answers and errors as JSON and as XML."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.api.errors import OWN_CODES, ApiError, resource_not_found
from bindery.api.gateway.rendering import render, render_error
from bindery.api.messages import bindings, files, projects
from bindery.documentation import page_text

ID = "2213B1A9-EB3D-4666-84E0-24980BC00000"


def element(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)


def test_an_answer_as_json_begins_with_the_request_id() -> None:
    answer = render(
        "GetProject", projects.GetProjectResponse(project=projects.Project(project_name="p")), ID, xml=False
    )
    assert (answer.status, answer.content_type) == (200, "application/json;charset=utf-8")
    assert json.loads(answer.body) == {"RequestId": ID, "Project": {"ProjectName": "p"}}
    assert answer.body.startswith(b'{"RequestId":')


def test_an_answer_without_members_is_still_an_object() -> None:
    answer = render("DeleteProject", projects.DeleteProjectResponse(), ID, xml=False)
    assert json.loads(answer.body) == {"RequestId": ID}


def test_documents_of_the_catalog_go_through_unchanged() -> None:
    document = b'{"URI":"oss://b/k","Size":9007199254740993,"Duration":3.665678}'
    answer = render("GetFileMeta", files.GetFileMetaResponse(files=(msgspec.Raw(document),)), ID, xml=False)
    assert document in answer.body


def test_an_answer_as_xml() -> None:
    response = bindings.ListBindingsResponse(
        bindings=(bindings.Binding(uri="oss://one", phase=""), bindings.Binding(uri="oss://two")),
        next_token="",
    )
    answer = render("ListBindings", response, ID, xml=True)
    assert answer.content_type == "text/xml;charset=utf-8"
    root = element(answer.body)
    assert root.tag == "ListBindingsResponse"
    assert root.findtext("RequestId") == ID
    assert [entry.text for entry in root.findall("Bindings/Binding/URI")] == ["oss://one", "oss://two"]
    assert root.findtext("NextToken") == ""


def file_as_xml(document: dict[str, Any]) -> ElementTree.Element:
    raw = (msgspec.Raw(json.dumps(document).encode()),)
    found = element(render("GetFileMeta", files.GetFileMetaResponse(files=raw), ID, xml=True).body)
    file = found.find("Files/File")
    assert file is not None
    return file


def test_lists_in_xml_hold_elements_in_the_singular() -> None:
    file = file_as_xml(
        {"Addresses": [{"City": "杭州"}], "VideoStreams": [{"Index": 0}], "OCRContents": [{}]}
    )
    assert file.findtext("Addresses/Address/City") == "杭州"
    assert file.findtext("VideoStreams/VideoStream/Index") == "0"


@pytest.mark.parametrize(
    "key", ["plain", "m²", "9", "a b", "<", "é", "名", "-x", "", "a:b", "½", "ª", "\ud7ff", "x\x00"]
)
def test_every_map_key_becomes_an_element_name(key: str) -> None:
    labels = file_as_xml({"CustomLabels": {key: "value"}}).find("CustomLabels")
    assert labels is not None
    assert [entry.text for entry in labels] == ["value"]
    if key in ("plain", "é", "名"):
        assert labels[0].tag == key


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5))
def test_any_map_gives_xml_that_can_be_parsed(labels: dict[str, str]) -> None:
    held = file_as_xml({"CustomLabels": labels}).find("CustomLabels")
    assert held is not None
    assert len({entry.tag for entry in held}) == len(labels)


def test_keys_that_would_meet_in_xml_stay_apart() -> None:
    keys = ["a b", "a_b", "a-b", "a*b", "a_b_2", "a b_2"]
    labels = file_as_xml({"CustomLabels": {key: key for key in keys}}).find("CustomLabels")
    assert labels is not None
    named = {entry.tag: entry.text for entry in labels}
    assert sorted(named.values()) == sorted(keys)
    assert all(named[key] == key for key in ("a_b", "a-b", "a_b_2"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b & c > d ]]>", "a < b & c > d ]]>"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("bell\x07 nul\x00 \ufffe\uffff", "bell nul "),
        ("😀 中", "😀 中"),
    ],
)
def test_texts_in_xml(text: str, shown: str) -> None:
    assert file_as_xml({"Title": text}).findtext("Title") == shown


def test_values_in_xml() -> None:
    file = file_as_xml({"Size": 2**53 + 1, "Duration": 1.5, "Yes": True, "No": False, "Nothing": None})
    assert [entry.text for entry in file] == ["9007199254740993", "1.5", "true", "false", None]


def test_an_error_has_exactly_five_members() -> None:
    answer = render_error(resource_not_found("project"), ID, "imm.test", xml=False, product="imm")
    assert (answer.status, answer.content_type) == (400, "application/json;charset=utf-8")
    assert json.loads(answer.body) == {
        "RequestId": ID,
        "HostId": "imm.test",
        "Code": "ResourceNotFound",
        "Message": "The specified resource project is not found.",
        "Recommend": "https://next.api.aliyun.com/troubleshoot?q=ResourceNotFound&product=imm",
    }


def test_an_error_as_xml_has_the_same_members() -> None:
    error = ApiError(403, "NoPermission", "a < b & ]]> 中\x00")
    answer = render_error(error, ID, "imm.test", xml=True, product="imm")
    assert (answer.status, answer.content_type) == (403, "text/xml;charset=utf-8")
    root = element(answer.body)
    assert root.tag == "Error"
    assert [(entry.tag, entry.text) for entry in root] == [
        ("RequestId", ID),
        ("HostId", "imm.test"),
        ("Code", "NoPermission"),
        ("Message", "a < b & ]]> 中"),
        ("Recommend", "https://next.api.aliyun.com/troubleshoot?q=NoPermission&product=imm"),
    ]
    assert b"<Recommend><![CDATA[https://" in answer.body


@pytest.mark.parametrize("xml", [True, False])
def test_header_bytes_that_are_no_text_can_be_told(xml: bool) -> None:
    answer = render_error(ApiError(400, "Code", "x\udcffy"), ID, "host\udcfe", xml=xml)
    assert b"x\\" in answer.body
    assert b"udcffy" in answer.body


def test_codes_of_our_own_are_explained_by_this_server() -> None:
    for code in OWN_CODES:
        error = ApiError(400, code, "m")
        body = json.loads(render_error(error, "R", "imm.test:8180", xml=False).body)
        assert body["Recommend"] == "http://imm.test:8180/docs/errors"
        odd = json.loads(render_error(error, "R", "x/../<script>", xml=False).body)
        assert odd["Recommend"] == "/docs/errors"
    page = page_text("errors")
    assert page is not None
    assert all(f"| `{code}` |" in page for code in OWN_CODES)
