"""A keyspace under test on the node that `VENIRE_CQL` names: `HOST:PORT`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from venire.kernel.clock import Clock
from venire.kernel.ids import Ids
from venire.storage.verbs import Table

if TYPE_CHECKING:
    from venire.storage.engines.cql import CqlStorage
    from venire.storage.engines.cql_driver import Contact

WHERE = "VENIRE_CQL"


def contact(keyspace: str, where: str | None = None) -> Contact:
    """The node under test. Its driver is an extra of the package: imported where it is used."""
    from venire.storage.engines.cql_driver import Contact

    host, _, port = (where or os.environ[WHERE]).rpartition(":")
    return Contact((host,), int(port), keyspace)


async def empty(keyspace: str, where: str | None = None) -> None:
    """Remove every row of a keyspace; its tables stay, since making them takes longer."""
    from venire.storage.engines.cql_driver import CqlDriver

    driver = await CqlDriver.connect(contact(keyspace, where))
    rows = await driver.execute(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", (keyspace,)
    )
    await asyncio.gather(*(driver.define(f'TRUNCATE {keyspace}."{name}"') for (name,) in rows))
    await driver.close()


async def open_empty(
    clock: Clock,
    tables: Sequence[Table[Any]],
    keyspace: str = "conformance",
    where: str | None = None,
    **options: Any,
) -> CqlStorage:
    """An engine on a keyspace without a row."""
    await empty(keyspace, where)
    return await open_again(clock, tables, keyspace, where, **options)


async def open_again(
    clock: Clock,
    tables: Sequence[Table[Any]],
    keyspace: str = "conformance",
    where: str | None = None,
    **options: Any,
) -> CqlStorage:
    """An engine on a keyspace as it is; `node` tells several apart."""
    from venire.storage.engines.cql import CqlStorage

    ids = Ids(clock, node=options.get("node", 0))
    return await CqlStorage.open(
        contact(keyspace, where), clock, ids, tables, replicas=1, **options
    )
