"""What is written about authorities' orders and demands, to those whom they concern. Pure."""

from __future__ import annotations

import msgspec

from venire.kernel.i18n import translate
from venire.storage.tables.orders import DemandRow, OrderRow

_QUOTED = 120


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else line[: _QUOTED - 1] + "…"


def waits(language: str, due: str, url: str) -> str:
    """To whoever approves orders: one waits."""
    return translate(
        language,
        "An order of an authority waits for your decision until {due}: {url}",
        due=due,
        url=url,
    )


def withheld(language: str, row: OrderRow, text: str, contact: str) -> str:
    """To the author: a post is not shown in a territory any more (DSA Art. 17 and 9)."""
    said = translate(
        language,
        "Your post “{quote}” is no longer shown in {territory}: {authority} ordered it, on the"
        " ground of {ground} (reference {reference}). No jury and no rule of this site was part of"
        " it; it costs no points and stays visible everywhere else. You can challenge the order"
        " before that authority or the courts of its country.",
        quote=_quote(text),
        territory=", ".join(msgspec.json.decode(row.territory, type=list[str])),
        authority=row.authority,
        ground=row.legal_ground,
        reference=row.reference,
    )
    if row.disputed:
        said += " " + translate(language, "This site disputes the order.")
    if contact:
        said += " " + translate(language, "Write to us: {contact}", contact=contact)
    return said


def lifted(language: str, row: OrderRow, text: str) -> str:
    """To the author: the order is over."""
    return translate(
        language,
        "Your post “{quote}” is shown everywhere again: the order of {authority} (reference"
        " {reference}) does not bind any more.",
        quote=_quote(text),
        authority=row.authority,
        reference=row.reference,
    )


def demanded(language: str, row: DemandRow) -> str:
    """To whom a demand for data is about: who asked, on which ground, what became of it."""
    said = translate(
        language,
        "{authority} demanded data about your account, on the ground of {ground} (reference"
        " {reference}).",
        authority=row.authority,
        ground=row.legal_ground,
        reference=row.reference,
    )
    if row.state == "answered":
        given = ", ".join(msgspec.json.decode(row.handed_over, type=list[str]))
        return f"{said} " + translate(language, "We handed over: {given}.", given=given)
    if row.state == "refused":
        return f"{said} " + translate(language, "We refused, and handed nothing over.")
    return f"{said} " + translate(
        language, "It is being reviewed; nothing has been handed over. You can object to it there."
    )
