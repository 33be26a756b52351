"""What this face says to people exists in every language of the site."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools.pages.source import walked
from venire.api.authorize import _MEANINGS
from venire.api.errors import PHRASES, phrase_of
from venire.kernel import errors
from venire.kernel.errors import Forbidden, Problem
from venire.kernel.i18n import LANGUAGES, catalogue_keys
from venire.posts.media.rules import FAULTS

PACKAGE = Path(__file__).parent.parent.parent / "venire"
PROBLEMS = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, Problem) and name != "Refused"
} | {"OAuthError"}
_MODULES = "accounts apps authentication authorize form media oauth parameters"
SOURCES = [
    *(PACKAGE / "people").glob("*.py"),
    *(PACKAGE / "posts" / "media").glob("*.py"),
    *(PACKAGE / "api" / f"{name}.py" for name in _MODULES.split()),
]


def hints_of(path: Path) -> set[str]:
    """The fixed hints of problems raised in a file."""
    found = set()
    for node in walked(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            hint = node.args[1]
            if name in PROBLEMS and isinstance(hint, ast.Constant) and isinstance(hint.value, str):
                found.add(hint.value)
    return found


def said_in_templates() -> set[str]:
    texts = (path.read_text() for path in (PACKAGE / "api" / "templates").glob("*.html"))
    return {found for text in texts for found in re.findall(r't\("([^"]+)"', text)}


def said_on_the_page() -> set[str]:
    source = (PACKAGE / "api" / "authorize.py").read_text()
    return {
        *re.findall(r'error="([^"]+)"\)', source),
        *re.findall(r'return "([A-Z][^"]+ [^"]+)"', source),
        *_MEANINGS.values(),
    }


EVERYTHING = (
    set(PHRASES.values())
    | set(FAULTS.values())
    | said_in_templates()
    | said_on_the_page()
    | {hint for path in SOURCES for hint in hints_of(path)}
)


def test_the_search_for_sentences_finds_some_of_each_kind():
    assert "Record not found" in EVERYTHING
    assert "Let it in" in EVERYTHING
    assert "Wrong name or password" in EVERYTHING
    assert "Your account waits for a moderator" in EVERYTHING
    assert "The redirect address is not one of this app's." in EVERYTHING


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_sentence_is_translated(language):
    missing = sorted(EVERYTHING - catalogue_keys(language))
    assert not missing, "\n".join(missing)


def test_an_error_is_told_in_the_readers_language():
    problem = Forbidden("account_suspended")
    assert phrase_of(problem, "id") != phrase_of(problem, "en")
