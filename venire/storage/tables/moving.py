"""Tables of moving: what is brought in or taken along, what waits, where old posts are from."""

from __future__ import annotations

import msgspec

from venire.storage.verbs import Table


class ImportRow(msgspec.Struct, frozen=True):
    """Something that a member brings along, and how far it is.

    `state` is receiving, working, removing, done or failed. Its rows are JSON lines in the object
    `source_key`, from `start` to `stop`; `place` is how far they are done, in bytes. `body` is
    `posts.moving.model.Report` as JSON.
    """

    account_id: int
    id: int
    version: int
    kind: str
    mode: str
    state: str
    source_key: str
    start: int
    stop: int
    place: int
    made_at_ms: int
    changed_at_ms: int
    paused_until_ms: int | None
    body: bytes


class ImportFailureRow(msgspec.Struct, frozen=True):
    """A row that could not be brought in: as it was given, and why as a code."""

    account_id: int
    import_id: int
    n: int
    row: str
    code: str


class WaitingTieRow(msgspec.Struct, frozen=True):
    """A follow, block, mute, place on a list or bookmark of something that is not on this site.

    `detail` is the title of a list; `body` the rest of the row as JSON.
    """

    account_id: int
    kind: str
    address: str
    detail: str
    body: bytes
    noted_at_ms: int


class PostOriginRow(msgspec.Struct, frozen=True):
    """Where an imported post was first: its identity there, its page, what it answered."""

    post_id: int
    author_id: int
    uri: str
    url: str | None
    reply_uri: str | None


class ImportedUriRow(msgspec.Struct, frozen=True):
    """The post that an old identity became; `uri_hash` is its SHA-256."""

    author_id: int
    uri_hash: bytes
    post_id: int


class ExportRow(msgspec.Struct, frozen=True):
    """An archive of everything of an account. `state` is asked, ready, failed or gone."""

    account_id: int
    id: int
    version: int
    state: str
    made_at_ms: int
    ends_at_ms: int
    object_key: str
    size: int
    posts: int
    media: int
    left_out: int


class ExportLinkRow(msgspec.Struct, frozen=True):
    """A link that opens an archive once; of its secret only the hash is kept."""

    secret_hash: bytes
    account_id: int
    export_id: int
    spent: bool


class AliasRow(msgspec.Struct, frozen=True):
    """Another identity of an account, as its owner names it."""

    account_id: int
    uri: str
    noted_at_ms: int


IMPORTS = Table(
    name="imports",
    row=ImportRow,
    question="What did this member bring along lately?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="import:{id}",
    subject=("account_id",),
    version="version",
    retention="90 days",
    expires=True,
    wide=True,
)
IMPORT_FAILURES = Table(
    name="import_failures",
    row=ImportFailureRow,
    question="Which rows of this import could not be brought in?",
    partition=("import_id",),
    clustering=("n",),
    aggregate="import:{import_id}",
    subject=("account_id",),
    retention="90 days",
    expires=True,
)
WAITING_TIES = Table(
    name="waiting_ties",
    row=WaitingTieRow,
    question="Which ties to accounts and posts elsewhere does this member want?",
    partition=("account_id", "kind"),
    clustering=("address", "detail"),
    aggregate="waiting_tie:{account_id}:{kind}",
    subject=("account_id",),
    retention="until replaced by another import, or the account is erased",
)
POST_ORIGINS = Table(
    name="post_origins",
    row=PostOriginRow,
    question="Where was this post before it was brought here?",
    partition=("post_id",),
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="as the post",
)
IMPORTED_URIS = Table(
    name="imported_uris",
    row=ImportedUriRow,
    question="Has this member brought that post along?",
    partition=("author_id", "uri_hash"),
    aggregate="post:{post_id}",
    subject=("author_id",),
    retention="as the post",
)
EXPORTS = Table(
    name="exports",
    row=ExportRow,
    question="Which archives did this member ask for?",
    partition=("account_id",),
    clustering=("id",),
    descending=True,
    aggregate="export:{id}",
    subject=("account_id",),
    version="version",
    retention="90 days; the archive itself 7",
    expires=True,
)
EXPORT_LINKS = Table(
    name="export_links",
    row=ExportLinkRow,
    question="Which archive does this link open?",
    partition=("secret_hash",),
    aggregate="export_link:{export_id}",
    guarded=True,
    subject=("account_id",),
    retention="1 hour",
    expires=True,
)
ALIASES = Table(
    name="account_aliases",
    row=AliasRow,
    question="Which other identities does this account name as its own?",
    partition=("account_id",),
    clustering=("uri",),
    aggregate="alias:{account_id}",
    subject=("account_id",),
    retention="until taken back, or the account is erased",
)

TABLES = (
    IMPORTS,
    IMPORT_FAILURES,
    WAITING_TIES,
    POST_ORIGINS,
    IMPORTED_URIS,
    EXPORTS,
    EXPORT_LINKS,
    ALIASES,
)
