"""What a handler is given: who asks, with which parameters."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request

from venire.api.form import (
    Form,
    content_kind,
    decode_json,
    parse_body,
    parse_multipart,
    parse_short_query,
    spool_multipart,
)
from venire.kernel.errors import NotFound, TooLarge, Unauthenticated
from venire.kernel.i18n import negotiate
from venire.kernel.ids import AccountId, parse_id

if TYPE_CHECKING:
    from venire.api.limits import RateLimits
    from venire.api.settings import ApiSettings


_PLAIN_BYTES = 1 << 20


class Viewer(msgspec.Struct, frozen=True):
    """Who a token speaks for. `account_id` is None for an app by itself (client credentials)."""

    account_id: AccountId | None
    token_id: int
    scopes: frozenset[str]
    role: str
    client_id: str


class ApiRequest:
    """A request whose token is checked and whose scope has been granted."""

    def __init__(
        self,
        request: Request,
        *,
        viewer: Viewer | None,
        settings: ApiSettings,
        parameters: Mapping[str, str],
        body_bytes: int,
        limits: RateLimits | None = None,
    ) -> None:
        self.raw = request
        self.viewer = viewer
        self.settings = settings
        self._parameters = parameters
        self._body_bytes = body_bytes
        self._limits = limits
        self._body: bytes | None = None
        self._form: Form | None = None
        self._query: Form | None = None

    @property
    def account_id(self) -> AccountId:
        """The member who asks. Unauthenticated where the route lets others in and one came."""
        if self.viewer is None or self.viewer.account_id is None:
            raise Unauthenticated("user_required", "This method requires an authenticated user")
        return self.viewer.account_id

    @property
    def viewer_id(self) -> AccountId | None:
        """The member who asks, None for an app or a stranger."""
        return None if self.viewer is None else self.viewer.account_id

    @property
    def language(self) -> str:
        """The language to answer in: `lang` in the query, else Accept-Language."""
        asked = self.query.text("lang", limit=35) or self.raw.headers.get("accept-language", "")
        return negotiate(asked)

    @property
    def address(self) -> str:
        """The network address of the caller, as far as trusted proxies tell; empty if unknown."""
        return self.raw.client.host if self.raw.client else ""

    async def take(self, limit: str, key: str) -> None:
        """Count a call against one more limit, by a key of the handler's own. Throttled."""
        if self._limits is not None:
            await self._limits.take_key(limit, key)

    def path(self, name: str) -> int:
        """An id from the path. What is no id names nothing: NotFound `record_not_found`."""
        found = parse_id(self._parameters[name])
        if found is None:
            raise NotFound("record_not_found", "Record not found")
        return found

    def path_text(self, name: str) -> str:
        """A text from the path."""
        return self._parameters[name]

    @property
    def query(self) -> Form:
        """The query string alone."""
        if self._query is None:
            self._query = Form(parse_short_query(self.raw.scope["query_string"].decode("latin-1")))
        return self._query

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async for part in self.raw.stream():
            size += len(part)
            if size > self._body_bytes:
                raise TooLarge(
                    "body_too_large",
                    f"a body here has {self._body_bytes} bytes at most",
                    limit=self._body_bytes,
                )
            yield part

    async def body(self) -> bytes:
        """The whole body. TooLarge `body_too_large` past the route's limit."""
        if self._body is None:
            self._body = b"".join([part async for part in self._stream()])
        return self._body

    async def form(self) -> Form:
        """Query and body merged; the body wins."""
        if self._form is None:
            headers = self.raw.headers
            if content_kind(headers) == "multipart/form-data" and self._body is None:
                stream = self._stream()
                sent = await parse_multipart(stream, headers, part_bytes=self._body_bytes)
            else:
                sent = parse_body(await self.body(), headers)
            self._form = Form({**self.query.fields, **sent})
        return self._form

    @contextlib.asynccontextmanager
    async def spooled(self) -> AsyncIterator[Form]:
        """As `form`, with the files of a multipart body on disk while the block runs."""
        kind = content_kind(self.raw.headers)
        if kind != "multipart/form-data" or self._body is not None or self._form is not None:
            # The route's limit is for files: nothing else is that large.
            self._body_bytes = min(self._body_bytes, _PLAIN_BYTES)
            yield await self.form()
            return
        async with spool_multipart(self._stream(), self.raw.headers) as sent:
            yield Form({**self.query.fields, **sent})

    async def json(self) -> Any:
        """The body as JSON of any shape."""
        return decode_json(await self.body())
