"""The routes of judgement: reports, cases, jury, notices, record, operators. See `routes.py`."""

from __future__ import annotations

from venire.api import admin, cases, jury, notices, record, reports
from venire.api.routing import MEBIBYTE, Options, Route

_STILL = Options(while_suspended=True)
_NOTICE = Options(body_bytes=16 * MEBIBYTE, operator_body_bytes=192 * MEBIBYTE)
"""A notice of 98 screenshots from phones, each of up to 2 MB, comes from an operator's token."""

REPORTS = (Route("POST", "/api/v1/reports", reports.create_report, "write:reports", "report"),)

_S = "/api/v1/jury/summons"

JURY = (
    Route("GET", "/api/v1/jury", jury.show, "juror", doc="how the viewer stands with the jury"),
    Route("POST", "/api/v1/jury/opt_in", jury.opt_in, "juror"),
    Route("POST", "/api/v1/jury/opt_out", jury.opt_out, "juror", options=_STILL),
    Route("GET", _S, jury.summons, "juror"),
    Route("GET", f"{_S}/{{summons}}", jury.show_seat, "juror"),
    Route("POST", f"{_S}/{{summons}}/accept", jury.accept, "juror"),
    Route("POST", f"{_S}/{{summons}}/decline", jury.decline, "juror", options=_STILL),
    Route("POST", f"{_S}/{{summons}}/ballot", jury.ballot, "juror"),
)

CASES = (
    Route("GET", "/api/v1/cases/{case}", cases.show, "public"),
    Route("POST", "/api/v1/cases/{case}/actions", cases.act, "admin:write:reports"),
    Route("GET", "/api/v1/statements", cases.statements, "read:statuses", options=_STILL),
    Route("GET", "/api/v1/statements/{id}", cases.show_statement, "read:statuses", options=_STILL),
    Route("GET", "/api/v1/admin/queue", cases.queue, "admin:read:reports"),
    Route("GET", "/api/v1/admin/actions", cases.actions, "admin:read:reports"),
    Route("POST", "/api/v1/admin/posts/{id}/actions", cases.act_on_post, "admin:write:reports"),
)

_N = "/api/v1/notices"

NOTICES = (
    Route(
        "POST",
        _N,
        notices.create,
        "write:reports",
        "notice",
        "192 MiB for moderators and admins; 10 in 60 min for others, and unverified",
        _NOTICE,
    ),
    Route("GET", _N, notices.index, "admin:read:reports"),
    Route("GET", f"{_N}/{{ref}}", notices.show, "admin:read:reports"),
    Route("POST", f"{_N}/{{ref}}/confirm", notices.confirm, "admin:write:reports"),
    Route("POST", f"{_N}/{{ref}}/items/{{n}}/choose", notices.choose, "admin:write:reports"),
    Route("POST", f"{_N}/{{ref}}/items/{{n}}/release", notices.release, "admin:write:reports"),
    Route("GET", f"{_N}/{{ref}}/{{form}}", notices.reply, "admin:read:reports"),
)

RECORD = (
    Route("GET", "/record/checkpoint", record.checkpoint, "open", "none"),
    Route("GET", "/record/tile/{rest*}", record.tile, "open", "none"),
    Route("GET", "/record/pool/{epoch}", record.pool, "open", "none"),
    Route("GET", "/record/key", record.key, "open", "none"),
)

ADMIN = (
    Route("GET", "/api/v1/admin/health", admin.health, "admin:read:reports"),
    Route("GET", "/api/v1/admin/cases", admin.cases, "admin:read:reports"),
    Route("POST", "/api/v1/admin/jurors", jury.appoint, "admin:write:accounts"),
    Route("POST", "/api/v1/admin/epochs", jury.freeze_epoch, "admin:write:reports"),
)

JUDGEMENT: tuple[Route, ...] = (*REPORTS, *JURY, *CASES, *NOTICES, *RECORD, *ADMIN)
