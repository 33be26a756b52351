"""Moving, for a member with any browser: bring along, take along, say where one went."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from starlette.responses import Response, StreamingResponse

from venire.cases import exports
from venire.kernel.errors import NotFound, Problem, Throttled
from venire.people import actions as people
from venire.people import aliases
from venire.people.model import Account
from venire.people.store import load_account
from venire.posts.moving import actions, csvs, leaving, store
from venire.posts.moving.model import ARCHIVE, KINDS, MERGE, TIES, Import
from venire.storage.tables.moving import ExportRow
from venire.web import words
from venire.web.problems import status_of
from venire.web.visit import Visit

PLACE = "/settings/moving"
_LISTED = 10
_ARCHIVES = 2


class ImportLine(NamedTuple):
    """An import as the page lists it; `left_out` are sentences with their counts."""

    id: int
    kind: str
    state: str
    ended: bool
    failed: bool
    share: int
    brought: int
    there: int
    waiting: int
    media: int
    left_out: list[tuple[str, int]]
    has_failures: bool
    why: str
    paused_until_ms: int | None
    at_ms: int


async def show(visit: Visit) -> Response:
    """What was brought along and can be taken, and the forms for both."""
    return await _page(visit)


async def _page(visit: Visit, *, error: str = "", status: int = 200) -> Response:
    me = visit.member()
    there = await store.imports_of(visit.world, me.id, limit=_LISTED)
    archives = await exports.exports_of(visit.world, me.id, _LISTED)
    return visit.page(
        "moving.html",
        status,
        error=error,
        imports=[_line(one) for one in there],
        working=any(not one.ended for one in there),
        archives=[row for row in archives if row.state != exports.GONE][:_ARCHIVES],
        files=[(csvs.NAMES[kind], words.IMPORT_KINDS[kind]) for kind in TIES],
        kinds=[(kind, words.IMPORT_KINDS[kind]) for kind in (ARCHIVE, *TIES)],
        aliases=await aliases.aliases_of(visit.world, me.id),
        moved=await _moved(visit, me),
    )


async def _moved(visit: Visit, me: Account) -> str:
    """Where the member says that they went; empty where they stay."""
    account = await load_account(visit.world, me.id) or me
    if account.moved_to_id is None:
        return account.moved_to or ""
    target = await load_account(visit.world, account.moved_to_id)
    return "" if target is None else f"@{target.username}"


def _line(one: Import) -> ImportLine:
    report = one.report
    left_out = {**report.skipped, **report.refused}
    size = one.stop - one.start
    return ImportLine(
        id=one.id,
        kind=words.IMPORT_KINDS[one.kind],
        state=words.IMPORT_STATES[one.state],
        ended=one.ended,
        failed=one.state == "failed",
        share=100 if size <= 0 else 100 * (one.place - one.start) // size,
        brought=report.brought,
        there=report.there,
        waiting=report.waiting,
        media=report.media_missing,
        left_out=[
            (words.LEFT_OUT.get(code, words.LEFT_OUT[""]), count)
            for code, count in sorted(left_out.items())
        ],
        has_failures=bool(report.refused),
        why=words.IMPORT_ENDED.get(report.code, ""),
        paused_until_ms=one.paused_until_ms,
        at_ms=one.made_at_ms,
    )


async def bring(visit: Visit) -> Response:
    """Take in a file or an archive."""
    me = await visit.writer()
    form = visit.form
    sent = form.spooled("data")
    kind = form.text("kind", most=40)
    if sent is None or kind not in KINDS:
        return await _page(visit, error=words.FORM_ERRORS["no_file"], status=422)
    mode = form.text("mode", most=40) or MERGE
    try:
        if kind == ARCHIVE:
            await actions.begin_archive(visit.court.media, me.id, sent.file, sent.size)
        else:
            sent.file.seek(0)
            content = await asyncio.to_thread(sent.file.read, csvs.FILE_BYTES + 1)
            await actions.begin_file(visit.court.media, me.id, kind, content, mode=mode)
    except Throttled as throttled:
        return await _page(visit, error=throttled.hint, status=429)
    except Problem as problem:
        return await _page(visit, error=problem.hint, status=status_of(problem))
    return visit.redirect(PLACE, done="import_begun")


async def stop(visit: Visit) -> Response:
    """End an import."""
    for import_id in visit.form.ids("import", most=1):
        await actions.stop(visit.world, visit.member().id, import_id)
    return visit.redirect(PLACE)


async def failures(visit: Visit) -> Response:
    """The rows of an import that could not be brought in."""
    import_id = int(visit.request.path_params["import_id"])
    content = await actions.failures_file(visit.world, visit.member().id, import_id)
    return Response(content, headers=_as_file("failures.csv"), media_type="text/csv")


async def take_file(visit: Visit) -> Response:
    """A file of ties."""
    name = visit.request.path_params["name"]
    kind = next((kind for kind, file in csvs.NAMES.items() if file == name), None)
    if kind is None:
        raise NotFound("record_not_found", "Record not found")
    parts = leaving.tie_file(visit.world, visit.member().id, kind)
    media_type = "application/json" if name.endswith(".json") else "text/csv; charset=utf-8"
    return StreamingResponse(parts, headers=_as_file(name), media_type=media_type)


def _as_file(name: str) -> dict[str, str]:
    disposition = f'attachment; filename="{name}"'
    return {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}


async def ask(visit: Visit) -> Response:
    """Ask for an archive of everything."""
    try:
        await exports.ask(visit.world, visit.member().id)
    except Throttled as throttled:
        return await _page(visit, error=throttled.hint, status=429)
    return visit.redirect(PLACE, done="export_asked")


async def take_archive(visit: Visit) -> Response:
    """An archive, for the member's password."""
    if (refusal := await _wrong_password(visit)) is not None:
        return refusal
    row: ExportRow | None = None
    for export_id in visit.form.ids("export", most=1):
        row = await exports.ready(visit.world, visit.member().id, export_id)
    if row is None:
        return visit.redirect(PLACE)
    headers = {**_as_file("archive.tar.gz"), "Content-Length": str(row.size)}
    parts = exports.parts_of(visit.court, row)
    return StreamingResponse(parts, headers=headers, media_type="application/gzip")


async def _wrong_password(visit: Visit) -> Response | None:
    me = visit.member()
    await visit.count("sign_in_name", f"name:{me.id}")
    password = visit.form.text("password", most=10_000)
    if await people.check_password(visit.world, me.id, password):
        return None
    return await _page(visit, error=words.FORM_ERRORS["wrong_password"], status=403)


async def name_alias(visit: Visit) -> Response:
    """Name another identity as one's own, or no longer."""
    me = visit.member()
    alias = visit.form.text("alias", most=500)
    try:
        if visit.form.flag("gone"):
            await aliases.drop_alias(visit.world, me.id, alias)
        else:
            await aliases.add_alias(visit.world, me.id, alias)
    except Problem as problem:
        return await _page(visit, error=_said(problem), status=status_of(problem))
    return visit.redirect(PLACE)


def _said(problem: Problem) -> str:
    return words.FORM_ERRORS["no_such_account"] if problem.kind == "not_found" else problem.hint


async def move(visit: Visit) -> Response:
    """Say that one has moved, or take it back."""
    me = visit.member()
    if visit.form.flag("stay"):
        await aliases.stay(visit.world, me.id)
        return visit.redirect(PLACE)
    if (refusal := await _wrong_password(visit)) is not None:
        return refusal
    try:
        await aliases.move(visit.world, me.id, visit.form.text("target", most=500))
    except Problem as problem:
        return await _page(visit, error=_said(problem), status=status_of(problem))
    return visit.redirect(PLACE, done="moved")
