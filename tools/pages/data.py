"""The tables as declared, and from their `subject` whose personal data is kept."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from tools.pages.markdown import code, first_sentence, names, table
from venire.storage import tables as shelf
from venire.storage.tables.copyright_desk import COPYRIGHT_NOTICES
from venire.storage.tables.every import ALL
from venire.storage.tables.orders import DEMANDS
from venire.storage.verbs import Table

_TABLES = """\
# Tables

Declared in `venire/storage/tables`. Key: the partition, then the clustering columns, ↑ ascending
or ↓ descending. *Head*: the column that `commit(expect=…)` compares. *Expires*: rows may lapse by
themselves. *Rebuildable*: in the second file, written from events. `?`: may be null.
"""


def by_room() -> dict[str, list[Table[Any]]]:
    """Each table under the module that declares it."""
    found: dict[str, list[Table[Any]]] = {}
    for info in pkgutil.iter_modules(shelf.__path__):
        module = importlib.import_module(f"{shelf.__name__}.{info.name}")
        own = [
            each
            for each in vars(module).values()
            if isinstance(each, Table) and each.row.__module__ == module.__name__
        ]
        if own:
            found[info.name] = own
    return found


def forgotten() -> list[str]:
    """Tables that a module declares and `every.ALL` lacks: no engine would create them."""
    known = {id(each) for each in ALL}
    return [each.name for own in by_room().values() for each in own if id(each) not in known]


def _key(declared: Table[Any]) -> str:
    parts = [names(declared.partition)]
    if declared.clustering:
        arrow = "↓" if declared.descending else "↑"
        parts.append(f"{arrow} {names(declared.clustering)}")
    return " ".join(parts)


def _marks(declared: Table[Any]) -> str:
    marks = {
        f"head: {declared.version}": declared.version is not None,
        "expires": declared.expires,
        "wide": declared.wide,
        "rebuildable": declared.rebuildable,
    }
    return ", ".join(mark for mark, given in marks.items() if given)


def _columns(declared: Table[Any]) -> str:
    return names(
        f"{column.name} {column.kind}{'?' if column.optional else ''}"
        for column in declared.columns
    )


def tables_page() -> str:
    """docs/map/tables.md."""
    parts = [_TABLES]
    for room, declared in by_room().items():
        rows = (
            (
                code(each.name),
                each.question,
                _key(each),
                code(each.aggregate),
                names(each.subject),
                each.retention,
                _marks(each),
            )
            for each in declared
        )
        heads = ("Table", "Question", "Key", "Aggregate", "Subject", "Kept", "")
        parts.append(f"\n## {room}\n\n{table(heads, rows)}")
        parts += [
            f"\n`{each.name}`: {first_sentence(each.row)} {_columns(each)}\n" for each in declared
        ]
    return "".join(parts)


_PERSONAL = """\
# Personal data: what is kept, of whom, why, for how long

Made from the `subject` of each table: the columns that name the account whose data a row is. A row
with two subjects belongs to both. What an operator owes members by law (a legal basis, a contact, a
privacy notice) is the operator's to write; this page says what the program does.

Erasure is derived from this list: a week after somebody left, the rows of every table here go with
any of their subjects, except those that `venire/cases/erasure.py` names with a reason.

"""

_ELSEWHERE = """
## Outside the tables

| Where | What | Kept |
|---|---|---|
| `DATA/venire.db`, outbox | each write once more, as the journal that handlers follow | 7 days |
| `DATA/search.db` | words of posts; those of followers-only and direct ones apart, for their \
author and whom they name; rebuilt from the tables | as the post |
| `DATA/objects/` | notices as they came in, and their screenshots | for ever: evidence |
| log lines | event names, ids and error codes; no text, no address | the operator decides |
| the public record | no account, no post id, no text: salted commitments only | for ever |

Two tables hold words of members without naming one: `text_bank` (removed texts, in their normal
form) and `notice_items` (what a sender quoted, what was read from a screenshot). They are found by
the post.

Two hold data of people who need not be members, and so have no `subject`: neither is in an export,
nor in an erasure.

| Table | Whose | What | Kept |
|---|---|---|---|
| `copyright_notices` | a claimant's | name, addresses, phone and signature in `body` | \
{notices} |
| `data_demands` | of those whom an authority asks about | which accounts (`account_ids`), what \
was asked for and handed over | {demands} |

An entry of the record is linked to a person only by the salt in `record_salts`. Without that row
the entry stays, and nobody can tell any more whom it was about.

## What is not kept

- The network address of a sign-up: only its HMAC under a secret of this site, for 30 days.
- The date of birth: only the year.
- Passwords, tokens, codes and session cookies: only hashes of them.
- Addresses of readers: the program writes none down. A proxy in front of it may.

## Who reads posts

Detectors, the text bank, the notice desk and panels see public and unlisted posts. A followers-only
or direct post is read only when one of its recipients reports it, and then by the bench, never by a
panel. All of it happens on the machine that serves the site.
"""


def personal_data_page() -> str:
    """docs/personal-data.md."""
    rows = (
        (
            code(each.name),
            names(each.subject),
            each.question,
            ", ".join(c.name for c in each.columns if c.name not in each.subject),
            each.retention,
        )
        for own in by_room().values()
        for each in own
        if each.subject
    )
    heads = ("Table", "Whose", "What for", "What", "Kept")
    elsewhere = _ELSEWHERE.format(notices=COPYRIGHT_NOTICES.retention, demands=DEMANDS.retention)
    return f"{_PERSONAL}## In the tables\n\n{table(heads, rows)}{elsewhere}"
