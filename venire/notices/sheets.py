"""CSV as outside bodies send it: any encoding, any separator, broken rows among good ones."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Final

from venire.kernel.errors import Invalid

COLUMNS: Final = ("n", "url", "text", "screenshot", "category", "note")
_NEEDED: Final = frozenset({"url", "text", "screenshot"})
_SEPARATORS: Final = (",", ";", "\t")
_BOMS: Final = (
    # UTF-32's mark begins with UTF-16's, so it is tried first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RECORD_CHARACTERS: Final = 30_000
"""A quoted field that has not closed by then is a lost quotation mark, not a long text."""
_SAMPLE_BYTES: Final = 64 * 1024


def decode(content: bytes) -> str:
    """Text of unknown encoding: its mark, else UTF-8, else the likeliest single-byte set.

    Raises:
        Invalid: `notice_encoding`, when it carries a mark that its bytes belie.

    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise Invalid(
                    "notice_encoding",
                    f"the file says it is {encoding}, but byte {error.start} is not",
                    encoding=encoding,
                    byte=error.start,
                ) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(content)
    # UTF-16 without a mark is valid UTF-8 with a NUL in every other place.
    return _guessed(content) if text[:200].count("\x00") > len(text[:200]) // 4 else text


def _guessed(content: bytes) -> str:
    for encoding, zeros in (("utf-16-le", content[1:200:2]), ("utf-16-be", content[0:200:2])):
        if zeros.count(0) > len(zeros) // 2:
            return content.decode(encoding, errors="replace")
    # Its tables are 2 MB, and few sheets come in an encoding that has to be guessed.
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_SAMPLE_BYTES]).best()
    # A guess from the sample may not fit the rest: latin-1 has a letter for every byte.
    for encoding in (best.encoding if best else "cp1252", "latin-1"):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise AssertionError("latin-1 decodes every byte")


def rows(content: bytes) -> Iterator[dict[str, str] | None]:
    """Each record as column to cell, with every column of `COLUMNS`; None for a broken one.

    Raises:
        Invalid: `notice_csv_header`, when the first line names no column that can be located.

    """
    # Not str.splitlines, which would also break a text at a form feed or a line separator.
    lines = list(io.StringIO(decode(content).replace("\x00", ""), newline=""))
    start = _first_line(lines)
    separator, names = _header(lines[start] if start < len(lines) else "")
    place = start + 1
    while place < len(lines):
        if not lines[place].strip(" \t\r\n;,"):
            place += 1
            continue
        cells, taken = _record(lines, place, separator, len(names))
        place += taken
        yield None if cells is None else _named(cells, names)


def _first_line(lines: list[str]) -> int:
    place = 0
    while place < len(lines) and (
        not lines[place].strip()
        # Excel writes its separator above the header.
        or lines[place].strip().lower().startswith("sep=")
    ):
        place += 1
    return place


def _header(line: str) -> tuple[str, list[str]]:
    for separator in _SEPARATORS:
        cells = next(csv.reader([line], delimiter=separator), [])
        names = [cell.strip().strip("\ufeff").casefold() for cell in cells]
        if _NEEDED & set(names) and (len(names) > 1 or separator == _SEPARATORS[-1]):
            return separator, names
    if line.strip().strip('"').casefold() in _NEEDED:
        return ",", [line.strip().strip('"').casefold()]
    raise Invalid(
        "notice_csv_header",
        "the first line must name the columns, at least one of url, text, screenshot",
        columns=list(COLUMNS),
        line=1,
    )


def _record(
    lines: list[str], place: int, separator: str, columns: int
) -> tuple[list[str] | None, int]:
    """Read one record; return its cells and how many lines it took.

    A lost quotation mark would swallow every row down to the next one. So a record is first read
    strictly; if that fails, its first line stands alone, and the lines after it are read afresh.
    Alone it counts only with a cell for every column: a mark lost in the last one does no harm.
    """
    reader = csv.reader(_window(lines, place), delimiter=separator, strict=True)
    try:
        cells = next(reader)
    except (csv.Error, StopIteration):
        pass
    else:
        return (cells if _fits(cells, columns) else None), max(reader.line_num, 1)
    try:
        cells = next(csv.reader([lines[place].rstrip("\r\n")], delimiter=separator))
    except (csv.Error, StopIteration):
        return None, 1
    return (cells if len(cells) == columns else None), 1


def _window(lines: list[str], place: int) -> Iterator[str]:
    taken = 0
    while place < len(lines) and taken < _RECORD_CHARACTERS:
        taken += len(lines[place])
        yield lines[place]
        place += 1


def _fits(cells: list[str], columns: int) -> bool:
    return not any(cell.strip() for cell in cells[columns:])


def _named(cells: list[str], names: list[str]) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "")
    for name, cell in zip(names, cells, strict=False):
        if name in row and not row[name]:
            row[name] = cell.strip() if name != "text" else cell
    return row
