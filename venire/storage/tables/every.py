"""Every table of the house, one file per room; `ALL` is what an engine creates."""

from __future__ import annotations

from typing import Any

from venire.storage.tables import (
    cases,
    detectors,
    jury,
    notices,
    outbox,
    people,
    posts,
    record,
)
from venire.storage.verbs import Table

ALL: tuple[Table[Any], ...] = (
    *outbox.TABLES,
    *people.TABLES,
    *posts.TABLES,
    *record.TABLES,
    *detectors.TABLES,
    *jury.TABLES,
    *notices.TABLES,
    *cases.TABLES,
)
