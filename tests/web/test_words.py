"""Both languages say everything: no text of a page, a message or an error lacks Indonesian."""

from __future__ import annotations

import ast
import functools
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jinja2
import pytest
from babel.messages.pofile import read_po
from jinja2 import nodes

from tools.pages.source import walked
from venire.api import authorize, errors, push_telling
from venire.api.settings import ApiSettings
from venire.cases import appeals_messages, messages, reporter_messages
from venire.kernel import errors as kernel_errors
from venire.kernel.i18n import catalogue_keys, translate
from venire.people import rules
from venire.people.security_words import TEXTS
from venire.web import (
    appeal_words,
    desk_words,
    office_words,
    problem_words,
    record_words,
    security_words,
    text_words,
    vendor_words,
    words,
)

PACKAGE = Path(words.__file__).parent.parent
_CATALOGUE = PACKAGE / "locales" / "id.po"
_SAME_IN_BOTH = {"Final", "moderator", "admin", "{verdict} ({rule}). {judge}."}
"""Words that Indonesian has as they are."""


def _of_template(path: Path) -> Iterator[str]:
    """The texts that a template asks for by `t("...")`, both arms of a choice too."""
    tree = jinja2.Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t" and call.args:
            asked = call.args[0]
            arms = [asked.expr1, asked.expr2] if isinstance(asked, nodes.CondExpr) else [asked]
            yield from (arm.value for arm in arms if isinstance(arm, nodes.Const))


class _Module(NamedTuple):
    """What a module says: what it translates where it stands, its hints, its literals."""

    said: frozenset[str]
    hints: frozenset[str]
    literals: frozenset[str]


@functools.cache
def _module(path: Path) -> _Module:
    """Each module is read once, whatever is asked of it."""
    nodes = walked(ast.parse(path.read_text(encoding="utf-8")))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    literals = frozenset(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return _Module(frozenset(_said(calls, path)), frozenset(_hints_in(calls)), literals)


def _said(calls: list[ast.Call], path: Path) -> Iterator[str]:
    for call in calls:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        place = {"translate": 1, "t": 0, "say": 0, "OAuthError": 1}.get(name)
        asked = call.args[place : place + 1] if place is not None else []
        if "api" in path.parts:
            asked += [word.value for word in call.keywords if word.arg == "error"]
        for each in asked:
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
                yield each.value


def _of_tables() -> Iterator[str]:
    """The tables from which texts are chosen by a code."""
    modules = (words, record_words, office_words, appeal_words, desk_words)
    modules = (*modules, problem_words, security_words, text_words, vendor_words)
    for name, table in (item for module in modules for item in vars(module).items()):
        if name.isupper() and isinstance(table, dict):
            yield from table.values()
    yield from errors.PHRASES.values()
    yield from authorize._MEANINGS.values()
    yield from messages._DECIDED.values()
    yield from push_telling.TITLES.values()
    yield from messages._LIMITED.values()
    for of_measure in (messages._IN_PLACE, messages._OUTCOMES, messages._TARGETS):
        yield from of_measure.values()
    yield from (*appeals_messages._ENDS.values(), *appeals_messages._UNJUDGED.values())
    yield from (*reporter_messages._TITLES.values(), *reporter_messages._TEXTS.values())
    yield from ("Your account waits for a moderator", "Confirm your e-mail address first")
    yield "Your account waits for the consent of a parent or guardian"
    yield ApiSettings().detectors_read
    yield from (text for texts in TEXTS.values() for text in texts)


_PROBLEMS = {
    name
    for name, one in vars(kernel_errors).items()
    if isinstance(one, type) and issubclass(one, kernel_errors.Problem) and name != "Refused"
} | {"OAuthError"}
_SPOKEN = ("api", "cases", "people", "posts", "web")
"""Rooms whose hints reach people; those of `jury` and `notices` may be in the catalogue too."""


def _hints(*rooms: str) -> Iterator[str]:
    """The fixed hints of the problems that a room raises."""
    for path in (path for room in rooms for path in (PACKAGE / room).rglob("*.py")):
        yield from _module(path).hints


def _hints_in(calls: list[ast.Call]) -> Iterator[str]:
    for call in calls:
        if len(call.args) < 2:
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        hint = call.args[1]
        if name in _PROBLEMS and isinstance(hint, ast.Constant) and hint.value:
            yield hint.value


@functools.cache
def every_text() -> frozenset[str]:
    """Whatever the site says to people in a language of theirs."""
    found = set(_of_tables()) | set(_hints(*_SPOKEN))
    for path in PACKAGE.rglob("templates/*.html"):
        found |= set(_of_template(path))
    for path in PACKAGE.rglob("*.py"):
        found |= _module(path).said
    return frozenset(found)


def test_the_scan_finds_texts_of_every_kind():
    found = every_text()
    assert len(found) > 600
    assert {
        "Sign in",
        "Your reply",
        "Let it in",
        "Wrong name or password",
        "This app is not known here.",
        "rule {number}, {title}",
        "A moderator decided.",
        "Being judged",
    } <= found


def test_no_text_lacks_indonesian():
    missing = every_text() - catalogue_keys("id")
    assert not missing, f"say these in venire/locales/id.po: {sorted(missing)}"


def _literals() -> set[str]:
    """Every text in the code: one that is chosen first and said later is used too."""
    return {text for path in PACKAGE.rglob("*.py") for text in _module(path).literals}


def test_no_text_of_the_catalogue_is_used_nowhere():
    unused = catalogue_keys("id") - every_text() - _literals()
    assert not unused, f"take these out of venire/locales/id.po: {sorted(unused)}"


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_translation_has_the_same_places_to_fill():
    for text in catalogue_keys("id"):
        assert _places(translate("id", text)) == _places(text), text


def test_a_translation_is_indonesian_and_not_the_english_again():
    same = {text for text in catalogue_keys("id") if translate("id", text) == text}
    assert same == _SAME_IN_BOTH


def test_the_catalogue_is_sorted_and_says_each_text_once():
    with _CATALOGUE.open("rb") as file:
        entries = [message.id for message in read_po(file, locale="id", abort_invalid=True)][1:]
    assert entries == sorted(entries)
    lines = _CATALOGUE.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("msgid ") for line in lines) == len(entries) + 1


def test_every_fault_of_a_sign_up_has_a_sentence():
    source = Path(rules.__file__).read_text(encoding="utf-8")
    used = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    faults = {value for value in used if isinstance(value, str) and value.startswith("ERR_")}
    assert len(faults) > 5
    assert faults - {"ERR_TOO_MANY", "ERR_INCLUSION"} <= words.FAULTS.keys()


@pytest.mark.parametrize(
    ("english", "indonesian"),
    [
        ("Case", "Perkara"),
        ("Verdict", "Putusan"),
        ("Appeal", "Banding"),
        ("Bench", "Juri tetap"),
        ("Statement of reasons", "Pernyataan alasan"),
        ("Public record", "Catatan publik"),
        ("Your seat", "Kursi Anda"),
        ("Timeline", "Linimasa"),
        ("Hidden for now", "Disembunyikan sementara"),
        ("Notices", "Pemberitahuan resmi"),
    ],
)
def test_the_terms_are_those_of_the_glossary(english, indonesian):
    assert translate("id", english) == indonesian
