"""Which operations there are, against what clients ask for; each one is driven by some test."""

from __future__ import annotations

import ast
import csv
import re
import sys

import pytest

from tests.api.mastodon_py import LEFT_OUT
from tests.kit.schema import ROOT
from tools.pages.clients import client_operations, paths_of
from tools.pages.driven import called_methods, paths_in
from tools.pages.endpoints import drivers, not_here, state_of
from tools.pages.operations import EVERY, key_of
from venire.api.routing import RouteTable

LIST = ROOT.parent / "shared" / "reference" / "mastodon-endpoints.tsv"
EMPTY = {"GET /api/v1/custom_emojis": "this site has no pictures of its own in texts"}
"""Operations of priority one that have nothing behind them here."""
DRIVEN_OTHERWISE: dict[str, str] = {}
"""Operations that no test names in its source, each with the test that drives it all the same."""


def listed(priority: str) -> list[tuple[str, str]]:
    with LIST.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return [(row["method"], row["endpoint"]) for row in rows if row["priority"] == priority]


def state(method: str, endpoint: str) -> str:
    """`works`, `empty`, or `missing`."""
    found = RouteTable(EVERY).find(re.sub(r":\w+", "1", endpoint))
    picked = found.pick(method) if found is not None else None
    return state_of(picked[0]) if picked is not None else "missing"


@pytest.mark.shared_data
def test_every_operation_of_priority_one_is_here_and_works():
    wanted = listed("1")
    assert len(wanted) == 82
    states = {f"{method} {path}": state(method, path) for method, path in wanted}
    assert [name for name, found in states.items() if found == "missing"] == []
    assert {name for name, found in states.items() if found == "empty"} == EMPTY.keys()


@pytest.mark.shared_data
def test_operations_of_priority_two_are_counted(capsys):
    states = {f"{method} {path}": state(method, path) for method, path in listed("2")}
    lines = []
    for kind in ("works", "empty", "missing"):
        names = [name for name, found in states.items() if found == kind]
        lines.append(f"priority 2, {kind}: {len(names)}")
        lines += [f"  {name}" for name in names if kind != "works"]
    with capsys.disabled():
        sys.stderr.write("\n" + "\n".join(lines) + "\n")
    assert len(states) == 124


def emptied(answer: object) -> bool:
    """Nothing, or an object that holds nothing."""
    return not answer or (isinstance(answer, dict) and not any(answer.values()))


@pytest.mark.anyio
async def test_an_operation_without_anything_behind_it_says_so_in_the_usual_way(site):
    admin, author = await site.member("admin", role="admin"), await site.member("author")
    made = (await author.post("/api/v1/statuses", json={"status": "Hello"})).json()
    for route in EVERY:
        if state_of(route) != "empty":
            continue
        one = made["id"] if "/statuses/" in route.path else str(author.id)
        path = re.sub(r"\{[^}]*\}", one, route.path)
        answer = await site.client.request(route.method, path, headers=admin.headers)
        assert answer.status_code in {200, 404, 422}, key_of(route)
        if answer.is_success:
            assert emptied(answer.json()), key_of(route)
        else:
            assert answer.json()["error"], key_of(route)


def test_every_operation_is_driven_by_a_test():
    missing = {key_of(route) for route in EVERY} - drivers().keys()
    assert sorted(missing - DRIVEN_OTHERWISE.keys()) == []
    assert sorted(DRIVEN_OTHERWISE.keys() - missing) == [], "named in a test by now: off the list"


def test_every_method_of_the_client_library_is_called_or_left_out_for_a_reason():
    methods, called = client_operations().keys(), called_methods().keys()
    assert len(methods) > 250, "the scan finds next to nothing: it must not pass by looking away"
    assert sorted(methods - called - LEFT_OUT.keys()) == []
    assert sorted(LEFT_OUT.keys() & called) == [], "called by now: off the list"
    assert sorted(LEFT_OUT.keys() - methods) == [], "the library has no such method"
    assert all(len(reason.split()) > 3 for reason in LEFT_OUT.values())


def test_what_the_library_asks_for_and_is_not_here_belongs_to_a_method_left_out():
    missing = set(not_here())
    for method, asked in client_operations().items():
        if asked <= missing:
            assert method in LEFT_OUT, f"{method} asks for {asked}, which no route has"


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ('"/api/v1/lists?x=1"', ["/api/v1/lists"]),
        ('f"/api/v1/lists/{one}/accounts"', ["/api/v1/lists/{}/accounts"]),
        ('f"{url}/api/v1/lists"', ["/api/v1/lists"]),
        ('"/api/v1/" + kind', ["/api/v1/blocks", "/api/v1/mutes"]),
        ("computed()", []),
    ],
)
def test_the_scan_of_tests_reads_paths_as_they_are_written(source, paths):
    node = ast.parse(source, mode="eval").body
    assert list(paths_in(node, {"kind": ["blocks", "mutes"]})) == paths


def test_the_scan_of_the_library_reads_paths_as_they_are_written():
    function = ast.parse('url = "/api/v1/a/{0}".format(x)\nif y:\n    url = f"/api/v2/a/{x}"')
    found = list(paths_of(ast.Name("url"), function))
    assert found == ["/api/v1/a/{}", "/api/v2/a/{}"]
