"""Moving: what a member brings along, what they take with them, where they went.

The endpoints are ours, kinds and files Mastodon's: docs.joinmastodon.org/user/moving.
"""

from __future__ import annotations

import asyncio
from typing import BinaryIO

import msgspec
from starlette.responses import Response, StreamingResponse

from venire.api.entities.account import credential_entity
from venire.api.entities.moving import (
    BegunEntity,
    ExportsEntity,
    LinkEntity,
    build_export,
    build_import,
)
from venire.api.media import receiving
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import exports
from venire.cases.court import Court
from venire.kernel.errors import Forbidden, Invalid, NotFound
from venire.people import actions as people
from venire.people import aliases
from venire.posts.moving import actions, csvs, leaving, store
from venire.posts.moving.model import ARCHIVE, SPELLINGS, TIES
from venire.storage.tables.moving import ExportRow

_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def create_import(court: Court, request: ApiRequest) -> Response:
    """Bring something along: a file of ties, or an archive with everything in it."""
    async with receiving(court, request) as form:
        kind = actions.check_kind(form.required("type", limit=40))
        mode = actions.check_mode(form.text("mode", limit=40))
        sent = form.spooled("data")
        if sent is None:
            raise Invalid("import_missing", "A file is needed under the name data")
        if kind == ARCHIVE:
            begun = await actions.begin_archive(
                court.media, request.account_id, sent.file, sent.size
            )
        else:
            content = await asyncio.to_thread(_content, sent.file)
            begun = [
                await actions.begin_file(court.media, request.account_id, kind, content, mode=mode)
            ]
    first, *others = [build_import(one) for one in begun]
    return json_response(BegunEntity(**msgspec.structs.asdict(first), also=tuple(others)), 202)


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(csvs.FILE_BYTES + 1)


async def show_imports(court: Court, request: ApiRequest) -> Response:
    """What the member brought along lately, the latest first."""
    page = page_of(request, 20, 40)
    read = await store.imports_of(
        court.world, request.account_id, below=page.max_id, limit=page.limit
    )
    rows = newest_first(page, read)
    shown = [build_import(one) for one in rows]
    ids = [one.id for one in rows]
    return paged_response(court.world, request, shown, ids, more=len(read) == page.limit)


async def show_import(court: Court, request: ApiRequest) -> Response:
    """How far an import is, and what became of its rows."""
    one = await store.load(court.world, request.account_id, request.path("id"))
    return json_response(build_import(one))


async def show_failures(court: Court, request: ApiRequest) -> Response:
    """The rows of an import that could not be brought in, and why, as CSV."""
    content = await actions.failures_file(court.world, request.account_id, request.path("id"))
    return Response(content, headers=_as_file("failures.csv"), media_type="text/csv")


async def stop_import(court: Court, request: ApiRequest) -> Response:
    """End an import; what it has brought stays."""
    one = await actions.stop(court.world, request.account_id, request.path("id"))
    return json_response(build_import(one))


async def show_exports(court: Court, request: ApiRequest) -> Response:
    """The archives that the member asked for, the latest first; and the files of ties."""
    rows = await exports.exports_of(court.world, request.account_id)
    archives = tuple(build_export(row) for row in rows)
    files = tuple(f"/api/v1/exports/files/{csvs.NAMES[kind]}" for kind in TIES)
    return json_response(ExportsEntity(archives, files))


async def create_export(court: Court, request: ApiRequest) -> Response:
    """Ask for an archive of everything: made beside, kept for a week."""
    row = await exports.ask(court.world, request.account_id)
    return json_response(build_export(row), 202)


async def show_export(court: Court, request: ApiRequest) -> Response:
    """Whether an archive is ready."""
    row = await exports.load(court.world, request.account_id, request.path("id"))
    return json_response(build_export(row))


async def create_link(court: Court, request: ApiRequest) -> Response:
    """A link that opens an archive once, for the member's password."""
    export_id = request.path("id")
    await _check_password(court, request)
    secret = await exports.link(court.world, request.account_id, export_id)
    url = f"{court.world.site.base_url}/api/v1/exports/open/{secret}"
    return json_response(LinkEntity(url), headers={"Cache-Control": "no-store"})


async def _check_password(court: Court, request: ApiRequest) -> None:
    form = await request.form()
    await request.take("sign_in_name", f"account:{request.account_id}")
    password = form.required("password", limit=10_000)
    if not await people.check_password(court.world, request.account_id, password):
        raise Forbidden("password_wrong", "The password is wrong")


async def open_export(court: Court, request: ApiRequest) -> Response:
    """An archive, behind its link."""
    row = await exports.open_link(court.world, request.path_text("secret"))
    return archive_response(court, row)


def archive_response(court: Court, row: ExportRow) -> Response:
    """The bytes of an archive."""
    headers = {**_as_file("archive.tar.gz"), "Content-Length": str(row.size)}
    return StreamingResponse(
        exports.parts_of(court, row), 200, headers, media_type="application/gzip"
    )


def _as_file(name: str) -> dict[str, str]:
    return {**_PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}


async def show_ties(court: Court, request: ApiRequest) -> Response:
    """A file of ties in Mastodon's format: `following_accounts.csv`, or `follows.csv`."""
    name = request.path_text("name")
    kind = tie_kind(name)
    if kind is None:
        raise NotFound("record_not_found", "Record not found")
    return ties_response(court, request.account_id, kind)


def tie_kind(name: str) -> str | None:
    """The kind of a file of ties by its name; None where there is no such file."""
    stem = name.rpartition(".")[0]
    known = SPELLINGS.get(stem, stem)
    by_name = {csvs.NAMES[kind]: kind for kind in TIES}
    return by_name.get(name) or (known if known in TIES else None)


def ties_response(court: Court, account_id: int, kind: str) -> Response:
    """A file of ties."""
    name = csvs.NAMES[kind]
    media_type = "application/json" if name.endswith(".json") else "text/csv; charset=utf-8"
    parts = leaving.tie_file(court.world, account_id, kind)
    return StreamingResponse(parts, 200, _as_file(name), media_type=media_type)


async def show_aliases(court: Court, request: ApiRequest) -> Response:
    """The other identities that the member names as their own."""
    return json_response(await aliases.aliases_of(court.world, request.account_id))


async def add_alias(court: Court, request: ApiRequest) -> Response:
    """Name another identity as one's own."""
    form = await request.form()
    await aliases.add_alias(court.world, request.account_id, form.required("alias", limit=500))
    return await show_aliases(court, request)


async def drop_alias(court: Court, request: ApiRequest) -> Response:
    """Name an identity as one's own no longer."""
    form = await request.form()
    await aliases.drop_alias(court.world, request.account_id, form.required("alias", limit=500))
    return await show_aliases(court, request)


async def move(court: Court, request: ApiRequest) -> Response:
    """Say that one has moved, to an account here or to a name elsewhere, with one's password."""
    await _check_password(court, request)
    form = await request.form()
    account = await aliases.move(
        court.world, request.account_id, form.required("target", limit=500)
    )
    return json_response(await credential_entity(court.world, account))


async def stay(court: Court, request: ApiRequest) -> Response:
    """Take back that one has moved."""
    account = await aliases.stay(court.world, request.account_id)
    return json_response(await credential_entity(court.world, account))
