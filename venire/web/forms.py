"""What a form sent: read with limits, and refused unless this site made it for this browser."""

from __future__ import annotations

import contextlib
import dataclasses
import hmac
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from venire.kernel.errors import Forbidden, Invalid, TooLarge
from venire.kernel.ids import parse_id
from venire.people.sessions import form_token_fits

if TYPE_CHECKING:
    from venire.web.visit import Visit

_FIELDS = 500
_FILES = 600
_SPOOLED_FILES = 4
_PLAIN_BYTES = 1 << 18
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form, whole in memory: bodies are capped before."""

    name: str
    content_type: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Spooled:
    """A large file of a form, on disk while it is being answered; `size` in bytes."""

    name: str
    file: BinaryIO
    size: int


class Form:
    """Typed access to the fields of a form; a value of the wrong kind is Invalid."""

    def __init__(
        self,
        fields: Sequence[tuple[str, str]] = (),
        uploads: Sequence[tuple[str, Upload]] = (),
        spooled: Sequence[tuple[str, Spooled]] = (),
    ) -> None:
        self._fields = list(fields)
        self._uploads = list(uploads)
        self._spooled = list(spooled)

    def text(self, name: str, default: str = "", *, most: int = 10_000) -> str:
        """The last value of a field. Invalid `text_too_long`, `text_not_unicode`."""
        found = self.texts(name, most=most)
        return found[-1] if found else default

    def texts(self, name: str, *, most: int = 10_000) -> list[str]:
        """Every value of a field."""
        return [_checked(name, value, most) for key, value in self._fields if key == name]

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.text(name, most=20) in {"1", "on", "true", "yes"}

    def ids(self, name: str, *, most: int = 200) -> list[int]:
        """The ids chosen. Invalid `parameter_invalid`."""
        values = [parse_id(value) for value in self.texts(name, most=20)]
        known = [value for value in values if value is not None]
        if len(known) < len(values) or len(values) > most:
            raise Invalid("parameter_invalid", "A field has the wrong form", field=name)
        return list(dict.fromkeys(known))

    def uploads(self, name: str) -> list[Upload]:
        """The files of a field; an empty file input sends one without a name."""
        return [file for key, file in self._uploads if key == name and file.name]

    def spooled(self, name: str) -> Spooled | None:
        """The file of a field of a spooled form; an empty input sends one without a name."""
        return next((file for key, file in self._spooled if key == name and file.name), None)


def _checked(name: str, value: str, most: int) -> str:
    # Browsers send line ends as two characters; counted so, a text would be too long unseen.
    text = value.replace("\r\n", "\n")
    if len(text) > most:
        raise Invalid("text_too_long", f"{name}: {most} characters at most", field=name, limit=most)
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Invalid("text_not_unicode", "A text is not valid Unicode", field=name)
    return text


async def read_form(request: Request, most: int) -> Form:
    """Read a body of at most `most` bytes. TooLarge `body_too_large`, Invalid `form_malformed`."""
    body = await _body(request, most)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(request, body)
    if kind not in {"application/x-www-form-urlencoded", ""}:
        raise Invalid("form_malformed", "The form cannot be read")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Invalid("form_malformed", "The form cannot be read") from error
    return Form(pairs)


async def _body(request: Request, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge("body_too_large", "What you sent is too large", limit=most)
        parts.append(part)
    return b"".join(parts)


class _Parser(MultiPartParser):
    # The body is in memory and capped: a second copy on disk would only cost time.
    spool_max_size = 1 << 30


async def _multipart(request: Request, body: bytes) -> Form:
    async def whole() -> AsyncIterator[bytes]:
        yield body

    try:
        parser = _Parser(
            request.headers,
            whole(),  # type: ignore[arg-type]  # any async iterator will do
            max_files=_FILES,
            max_fields=_FIELDS,
            max_part_size=len(body),
        )
        parts = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Invalid("form_malformed", "The form cannot be read") from error
    fields: list[tuple[str, str]] = []
    uploads: list[tuple[str, Upload]] = []
    try:
        for name, part in parts.multi_items():
            if isinstance(part, UploadFile):
                kind = part.content_type or ""
                uploads.append((name, Upload(part.filename or "", kind, await part.read())))
            else:
                fields.append((name, part))
    finally:
        await parts.close()
    return Form(fields, uploads)


@contextlib.asynccontextmanager
async def spooled_form(request: Request, most: int) -> AsyncIterator[Form]:
    """A form with few large files, which lie on disk while the block runs. As `read_form`."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        yield await read_form(request, min(most, _PLAIN_BYTES))
        return

    async def limited() -> AsyncIterator[bytes]:
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise TooLarge("body_too_large", "What you sent is too large", limit=most)
            yield part

    try:
        parser = MultiPartParser(
            request.headers,
            limited(),  # type: ignore[arg-type]  # any async iterator will do
            max_files=_SPOOLED_FILES,
            max_fields=_FIELDS,
        )
        parts = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Invalid("form_malformed", "The form cannot be read") from error
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, Spooled]] = []
    try:
        for name, part in parts.multi_items():
            if isinstance(part, UploadFile):
                # What is still in memory goes to disk for its descriptor.
                part.file.fileno()
                files.append((name, Spooled(part.filename or "", part.file, part.size or 0)))
            else:
                fields.append((name, part))
        yield Form(fields, (), files)
    finally:
        await parts.close()


def check_genuine(visit: Visit, form: Form) -> None:
    """Refuse a form that another site sent, or that was made for another session.

    Forbidden `form_foreign`, `form_out_of_date`.
    """
    origin = visit.request.headers.get("origin")
    if origin is not None and not _same_place(visit, origin):
        raise Forbidden("form_foreign", "This form came from another site")
    token = form.text(TOKEN_FIELD, most=200)
    secret = visit.form_secret
    if not secret or not form_token_fits(secret, token):
        raise Forbidden("form_out_of_date", "This form is out of date: go back and try again")


def _same_place(visit: Visit, origin: str) -> bool:
    """Whether an Origin header names this site, under the address the browser itself used.

    The browser writes both Origin and Host; a page elsewhere can choose neither.
    """
    site = visit.world.site.base_url
    if hmac.compare_digest(origin.encode(errors="replace"), site.encode()):
        return True
    host = visit.request.headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc == host
