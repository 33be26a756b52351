"""Six methods between the engine and a CQL driver, so that the driver can be changed.

`acsylla` costs 9 to 44 microseconds of CPU an operation here, cassandra-driver 130 to 190
(`docs/decisions/0009-cql.md`). Whatever it raises becomes one of three: Unavailable (nothing was
written), `InDoubtError` (it may have been), or a logged refusal that says nothing to a client.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from typing import Any

import acsylla
from acsylla import errors

from venire.kernel.errors import Unavailable

_log = logging.getLogger(__name__)

Rows = list[tuple[Any, ...]]
REQUEST_S = 12.0
"""Longer than any time limit of the cluster itself: its own answer, not ours, ends a request, so
that nothing is still under way there when its outcome is read again."""


class Unset:
    """A parameter that leaves its column as it is."""


UNSET = Unset()


class InDoubtError(Exception):
    """A write was not answered: it was applied, or not, or will be."""


@dataclasses.dataclass(frozen=True, slots=True)
class Contact:
    """Where a cluster is and how to be let in. `hosts` are addresses; files are paths of PEM."""

    hosts: tuple[str, ...]
    port: int = 9042
    keyspace: str = "venire"
    datacenter: str | None = None
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    trusted_certificate: str | None = None


_ABSENT = (
    errors.CassErrorLibNoHostsAvailable,
    errors.CassErrorLibUnableToConnect,
    errors.CassErrorLibHostResolution,
    errors.CassErrorLibRequestQueueFull,
    errors.CassErrorLibNoStreams,
)
"""Nothing was sent."""
_REFUSED = (
    errors.CassErrorServerInvalidQuery,
    errors.CassErrorServerSyntaxError,
    errors.CassErrorServerUnauthorized,
    errors.CassErrorServerBadCredentials,
    errors.CassErrorServerConfigError,
    errors.CassErrorServerAlreadyExists,
    errors.CassErrorServerProtocolError,
    errors.CassErrorLibBadParams,
    errors.CassErrorLibInvalidValueType,
    errors.CassErrorLibIndexOutOfBounds,
)
"""The cluster will say the same each time."""


class CqlDriver:
    """prepare, execute, page, batch, cas, close; reads and writes at LOCAL_QUORUM."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._prepared: dict[str, asyncio.Task[Any]] = {}
        self._closed = False

    @classmethod
    async def connect(cls, contact: Contact) -> CqlDriver:
        """Open a session, outside any keyspace. Raises Unavailable `storage_unreachable`."""
        secure = contact.trusted_certificate is not None
        cluster = acsylla.create_cluster(
            list(contact.hosts),
            port=contact.port,
            username=contact.username,
            password=contact.password,
            ssl_enabled=secure,
            ssl_trusted_cert=contact.trusted_certificate,
            consistency=acsylla.Consistency.LOCAL_QUORUM,
            serial_consistency=acsylla.Consistency.LOCAL_SERIAL,
            request_timeout=REQUEST_S,
            load_balance_dc_aware=contact.datacenter,
            # A driver that retries by itself hides that a write is in doubt.
            retry_policy="fallthrough",
            exponential_reconnect_base_delay_ms=100,
            exponential_reconnect_max_delay_ms=2000,
            log_level="critical",
            application_name="venire",
        )
        try:
            session = await cluster.create_session()
        except errors.CassException as error:
            raise _problem(error, "storage_unreachable") from error
        return cls(session)

    async def prepare(self, text: str) -> Any:
        """Prepare a statement once; many who ask at a time wait for one answer."""
        self._check_open()
        task = self._prepared.get(text)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._session.create_prepared(text))
            self._prepared[text] = task
        try:
            return await asyncio.shield(task)
        except errors.CassException as error:
            raise _problem(error) from error

    async def use(self, keyspace: str) -> None:
        """Go on in a keyspace."""
        try:
            await self._session.use_keyspace(keyspace)
        except errors.CassException as error:
            raise _problem(error) from error

    async def define(self, text: str) -> None:
        """Change the schema; returns once all nodes agree on it."""
        try:
            await self._session.execute(acsylla.create_statement(text))
        except errors.CassException as error:
            raise _problem(error) from error

    async def execute(
        self,
        text: str,
        values: Sequence[Any] = (),
        *,
        at_us: int | None = None,
        serial: bool = False,
    ) -> Rows:
        """Run one statement. A write gives `at_us`, its timestamp, and may raise InDoubtError."""
        statement = await self._bound(text, values)
        if at_us is not None:
            statement.set_timestamp(at_us)
        if serial:
            statement.set_consistency(acsylla.Consistency.LOCAL_SERIAL)
        result = await self._run(statement, writes=at_us is not None)
        return [row.as_tuple() for row in result]

    async def page(
        self, text: str, values: Sequence[Any], size: int, state: bytes | None = None
    ) -> tuple[Rows, bytes | None]:
        """Run a query for one page of rows; the bytes ask for the next one, if there is any."""
        statement = await self._bound(text, values)
        statement.set_page_size(size)
        if state is not None:
            statement.set_page_state(state)
        result = await self._run(statement, writes=False)
        following = result.page_state() if result.has_more_pages() else None
        return [row.as_tuple() for row in result], following

    async def batch(
        self, writes: Sequence[tuple[str, Sequence[Any]]], at_us: int, *, logged: bool = True
    ) -> None:
        """Write all, at one timestamp; logged: all or nothing. Raises InDoubtError."""
        if len(writes) == 1:
            await self.execute(*writes[0], at_us=at_us)
            return
        batch = acsylla.create_batch_logged() if logged else acsylla.create_batch_unlogged()
        for text, values in writes:
            batch.add_statement(await self._bound(text, values))
        batch.set_timestamp(at_us)
        batch.set_consistency(acsylla.Consistency.LOCAL_QUORUM)
        try:
            await self._session.execute_batch(batch)
        except errors.CassException as error:
            raise _problem(error, writes=True) from error

    async def cas(self, text: str, values: Sequence[Any]) -> bool:
        """Run a lightweight transaction; say whether its condition held. Raises InDoubtError."""
        result = await self._run(await self._bound(text, values), writes=True)
        return bool(result.first().column_value_by_index(0))

    async def close(self) -> None:
        """End the session. Whatever is asked afterwards is refused as `storage_closed`."""
        if not self._closed:
            self._closed = True
            await self._session.close()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("storage_closed", "the site is stopping")

    async def _bound(self, text: str, values: Sequence[Any]) -> Any:
        statement = (await self.prepare(text)).bind()
        if any(value is UNSET for value in values):
            for place, value in enumerate(values):
                if value is not UNSET:
                    statement.bind(place, value)
        elif values:
            statement.bind_list(list(values))
        return statement

    async def _run(self, statement: Any, *, writes: bool) -> Any:
        try:
            return await self._session.execute(statement)
        except errors.CassException as error:
            raise _problem(error, writes=writes) from error


def _problem(
    error: Exception, code: str = "storage_unavailable", *, writes: bool = False
) -> Exception:
    if isinstance(error, _REFUSED):
        # Its text may hold names and values: for the log, not for a client.
        _log.error("cql_refused", extra={"kind": type(error).__name__, "text": str(error)})
        return Unavailable("storage_refused", "the cluster refuses this; its reason is in the log")
    if writes and not isinstance(error, _ABSENT):
        return InDoubtError(type(error).__name__)
    _log.warning("cql_unavailable", extra={"kind": type(error).__name__})
    return Unavailable(code, "the cluster does not answer; try again")
