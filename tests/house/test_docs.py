"""Docs say what is there: links lead somewhere, commands exist, lists are whole."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from tools.pages.commands import commands_of
from tools.pages.contracts import blocks
from venire.cases.policy import CATEGORIES
from venire.cli.main import main
from venire.notices.model import ITEM_STATES, UNREADABLE_CODES
from venire.notices.rules import CATEGORY_SPELLINGS
from venire.record.headers import TYPES
from venire.server.settings import Settings

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"(?:^(?: {4}|\t).*\n?)+|^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_DOC = re.compile(r"\bdocs/[\w./-]+\.md\b")
_TEST = re.compile(r"\btests/[\w./-]+\.py(?:::\w+)?")
_RECORD_LINES = 70
_MASTODON = re.compile(
    "OAUTH|INSTANCE|ACCOUNTS|RELATIONSHIPS|POSTS|STATUSES|TIMELINES|NOTIFICATIONS|ABSENCES|SEARCH"
    "|REPORTS|POLLS|MEDIA|LISTS|TAGS|DISCOVERY|SITE|ABSENT_PARTS|MASTODON_ADMIN"
    "|CONVERSATIONS|FILTERS|REACTIONS|SCHEDULED|PUSH|EMAILS"
)
"""Blocks of the route list that are Mastodon's: its own documentation describes them."""


def _anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {head.strip().replace(" ", "-") for head in plain}


def test_every_link_leads_to_a_file_and_a_heading_that_are_there(
    pages: dict[Path, str], root: Path
) -> None:
    seen = 0
    for path, text in pages.items():
        for target in _LINK.findall(_FENCED.sub("", text)):
            if re.match(r"[a-z]+:", target):
                continue
            seen += 1
            name, _, anchor = target.partition("#")
            there = (path.parent / name).resolve() if name else path
            assert there.exists(), f"{path.relative_to(root)}: {target}"
            if anchor and there.suffix == ".md":
                known = _anchors(there.read_text(encoding="utf-8"))
                assert anchor in known, f"{path.relative_to(root)}: {target}"
    assert seen > 30


def test_a_page_or_test_that_is_named_is_there(texts: dict[Path, str], root: Path) -> None:
    for path, text in texts.items():
        if path.suffix not in {".py", ".md", ".toml", ".yml"} or path == Path(__file__).resolve():
            continue
        for name in _DOC.findall(text):
            assert (root / name).is_file(), f"{path.relative_to(root)} names {name}"
        if path.suffix == ".md":
            for name in _TEST.findall(text):
                file, _, function = name.partition("::")
                assert (root / file).is_file(), f"{path.relative_to(root)} names {file}"
                there = (root / file).read_text(encoding="utf-8")
                assert not function or f"def {function}(" in there, f"{path.name}: {name}"


def test_every_page_can_be_reached_from_the_readme(pages: dict[Path, str], root: Path) -> None:
    reached, ahead = set(), [root / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page not in pages:
            continue
        reached.add(page)
        targets = [each for each in _LINK.findall(pages[page]) if not re.match(r"[a-z]+:", each)]
        ahead += [(page.parent / each.partition("#")[0]).resolve() for each in targets]
    lost = {page for page in pages if page.is_relative_to(root / "docs")} - reached
    assert not lost


def _spoken(text: str) -> Iterator[str]:
    """Lines of code in a page: of blocks, and in backticks."""
    for block in _BLOCK.finditer(text):
        yield from (block[1] or block[0]).splitlines()
    yield from _SPAN.findall(_FENCED.sub("", text))


def test_every_make_target_that_a_page_names_exists(pages: dict[Path, str], root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = 0
    for path, text in pages.items():
        for line in _spoken(text):
            match = re.match(r"\s*make(?: ([a-z][a-z-]*))?\b", line)
            if match and match[1]:
                named += 1
                assert match[1] in targets, f"{path.relative_to(root)}: {line.strip()}"
    assert named > 3


def _fault(line: str) -> str | None:
    """What is wrong with a line that calls `venire`, or None."""
    try:
        words = shlex.split(line.replace("…", "").replace("|", " "), comments=True)
    except ValueError:
        return None
    at: click.Command = main
    for place, word in enumerate(words[1:], 1):
        if not isinstance(at, click.Group):
            known = {name for option in at.params for name in option.opts}
            flags = [w.split("=")[0].strip("[]") for w in words[place:] if re.match(r"\[?--", w)]
            strange = [flag for flag in flags if flag not in known | {"--help"}]
            return f"no option {strange[0]}" if strange else None
        if word.startswith("-"):
            return None
        known_here = commands_of(at)
        if word not in known_here:
            return f"no command {word}"
        at = known_here[word]
    return None


def test_every_venire_command_that_a_page_names_exists(pages: dict[Path, str], root: Path) -> None:
    named = 0
    for path, text in pages.items():
        if path.is_relative_to(root / "venire"):
            # A door sign may speak of what its room is ready for.
            continue
        for line in _spoken(text):
            command = re.sub(r"^\s*(?:\$ )?(?:\.venv/bin/)?", "", line)
            if re.match(r"venire [a-z]", command):
                named += 1
                fault = _fault(command)
                assert fault is None, f"{path.relative_to(root)}: {command}: {fault}"
    assert named > 10


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("venire run --port 80", False),
        ("venire verify record PATH --key FILE", False),
        ("venire fly", True),
        ("venire verify recrod PATH", True),
        ("venire run --pot 80", True),
    ],
)
def test_a_wrong_command_would_be_found(line: str, *, wrong: bool) -> None:
    assert (_fault(line) is not None) is wrong


def test_the_first_screen_of_the_readme_says_what_it_is_what_it_is_not_and_how_to_begin(
    root: Path,
) -> None:
    screen = "\n".join((root / "README.md").read_text(encoding="utf-8").splitlines()[:48])
    for needed in ("make demo", "make test", "federat", "Mastodon", "archive", "python3"):
        assert needed in screen, needed


def test_every_setting_is_explained(root: Path) -> None:
    page = (root / "docs" / "operators.md").read_text(encoding="utf-8")
    for field in msgspec.structs.fields(Settings):
        assert f"| `{field.name}` |" in page, field.name


def test_every_route_of_our_own_is_described(root: Path) -> None:
    page = (root / "docs" / "api.md").read_text(encoding="utf-8")
    own = [
        route
        for name, routes in blocks().items()
        if not _MASTODON.fullmatch(name)
        for route in routes
    ]
    assert len(own) > 15
    for route in own:
        path = route.path.replace("*}", "}")
        assert f"`{route.method} {path}`" in page, f"docs/api.md: {route.method} {path}"


def test_every_state_of_a_notice_item_is_explained_to_its_sender(root: Path) -> None:
    page = (root / "docs" / "notices.md").read_text(encoding="utf-8")
    for name in (*ITEM_STATES, *UNREADABLE_CODES):
        assert f"`{name}`" in page, name
    for spelling in CATEGORY_SPELLINGS:
        assert f"`{spelling}`" in page, spelling


def test_every_type_of_entry_is_explained_to_whoever_verifies(root: Path) -> None:
    page = (root / "docs" / "verify.md").read_text(encoding="utf-8")
    for name in TYPES:
        assert f"| `{name}` |" in page, name


def test_the_glossary_has_every_category_in_the_order_of_gravity(root: Path) -> None:
    page = (root / "docs" / "words.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert [name for name in rows if name in CATEGORIES] == list(CATEGORIES)


def test_every_threat_names_a_test_or_says_that_there_is_none_yet(root: Path) -> None:
    page = (root / "docs" / "threats.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    told = [row for row in rows if not re.match(r"\| (Who|---)|\|-", row)]
    assert len(told) > 25
    for row in told:
        last = row.strip("| ").rsplit("|", 1)[-1]
        assert "tests/" in last or "not yet tested" in last, row[:80]


def test_a_decision_fits_on_a_page_has_its_own_number_and_is_in_the_index(root: Path) -> None:
    folder = root / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    index = (folder / "README.md").read_text(encoding="utf-8")
    numbers = [path.name[:4] for path in records]
    assert len(set(numbers)) == len(numbers)
    for path in records:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+", path.stem), path.name
        assert len(lines) <= _RECORD_LINES, f"{path.name}: {len(lines)} lines"
        assert path.stem[:4] in lines[0], f"{path.name}: its number in the title"
        assert any(line.startswith(("**Status", "**Decided")) for line in lines), (
            f"{path.name}: a status"
        )
        assert f"({path.name})" in index, f"{path.name} is not in the index"
