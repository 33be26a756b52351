"""What `make test-vendors` fetches is pinned and hashed, and nothing is left out of its page."""

from __future__ import annotations

import json
import re

import pytest

from tests.counterparts.counterparts import COUNTERPARTS, variable
from tests.counterparts.installing import GO_PROGRAMS
from venire.server.naming import CERTIFICATES, DNS

_HASH = re.compile(r"sha(256|512)-[A-Za-z0-9+/]+=*")


def test_the_npm_lock_has_hashes_and_no_address(root):
    text = (root / "tests/counterparts/package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    wanted = json.loads((root / "tests/counterparts/package.json").read_text("utf-8"))
    assert packages[""]["dependencies"] == wanted["dependencies"]
    assert all(re.fullmatch(r"[0-9.]+", version) for version in wanted["dependencies"].values())
    assert '"resolved"' not in text
    fetched = [package for name, package in packages.items() if name]
    assert len(fetched) > 100
    assert all(_HASH.fullmatch(package["integrity"]) for package in fetched)


def test_the_lock_of_the_oracles_has_hashes_and_no_address(root):
    text = (root / "tests/counterparts/oracles.lock").read_text(encoding="utf-8")
    assert "://" not in text
    packages = [part for part in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE) if part]
    assert len(packages) > 20
    for package in packages:
        assert re.match(r"[a-z0-9._-]+==\S+", package)
        assert "--hash=sha256:" in package
    wanted = (root / "tests/counterparts/oracles.in").read_text(encoding="utf-8").split("\n")
    locked = {package.partition("==")[0] for package in packages}
    assert {line for line in wanted if line and not line.startswith("#")} <= locked


def test_a_program_is_built_at_one_version():
    for package, version in GO_PROGRAMS.values():
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version), package


def test_every_counterpart_is_on_its_page(root):
    page = (root / "tests/counterparts/README.md").read_text(encoding="utf-8")
    for each in COUNTERPARTS:
        told = f"`{variable(each.name).removeprefix('VENIRE_COUNTERPART_')}`"
        assert told in page or each.name.startswith("prism_"), each.name


def test_a_mark_names_counterparts_that_there_are(python, root):
    known = {each.name for each in COUNTERPARTS}
    seen: set[str] = set()
    for path, text in python.items():
        if path.is_relative_to(root / "tests") and path.name.startswith("test_"):
            for call in re.findall(r"mark\.vendors\(([^()]*)\)", text):
                seen.update(re.findall(r'"([a-z0-9_]+)"', call))
    assert len(seen) > 5
    assert {name for name in seen if "{" not in name} <= known


@pytest.mark.parametrize(
    "kind", ["sms", "payments", "payouts", "dns", "certificates"]
)  # those that are one file a vendor
def test_every_adapter_has_a_row_that_says_what_it_is_tested_with(root, kind):
    page = (root / "docs/vendors.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {kind} \| `([\w-]+)` \| (.+) \| (.+) \|$", page, re.MULTILINE)
    named = {name.replace("-", "_").removesuffix("_gateway") for name, _, _ in rows}
    parts = {"signing", "signatures", "stripe_api", "xendit_api"}
    files = {path.stem for path in (root / "venire/adapters" / kind).glob("[a-z]*.py")} - parts
    assert {name.removesuffix("_gateway") for name in files} == named
    assert all(len(tested) > 10 and len(live) > 5 for _, tested, live in rows)


def test_every_name_in_the_registry_of_names_has_its_row(root):
    page = (root / "docs/vendors.md").read_text(encoding="utf-8")
    for kind, registry in (("dns", DNS), ("certificates", CERTIFICATES)):
        for name in registry:
            assert f"| {kind} | `{name}` |" in page
