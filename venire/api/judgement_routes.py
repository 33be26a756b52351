"""The routes of judgement: reports, cases, jury, notices, record, operators. See `routes.py`."""

from __future__ import annotations

from venire.api import (
    admin,
    appeals,
    calibration,
    case_notes,
    cases,
    juror,
    jury,
    jury_offices,
    notices,
    object_stores,
    record,
    reports,
)
from venire.api.routing import MEBIBYTE, Options, Route

_STILL = Options(while_suspended=True)
_NOTICE = Options(body_bytes=16 * MEBIBYTE, operator_body_bytes=192 * MEBIBYTE)
"""A notice of 98 screenshots from phones, each of up to 2 MB, comes from an operator's token."""

REPORTS = (Route("POST", "/api/v1/reports", reports.create_report, "write:reports", "report"),)

_S = "/api/v1/jury/summons"

JURY = (
    Route("GET", "/api/v1/jury", juror.show, "juror", doc="how the viewer stands with the jury"),
    Route("POST", "/api/v1/jury/opt_in", juror.opt_in, "juror"),
    Route("POST", "/api/v1/jury/opt_out", juror.opt_out, "juror", options=_STILL),
    Route("POST", "/api/v1/jury/pause", juror.pause, "juror", options=_STILL),
    Route("POST", "/api/v1/jury/alerts", juror.choose_alerts, "juror", options=_STILL),
    Route("GET", "/api/v1/jury/statements", juror.statements, "juror", options=_STILL),
    Route("POST", "/api/v1/jury/payouts", juror.ask_payout, "juror", options=_STILL),
    Route(
        "POST",
        "/api/v1/jury/payouts/{id}/withdraw",
        juror.withdraw_payout,
        "juror",
        options=_STILL,
    ),
    Route("GET", _S, jury.summons, "juror"),
    Route("GET", f"{_S}/{{summons}}", jury.show_seat, "juror"),
    Route("POST", f"{_S}/{{summons}}/accept", jury.accept, "juror"),
    Route("POST", f"{_S}/{{summons}}/decline", jury.decline, "juror", options=_STILL),
    Route("POST", f"{_S}/{{summons}}/skip", jury.decline, "juror", options=_STILL),
    Route("GET", f"{_S}/{{summons}}/media/{{n}}", jury.show_medium, "juror"),
    Route("POST", f"{_S}/{{summons}}/ballot", jury.ballot, "juror"),
)

TRAINING = (
    Route("GET", "/api/v1/jury/training", calibration.show_training, "juror"),
    Route("POST", "/api/v1/jury/training", calibration.answer_training, "juror"),
    Route("GET", "/api/v1/jury/questions", calibration.past_questions, "juror", options=_STILL),
    Route("POST", "/api/v1/jury/questions/{id}/doubt", calibration.doubt, "juror", "report"),
    Route("GET", "/api/v1/admin/questions", calibration.index, "admin:read:reports"),
    Route(
        "POST",
        "/api/v1/admin/questions",
        calibration.add,
        "admin:write:reports",
        options=Options(body_bytes=16 * MEBIBYTE),
    ),
    Route("GET", "/api/v1/admin/nights", calibration.nights, "admin:read:reports"),
    Route("GET", "/api/v1/admin/reviews", calibration.show_reviews, "admin:read:reports"),
    Route("POST", "/api/v1/admin/reviews/{id}", calibration.close_review, "admin:write:reports"),
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

_A = "/api/v1/statements/{id}/appeal"
_C = "/api/v1/cases/{case}/appeal"

APPEALS = (
    Route("GET", "/api/v1/appeals", appeals.index, "read:statuses", options=_STILL),
    Route("GET", _A, appeals.show_of_statement, "read:statuses", options=_STILL),
    Route("POST", _A, appeals.appeal_statement, "write:statuses", "report", options=_STILL),
    Route("DELETE", _A, appeals.withdraw_of_statement, "write:statuses", options=_STILL),
    Route("GET", _C, appeals.show_of_case, "read:statuses", options=_STILL),
    Route("POST", _C, appeals.appeal_case, "write:reports", "report", options=_STILL),
    Route("DELETE", _C, appeals.withdraw_of_case, "write:reports", options=_STILL),
)

_B = "/api/v1/admin/cases/{case}"

BESIDE = (
    Route("GET", f"{_B}/notes", case_notes.index, "admin:read:reports"),
    Route("POST", f"{_B}/notes", case_notes.add, "admin:write:reports"),
    Route("POST", f"{_B}/hand_over", case_notes.hand_over, "admin:write:reports"),
    Route("POST", f"{_B}/message", case_notes.message, "admin:write:reports"),
    Route("GET", "/api/v1/admin/reporters", case_notes.reporter_appeals, "admin:read:reports"),
    Route(
        "POST", "/api/v1/admin/reporters/{id}", case_notes.answer_reporter, "admin:write:reports"
    ),
    Route("GET", "/api/v1/reporting", case_notes.own_reporting, "read:statuses", options=_STILL),
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
    Route("GET", "/record/former", record.former, "open", "none"),
    Route("GET", "/record/former/{epoch}/checkpoint", record.former_checkpoint, "open", "none"),
    Route("GET", "/record/former/{epoch}/tile/{rest*}", record.former_tile, "open", "none"),
    Route("GET", "/record/former/{epoch}/key", record.former_key, "open", "none"),
)

ADMIN = (
    Route("GET", "/api/v1/admin/objects", object_stores.show, "admin:read:reports"),
    Route("GET", "/api/v1/admin/health", admin.health, "admin:read:reports"),
    Route("GET", "/api/v1/admin/cases", admin.cases, "admin:read:reports"),
    Route("POST", "/api/v1/admin/jurors", jury_offices.appoint, "admin:write:accounts"),
    Route("POST", "/api/v1/admin/payouts", jury_offices.settle_payout, "admin:write:accounts"),
    Route(
        "POST",
        "/api/v1/admin/cases/{case}/conflict",
        juror.found_conflicted,
        "admin:write:reports",
        doc="a juror of the case turns out to have a tie to it",
    ),
    Route("POST", "/api/v1/admin/epochs", jury.freeze_epoch, "admin:write:reports"),
)

JUDGEMENT: tuple[Route, ...] = (
    *REPORTS,
    *JURY,
    *TRAINING,
    *CASES,
    *APPEALS,
    *BESIDE,
    *NOTICES,
    *RECORD,
    *ADMIN,
)
