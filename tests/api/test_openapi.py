"""Our own OpenAPI document holds: whatever schemathesis makes of it, each answer is in it.

Every operation, with and without tokens, with what the document allows and with what it does not.
`make fuzz` looks longer.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.kit.site import BASE_URL
from tests.kit.town import Town, open_town
from tools.pages.answers import ANSWERS, MEDIA
from tools.pages.openapi import document, openapi_page
from tools.pages.operations import EVERY, key_of
from venire.people.scopes import SCOPES

EXAMPLES = int(os.environ.get("VENIRE_FUZZ", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDLESS = frozenset({"text/event-stream"})
"""Answers that never end: streaming has tests of its own."""
DOCUMENT = document()
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)))
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


def ends(operation: Any) -> bool:
    answers = operation.definition.raw["responses"].values()
    return not any(ENDLESS & answer.get("content", {}).keys() for answer in answers)


OPERATIONS = {
    each.label: each
    for each in (result.ok() for result in SCHEMA.get_all_operations())
    if ends(each)
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


@st.composite
def asked(draw, operation: Any, values: list[str], viewers: list[str]):
    """A request as the document has it, or near it, and who sends it; ids are mostly real ones."""
    case = draw(operation.as_strategy(generation_mode=draw(st.sampled_from(MODES))))
    for name in case.path_parameters or {}:
        if draw(st.booleans()):
            case.path_parameters[name] = draw(st.sampled_from(values))
    return case, draw(st.sampled_from(viewers))


def sent_by(town: Town, case: Any, viewer: str) -> httpx.Response:
    sent = case.as_transport_kwargs(base_url=BASE_URL)
    method, address = sent.pop("method"), sent.pop("url")
    sent.pop("cookies")
    if not isinstance(sent.get("data", {}), dict):
        sent["content"] = sent.pop("data")
    headers = {**sent.pop("headers"), **town.viewers[viewer]}
    return town.send(method, address, headers=headers, **sent)


@pytest.mark.parametrize("label", OPERATIONS)
def test_each_answer_of_an_operation_is_in_the_document(town, label):
    operation = OPERATIONS[label]
    # Another operation may have deleted what was there.
    made = town.send(
        "POST", "/api/v1/statuses", json={"status": label}, headers=town.viewers["author"]
    )
    values = [*town.values, *([made.json()["id"]] * 8 if made.is_success else [])]

    @seed(zlib.crc32(label.encode()))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(asked(operation, values, sorted(town.viewers)))
    def holds(request):
        case, viewer = request
        answer = sent_by(town, case, viewer)
        case.validate_response(answer, checks=CHECKS)

    holds()


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ({"200": {"content": {"application/json": {"schema": {"type": "array"}}}}}, "schema"),
        ({"200": {"content": {"text/html": {}}}}, "Content-Type"),
        ({"204": {}}, "status code"),
    ],
)
def test_an_answer_that_is_not_in_a_document_is_found(town, answers, failure):
    described = {name: {"description": "", **answer} for name, answer in answers.items()}
    told = {**DOCUMENT, "paths": {"/api/v2/instance": {"get": {"responses": described}}}}
    (result,) = schemathesis.openapi.from_dict(told).get_all_operations()
    case = result.ok().Case()
    with pytest.raises(FailureGroup) as found:
        case.validate_response(sent_by(town, case, "nobody"), checks=CHECKS)
    assert failure in str(found.value.exceptions[0])


def test_the_document_is_an_openapi_document():
    assert DOCUMENT["openapi"].startswith("3.1")
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    words = [
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    ]
    assert len(words) == len(set(words)) == len(EVERY)


def test_every_route_is_in_the_document_and_nothing_else():
    told = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert told == {(route.method, route.path.replace("*}", "}")) for route in EVERY}


def test_what_is_said_of_answers_is_said_of_routes_that_are_there():
    there = {key_of(route) for route in EVERY}
    assert ANSWERS.keys() <= there
    assert MEDIA.keys() <= there


def test_an_operation_that_may_refuse_for_scopes_names_them():
    for route in EVERY:
        operation = DOCUMENT["paths"][route.path.replace("*}", "}")][route.method.lower()]
        assert ("403" in operation["responses"]) >= bool(operation["security"])
        for wanted in operation["security"]:
            for scheme, scopes in wanted.items():
                assert scheme in DOCUMENT["components"]["securitySchemes"]
                assert set(scopes) <= set(SCOPES)


def test_the_page_is_the_document():
    assert json.loads(openapi_page()) == json.loads(json.dumps(DOCUMENT))
