"""What a client sent, whichever way it sent it: query, JSON, urlencoded or multipart, one shape.

Mastodon clients use Rails names in all but JSON: `media_ids[]=1`, `source[privacy]=public`,
`fields_attributes[0][name]=Web`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

import msgspec
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from venire.kernel.errors import Invalid
from venire.kernel.ids import parse_id

_FIELDS = 20_000
_FILES = 2_000
_SPOOLED_FILES = 4
_SPOOLED_FIELDS = 200
_SPOOLED_TEXT = 1 << 18
_DEPTH = 4
_SHORT = 120
_TEXT = 65_536
_NAME = re.compile(r"[^\[\]]+|\[[^\[\]]*\]")
_TRUE = frozenset({"1", "true", "t", "on", "yes"})


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file from a multipart body, whole in memory: bodies are capped before."""

    filename: str
    content_type: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Spooled:
    """A file from a multipart body, on disk while the request lasts; `size` in bytes."""

    file: BinaryIO
    size: int


class Form:
    """Typed access to what was sent. A value of the wrong type is Invalid `parameter_invalid`."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = dict(fields)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def text(self, name: str, default: str | None = None, *, limit: int = _TEXT) -> str | None:
        """A text, or `default` where nothing was sent. `limit` is in characters."""
        value = self.fields.get(name)
        if value is None:
            return default
        return _text(name, value, limit)

    def required(self, name: str, *, limit: int = _TEXT) -> str:
        """A text that must be there and not be blank."""
        value = self.text(name, limit=limit)
        if value is None or not value.strip():
            raise Invalid("parameter_missing", f"{name} is needed", parameter=name)
        return value

    def texts(self, name: str, *, limit: int = _TEXT) -> list[str]:
        """A list of texts; a single value is a list of one."""
        return [_text(name, value, limit) for value in _list(self.fields.get(name))]

    def flag(self, name: str) -> bool | None:
        """True or false as clients write them; None where nothing was sent."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        return value if isinstance(value, bool) else str(value).lower() in _TRUE

    def integer(self, name: str, default: int, *, low: int = 0, high: int = 1 << 62) -> int:
        """A whole number, drawn into `low..high`; `default` where nothing was sent."""
        value = self.fields.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            raise Invalid("parameter_invalid", f"{name} is not a whole number", parameter=name)
        return max(low, min(high, int(value)))

    def identifier(self, name: str) -> int | None:
        """An id, None where nothing or the empty text was sent."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        return _identifier(name, value)

    def identifiers(self, name: str, *, most: int = 100) -> list[int]:
        """A list of ids in the order sent, without repeats."""
        values = [value for value in _list(self.fields.get(name)) if value != ""]
        if len(values) > most:
            raise Invalid("too_many_values", f"{name} takes {most} at most", parameter=name)
        return list(dict.fromkeys(_identifier(name, value) for value in values))

    def nested(self, name: str) -> Form:
        """The fields under a name: `source[privacy]` or `{"source": {"privacy": ...}}`."""
        value = self.fields.get(name)
        return Form(value if isinstance(value, dict) else {})

    def rows(self, name: str, *, most: int = 1_000) -> list[Form]:
        """A list of nested fields, sent as a list or under numbers (`a[0][name]`)."""
        value = self.fields.get(name)
        if isinstance(value, dict):
            value = [value[key] for key in sorted(value, key=_place_of)]
        rows = [row for row in _list(value) if isinstance(row, dict)]
        if len(rows) > most:
            raise Invalid("too_many_values", f"{name} takes {most} at most", parameter=name)
        return [Form(row) for row in rows]

    def upload(self, name: str) -> Upload | None:
        """A file sent under a name."""
        value = self.fields.get(name)
        return value if isinstance(value, Upload) else None

    def spooled(self, name: str) -> Spooled | None:
        """A file sent under a name, where the body was spooled."""
        value = self.fields.get(name)
        return value if isinstance(value, Spooled) else None

    def uploads(self) -> list[Upload]:
        """Every file of the body, whatever its field was called."""
        return [
            item
            for value in self.fields.values()
            for item in (value if isinstance(value, list) else [value])
            if isinstance(item, Upload)
        ]


def _place_of(key: str) -> int:
    """Where a numbered row stands; what is no number of ours stands last."""
    return int(key) if re.fullmatch(r"[0-9]{1,9}", key) else 1 << 62


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _text(name: str, value: Any, limit: int) -> str:
    if isinstance(value, (bool, int, float)):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        raise Invalid("parameter_invalid", f"{name} is not a text", parameter=name)
    if len(value) > limit:
        raise Invalid(
            "text_too_long", f"{name} has {limit} characters at most", parameter=name, limit=limit
        )
    # A lone surrogate cannot be stored as UTF-8, and NUL ends a text in many a program behind us.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid("text_not_unicode", f"{name} is not valid text", parameter=name)
    return value


def _identifier(name: str, value: Any) -> int:
    found = parse_id(str(value))
    if found is None or isinstance(value, bool):
        raise Invalid("parameter_invalid", f"{name} is not an id", parameter=name)
    return found


def place_fields(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Build nested fields from Rails names; a later value of one name wins, `[]` collects."""
    fields: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs):
        if count >= _FIELDS:
            raise Invalid("too_many_fields", f"a form has {_FIELDS} fields at most")
        parts = _NAME.findall(name)
        if "".join(parts) != name or not parts or len(parts) > _DEPTH or parts[0][0] == "[":
            parts = [name]
        while parts[-2:] == ["[]", "[]"]:
            # `id[][]`: a client library that names a list does so twice.
            parts.pop()
        _place(fields, [parts[0], *(part[1:-1] for part in parts[1:])], value)
    return fields


def _place(fields: dict[str, Any], parts: list[str], value: Any) -> None:
    head, rest = parts[0], parts[1:]
    if not rest:
        there = fields.get(head)
        if isinstance(value, Upload) and isinstance(there, Upload | list):
            # Files of one name are all kept: a notice comes with forty of them.
            fields[head] = [*_list(there), value]
            return
        fields[head] = value
    elif rest[0] == "" and len(rest) == 1:
        there = fields.get(head)
        if not isinstance(there, list):
            fields[head] = there = []
        there.append(value)
    elif rest[0] == "":
        # `a[][name]=1&a[][value]=2`: a new row begins when a name comes again.
        rows = fields.get(head)
        if not isinstance(rows, list):
            fields[head] = rows = []
        if not rows or not isinstance(rows[-1], dict) or rest[1] in rows[-1]:
            rows.append({})
        _place(rows[-1], rest[1:], value)
    else:
        there = fields.get(head)
        if not isinstance(there, dict):
            fields[head] = there = {}
        _place(there, rest, value)


@functools.lru_cache(1_024)
def _parsed(text: str) -> dict[str, Any]:
    return parse_query(text)


def parse_short_query(text: str) -> Mapping[str, Any]:
    """Read a query string; those that clients send again and again are read once."""
    return _parsed(text) if len(text) < _SHORT else parse_query(text)


def parse_query(text: str) -> dict[str, Any]:
    """Read a query string or an urlencoded body."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except UnicodeDecodeError as error:
        raise Invalid("text_not_unicode", "a field is not UTF-8") from error
    except ValueError as error:
        raise Invalid("too_many_fields", f"a form has {_FIELDS} fields at most") from error
    return place_fields(pairs)


def decode_json(body: bytes) -> Any:
    """Read a JSON body. Invalid `malformed_json` for anything that is not."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid("malformed_json", "the body is not valid JSON") from error


def content_kind(headers: Headers) -> str:
    """The content type without its parameters."""
    return headers.get("content-type", "").split(";")[0].strip().lower()


def parse_body(body: bytes, headers: Headers) -> dict[str, Any]:
    """Read a body that is no multipart by its type; one that holds no fields gives none."""
    kind = content_kind(headers)
    if not body:
        return {}
    if kind == "application/json" or kind.endswith("+json"):
        decoded = decode_json(body)
        if not isinstance(decoded, dict):
            raise Invalid("malformed_json", "the body is not a JSON object")
        return decoded
    if kind == "application/x-www-form-urlencoded":
        try:
            return parse_query(body.decode())
        except UnicodeDecodeError as error:
            raise Invalid("text_not_unicode", "a field is not UTF-8") from error
    return {}


class _Parser(MultiPartParser):
    def forget(self) -> None:
        """Close what was begun: the parser does so for its own errors only."""
        for file in self._files_to_close_on_error:
            file.close()


async def parse_multipart(
    stream: AsyncGenerator[bytes, None], headers: Headers, *, part_bytes: int
) -> dict[str, Any]:
    """Read a multipart body as it comes in; files wait on disk until all of it is here."""
    parser = _Parser(
        headers, stream, max_files=_FILES, max_fields=_FIELDS, max_part_size=part_bytes
    )
    parts = await _parts_of(parser)
    try:
        return place_fields([(name, await _read(part)) for name, part in parts.multi_items()])
    finally:
        await parts.close()


@contextlib.asynccontextmanager
async def spool_multipart(
    stream: AsyncGenerator[bytes, None], headers: Headers
) -> AsyncIterator[dict[str, Any]]:
    """Read a multipart body with a few large files, which stay on disk while the block runs."""
    parser = _Parser(
        headers,
        stream,
        max_files=_SPOOLED_FILES,
        max_fields=_SPOOLED_FIELDS,
        max_part_size=_SPOOLED_TEXT,
    )
    parts = await _parts_of(parser)
    with contextlib.ExitStack() as files:
        files.callback(parser.forget)
        yield place_fields([(name, _spooled(part, files)) for name, part in parts.multi_items()])


def _spooled(part: str | UploadFile, files: contextlib.ExitStack) -> str | Spooled:
    if isinstance(part, str):
        return part
    # What is still in memory goes to disk for its descriptor.
    descriptor = part.file.fileno()
    part.file.flush()
    file = files.enter_context(os.fdopen(os.dup(descriptor), "rb"))
    return Spooled(file, os.fstat(descriptor).st_size)


async def _parts_of(parser: _Parser) -> FormData:
    try:
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        parser.forget()
        raise Invalid("malformed_multipart", "the multipart body cannot be read") from error
    except BaseException:
        parser.forget()
        raise


async def _read(part: str | UploadFile) -> str | Upload:
    if isinstance(part, str):
        return part
    return Upload(part.filename or "", part.content_type or "", await part.read())
