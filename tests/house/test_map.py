"""The generated pages are those of the code as it is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from tools.map import PAGES, rendered, stale, write
from tools.pages.contracts import blocks
from tools.pages.data import by_room, forgotten
from tools.pages.floors import floors
from tools.pages.happenings import every_event, machines, subscriptions_page, tellers
from venire.api.routes import ROUTES
from venire.events import Happened
from venire.storage.tables.every import ALL


def test_the_generated_pages_are_up_to_date() -> None:
    problems = stale(rendered())
    assert not problems, "run `make map`:\n\n" + "\n".join(problems)


def test_a_page_that_differs_is_told_with_the_difference(root: Path) -> None:
    pages = {root / "docs" / "map" / "no-such-page.md": "one\n"}
    found = [text for text in stale(pages) if "no-such-page" in text]
    assert len(found) == 1
    assert "+one" in found[0]


def test_writing_makes_what_checking_wants(tmp_path: Path) -> None:
    pages = {tmp_path / "a" / "page.md": "text\n"}
    assert write(pages) == 1
    assert write(pages) == 0
    assert (tmp_path / "a" / "page.md").read_text() == "text\n"


def test_no_declared_table_is_forgotten_in_the_list_that_engines_create() -> None:
    assert not forgotten()
    assert sum(len(own) for own in by_room().values()) == len(ALL)


def test_table_names_are_unique() -> None:
    names = [table.name for table in ALL]
    assert len(set(names)) == len(names)


def test_every_table_says_what_it_answers_and_how_long_it_keeps_it() -> None:
    for table in ALL:
        assert table.question.endswith("?"), f"{table.name}: a question"
        assert table.retention, f"{table.name}: how long?"


def test_a_table_with_accounts_in_it_says_whose_data_it_is() -> None:
    """A column that names an account, and no subject: its rows would be missed by an erasure."""
    accounts = re.compile(r"(account|author|owner|juror|reporter|follower|followee|actor)_id")
    for table in ALL:
        named = [column.name for column in table.columns if accounts.fullmatch(column.name)]
        assert not named or table.subject or table.name in NO_SUBJECT, f"{table.name}: {named}"


NO_SUBJECT = frozenset[str]()
"""Tables with an account column that hold nobody's data; each needs its reason beside it."""


def test_every_event_is_in_the_union() -> None:
    assert set(Happened.__subclasses__()) == set(every_event())


NOT_TOLD_YET: dict[str, str] = {}


def test_every_event_is_told_by_somebody() -> None:
    silent = {name for name, modules in tellers().items() if not modules}
    assert silent == NOT_TOLD_YET.keys()


def test_events_carry_ids_and_closed_words_never_texts() -> None:
    # `name` is an emoji, `kind` one of ours, `choices` are places in a list of answers.
    # `ledger` is a currency's.
    words = {"visibility", "state", "step", "key", "kind", "name", "choices", "ledger"}
    for event in every_event():
        for field in msgspec.structs.fields(event):
            assert field.type is int or field.name in words, f"{event.__name__}.{field.name}"


def test_every_room_stands_on_a_floor(root: Path) -> None:
    placed = {room for rooms in floors() for room in rooms}
    there = {path.parent.name for path in (root / "venire").glob("*/__init__.py")}
    assert there <= placed


def test_every_route_stands_in_a_block_of_its_area() -> None:
    assert sum(len(own) for own in blocks().values()) == len(ROUTES)
    assert {"OAUTH", "JURY", "NOTICES", "RECORD"} <= blocks().keys()


def test_the_machines_of_cases_and_jury_are_found() -> None:
    assert {"case", "panel round", "summons"} <= {machine.name for _, machine in machines()}


def test_every_subscription_names_its_handler() -> None:
    rows = [line for line in subscriptions_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 5
    for row in rows:
        cursor, _, handler, says = (cell.strip() for cell in row.strip("|").split("|"))
        assert "." in handler, f"{cursor}: {handler}"
        assert says or handler.startswith("`server.subscriptions."), f"{cursor}: no docstring"


def test_every_generated_page_is_listed_in_the_index() -> None:
    index = PAGES["docs/map/README.md"]()
    for name in PAGES.keys() - {"docs/map/README.md"}:
        beside = name.removeprefix("docs/map/")
        assert f"[{beside}]" in index or f"[../{name.removeprefix('docs/')}]" in index
