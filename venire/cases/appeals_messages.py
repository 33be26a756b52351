"""What is written to whoever appealed, in their language: receipt and end. No juror, no tally."""

from __future__ import annotations

from typing import Final

from venire.kernel.clock import iso_ms
from venire.kernel.i18n import translate
from venire.storage.tables.appeals import AppealRow

_ENDS: Final[dict[tuple[str, str], str]] = {
    ("author", "upheld"): (
        "Your appeal was heard, and the decision stands: fresh jurors came to the same end."
        " Details: {url}"
    ),
    ("author", "overturned"): (
        "Your appeal was heard, and you were right: the decision is undone, and the public record"
        " says so. Details: {url}"
    ),
    ("reporter", "upheld"): (
        "Your appeal was heard, and the decision stands: fresh jurors also found it within the"
        " rules. Details: {url}"
    ),
    ("reporter", "overturned"): (
        "Your appeal was heard, and you were right: what you reported was found to break the"
        " rules. Details: {url}"
    ),
}
_QUOTED: Final = 120
_UNJUDGED: Final[dict[str, str]] = {
    "withdrawn": "Your appeal is withdrawn. The decision stands. Details: {url}",
    "appellant_gone": "Your appeal is withdrawn. The decision stands. Details: {url}",
    "subject_deleted": (
        "Your appeal has ended: its author has deleted what it was about. Details: {url}"
    ),
}


def receipt_message(language: str, row: AppealRow, url: str) -> str:
    """The appeal has arrived; who hears it, and by when."""
    return translate(
        language,
        "Your appeal has arrived. People who have not judged this before will look at it, by"
        " {day}. Until then what was decided stands. Details: {url}",
        day=iso_ms(row.due_at_ms)[:10],
        url=url,
    )


def overturned_message(language: str, text: str, url: str) -> str:
    """To the author whose appeal won. `text`: the post's, empty where an account was judged."""
    if not text:
        return translate(language, _ENDS["author", "overturned"], url=url)
    line = " ".join(text.split())
    quote = line if len(line) <= _QUOTED else line[: _QUOTED - 1] + "…"
    return translate(
        language,
        "Your appeal was heard, and you were right: your post “{quote}” is visible again, at its"
        " place. Its points are given back, and the public record says so. Details: {url}",
        quote=quote,
        url=url,
    )


def end_message(language: str, row: AppealRow, leading: AppealRow, url: str) -> str:
    """The appeal is over. `leading` carries how."""
    text = _UNJUDGED.get(leading.code) or _ENDS[row.party, leading.state]
    return translate(language, text, url=url)
