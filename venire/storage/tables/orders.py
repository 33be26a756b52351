"""Tables of what authorities ask: orders about posts, demands for data."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class OrderRow(msgspec.Struct, frozen=True):
    """An authority's order. `territory` and `post_ids` are JSON lists.

    `state` is registered, refused, approved, carried_out, lifting or lifted. `disputed`: carried
    out under protest, with the reason. `silent_until_ms`: until when the author may not be told; 0
    for tell at once. `place` says how many of its posts are done.
    """

    id: int
    version: int
    state: str
    authority: str
    country: str
    legal_ground: str
    reference: str
    urgent: bool
    territory: bytes
    post_ids: bytes
    silent_ground: str
    silent_until_ms: int
    received_at_ms: int
    due_at_ms: int
    registered_by: int
    decided_by: int | None
    decided_at_ms: int | None
    carried_out_at_ms: int | None
    reason: str
    disputed: str
    place: int
    told: bool


class OrderListRow(msgspec.Struct, frozen=True):
    """An order, found by its month."""

    month: str
    id: int


class OrderPostRow(msgspec.Struct, frozen=True):
    """What one order does to one post. `entries` are its lines of the record, made before it."""

    order_id: int
    post_id: int
    author_id: int
    withhold_entry: bytes | None
    lift_entry: bytes | None


class WithheldRow(msgspec.Struct, frozen=True):
    """An order that withholds a post now; `territory` is JSON."""

    post_id: int
    order_id: int
    territory: bytes


class DemandRow(msgspec.Struct, frozen=True):
    """A demand for data about accounts. `account_ids` and `handed_over` are JSON lists.

    `state` is received, under_review, narrowed, refused or answered.
    """

    id: int
    version: int
    state: str
    authority: str
    country: str
    legal_ground: str
    reference: str
    asked_for: str
    account_ids: bytes
    narrowed_to: str
    handed_over: bytes
    silent_ground: str
    silent_until_ms: int
    told_at_ms: int | None
    received_at_ms: int
    due_at_ms: int
    registered_by: int
    decided_by: int | None
    decided_at_ms: int | None
    reason: str


class DemandListRow(msgspec.Struct, frozen=True):
    """A demand, found by its month."""

    month: str
    id: int


class DemandLogRow(msgspec.Struct, frozen=True):
    """A step of a demand's review, and who made it."""

    demand_id: int
    id: int
    actor_id: int
    state: str
    note: str
    at_ms: int


ORDERS = Table(
    name="orders",
    row=OrderRow,
    question="What does this authority order, and what was done?",
    partition=("id",),
    aggregate="order:{id}",
    version="version",
    retention="for ever",
    wide=True,
)
ORDERS_BY_MONTH = Table(
    name="orders_by_month",
    row=OrderListRow,
    question="Which orders came in this month?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="order:{id}",
    retention="for ever",
)
ORDER_POSTS = Table(
    name="order_posts",
    row=OrderPostRow,
    question="Which posts does this order name?",
    partition=("order_id",),
    clustering=("post_id",),
    aggregate="order:{order_id}",
    subject=("author_id",),
    retention="as the order",
    wide=True,
)
WITHHELD = Table(
    name="withheld_posts",
    row=WithheldRow,
    question="Which orders withhold this post, and where?",
    partition=("post_id",),
    clustering=("order_id",),
    aggregate="order:{order_id}",
    retention="until the order is lifted",
)
DEMANDS = Table(
    name="data_demands",
    row=DemandRow,
    question="What does this authority want to know, and what was it given?",
    partition=("id",),
    aggregate="demand:{id}",
    version="version",
    retention="for ever",
    wide=True,
)
DEMANDS_BY_MONTH = Table(
    name="data_demands_by_month",
    row=DemandListRow,
    question="Which demands for data came in this month?",
    partition=("month",),
    clustering=("id",),
    descending=True,
    aggregate="demand:{id}",
    retention="for ever",
)
DEMAND_LOG = Table(
    name="data_demand_log",
    row=DemandLogRow,
    question="Who reviewed this demand, and how?",
    partition=("demand_id",),
    clustering=("id",),
    aggregate="demand:{demand_id}",
    subject=("actor_id",),
    retention="for ever",
    wide=True,
)
TABLES = (
    ORDERS,
    ORDERS_BY_MONTH,
    ORDER_POSTS,
    WITHHELD,
    DEMANDS,
    DEMANDS_BY_MONTH,
    DEMAND_LOG,
)
