"""A text as a picture for a camera: a QR code (ISO/IEC 18004) that a page shows as SVG. Pure.

Dark on white in every colour scheme, with the quiet zone of four modules that the standard asks
for (section 6.3.8): readers find neither a light symbol on dark nor one without an edge.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

import msgspec
import segno
from segno.encoder import DataOverflowError

QUIET: Final = 4
"""Light modules around the symbol, on every side."""


class Scannable(msgspec.Struct, frozen=True):
    """A symbol as SVG has it: `side` in modules, quiet zone included; `path` draws the dark ones.

    The path holds digits and five letters, whatever the text was.
    """

    side: int
    path: str


def scannable(text: str) -> Scannable | None:
    """The picture of a text; None where it is longer than the largest symbol holds.

    Level M restores 15 % of what a camera did not see.
    """
    try:
        symbol = segno.make_qr(text, error="m", boost_error=False)
    except DataOverflowError:
        return None
    drawn: list[str] = []
    for row, modules in enumerate(symbol.matrix):
        column = 0
        for dark, run in groupby(modules):
            width = len(list(run))
            if dark:
                drawn.append(f"M{column + QUIET} {row + QUIET}h{width}v1h-{width}z")
            column += width
    return Scannable(len(symbol.matrix) + 2 * QUIET, "".join(drawn))
