"""Every table of the house, one file per room; `ALL` is what an engine creates."""

from __future__ import annotations

from typing import Any

from venire.storage.tables import (
    cases,
    conversations,
    detectors,
    discovery,
    filters,
    jury,
    lists,
    media,
    moving,
    notices,
    notifications,
    outbox,
    people,
    polls,
    posts,
    push,
    reactions,
    record,
    report_desk,
    scheduled,
    tags,
    waves,
)
from venire.storage.verbs import Table

ALL: tuple[Table[Any], ...] = (
    *outbox.TABLES,
    *people.TABLES,
    *posts.TABLES,
    *notifications.TABLES,
    *filters.TABLES,
    *conversations.TABLES,
    *push.TABLES,
    *reactions.TABLES,
    *lists.TABLES,
    *media.TABLES,
    *moving.TABLES,
    *tags.TABLES,
    *discovery.TABLES,
    *polls.TABLES,
    *scheduled.TABLES,
    *record.TABLES,
    *detectors.TABLES,
    *jury.TABLES,
    *notices.TABLES,
    *cases.TABLES,
    *report_desk.TABLES,
    *waves.TABLES,
)
