"""The routes of Mastodon's admin API, and what this site adds to it. See `routes.py`."""

from __future__ import annotations

from venire.api import absences, accounts, admin_accounts, admin_figures, admin_reports, admin_rules
from venire.api.routing import Options, Route
from venire.people import site_rules

_M = "/api/v1/admin/accounts"
_R = "/api/v1/admin/reports"
_READ, _WRITE = "admin:read:accounts", "admin:write:accounts"
_READ_REPORTS, _WRITE_REPORTS = "admin:read:reports", "admin:write:reports"

MEMBERS = (
    Route("GET", _M, admin_accounts.list_accounts_v1, _READ),
    Route("GET", "/api/v2/admin/accounts", admin_accounts.list_accounts, _READ),
    Route("GET", f"{_M}/{{id}}", admin_accounts.show, _READ),
    Route("DELETE", f"{_M}/{{id}}", admin_accounts.delete, _WRITE),
    Route("POST", f"{_M}/{{id}}/action", admin_accounts.act, _WRITE),
    Route("POST", f"{_M}/{{id}}/approve", admin_accounts.approve, _WRITE),
    Route("POST", f"{_M}/{{id}}/reject", admin_accounts.reject, _WRITE),
    Route("POST", f"{_M}/{{id}}/enable", admin_accounts.enable, _WRITE),
    Route("POST", f"{_M}/{{id}}/unsilence", admin_accounts.unsilence, _WRITE),
    Route("POST", f"{_M}/{{id}}/unsuspend", admin_accounts.unsuspend, _WRITE),
    Route("POST", f"{_M}/{{id}}/unsensitive", admin_accounts.unsensitive, _WRITE),
)

REPORTS = (
    Route("GET", _R, admin_reports.list_reports, _READ_REPORTS),
    Route("GET", f"{_R}/{{id}}", admin_reports.show, _READ_REPORTS),
    Route("PUT", f"{_R}/{{id}}", admin_reports.update, _WRITE_REPORTS),
    Route("POST", f"{_R}/{{id}}/assign_to_self", admin_reports.assign, _WRITE_REPORTS),
    Route("POST", f"{_R}/{{id}}/unassign", admin_reports.unassign, _WRITE_REPORTS),
    Route("POST", f"{_R}/{{id}}/resolve", admin_reports.resolve, _WRITE_REPORTS),
    Route("POST", f"{_R}/{{id}}/reopen", admin_reports.reopen, _WRITE_REPORTS),
)


def _rules(kind: str, noun: str, *more: Route) -> tuple[Route, ...]:
    path = f"/api/v1/admin/{noun}"
    read, write = f"admin:read:{noun}", f"admin:write:{noun}"
    return (
        Route("GET", path, admin_rules.listing(kind), read),
        Route("GET", f"{path}/{{id}}", admin_rules.showing(kind), read),
        Route("DELETE", f"{path}/{{id}}", admin_rules.removing(kind), write),
        *more,
    )


_D = "/api/v1/admin"
RULES = (
    *_rules(
        site_rules.EMAIL_DOMAIN,
        "email_domain_blocks",
        Route(
            "POST",
            f"{_D}/email_domain_blocks",
            admin_rules.block_email_domain,
            "admin:write:email_domain_blocks",
        ),
    ),
    *_rules(
        site_rules.CANONICAL_EMAIL,
        "canonical_email_blocks",
        Route(
            "POST",
            f"{_D}/canonical_email_blocks",
            admin_rules.block_email,
            "admin:write:canonical_email_blocks",
        ),
        Route(
            "POST",
            f"{_D}/canonical_email_blocks/test",
            admin_rules.test_email,
            "admin:read:canonical_email_blocks",
        ),
    ),
    *_rules(
        site_rules.NETWORK,
        "ip_blocks",
        Route("POST", f"{_D}/ip_blocks", admin_rules.block_network, "admin:write:ip_blocks"),
        Route("PUT", f"{_D}/ip_blocks/{{id}}", admin_rules.change_network, "admin:write:ip_blocks"),
    ),
    *_rules(
        site_rules.DOMAIN_BLOCK,
        "domain_blocks",
        Route("POST", f"{_D}/domain_blocks", admin_rules.block_domain, "admin:write:domain_blocks"),
        Route(
            "PUT",
            f"{_D}/domain_blocks/{{id}}",
            admin_rules.change_domain,
            "admin:write:domain_blocks",
        ),
    ),
    *_rules(
        site_rules.DOMAIN_ALLOW,
        "domain_allows",
        Route("POST", f"{_D}/domain_allows", admin_rules.allow_domain, "admin:write:domain_allows"),
    ),
)

FIGURES = (
    Route("POST", f"{_D}/measures", admin_figures.measures, "admin:read"),
    Route("POST", f"{_D}/dimensions", admin_figures.dimensions, "admin:read"),
    Route("POST", f"{_D}/retention", admin_figures.retention, "admin:read"),
    Route("GET", f"{_D}/trends/links", absences.nothing, "admin:read"),
    Route("GET", f"{_D}/trends/links/publishers", absences.nothing, "admin:read"),
    Route("GET", f"{_D}/trends/statuses", absences.nothing, "admin:read"),
    Route("GET", f"{_D}/trends/tags", absences.nothing, "admin:read"),
    Route("GET", f"{_D}/tags", absences.nothing, "admin:read"),
    Route("GET", f"{_D}/tags/{{id}}", admin_figures.no_trend, "admin:read"),
    Route("PUT", f"{_D}/tags/{{id}}", admin_figures.no_trend, "admin:write"),
    *(
        Route("POST", f"{_D}/trends/{kind}/{{id}}/{verb}", admin_figures.no_trend, "admin:write")
        for kind in ("links", "statuses", "tags")
        for verb in ("approve", "reject")
    ),
)

MASTODON_ADMIN: tuple[Route, ...] = (*MEMBERS, *REPORTS, *RULES, *FIGURES)
"""As Mastodon's own documentation describes them."""

DOOR: tuple[Route, ...] = (
    Route("GET", "/api/v1/signup/challenge", accounts.challenge, "open", "sign_in"),
    Route(
        "DELETE",
        "/api/v1/accounts/self",
        accounts.leave,
        "write:accounts",
        "sign_in",
        options=Options(while_suspended=True),
    ),
    Route("POST", f"{_M}/{{id}}/confirm", admin_accounts.confirm, _WRITE),
    Route("GET", f"{_M}/{{id}}/consent", admin_accounts.show_consent, _READ),
    Route("POST", f"{_M}/{{id}}/consent", admin_accounts.give_consent, _WRITE),
    Route("GET", "/api/v1/admin/log", admin_accounts.log, _READ),
    Route("GET", f"{_M}/{{id}}/waves", admin_accounts.list_waves, _READ),
    Route("POST", f"{_M}/{{id}}/waves", admin_accounts.undo_wave, _WRITE),
    Route("POST", "/api/v1/admin/waves/{id}/restore", admin_accounts.restore_wave, _WRITE),
)
"""What this site adds: coming, waiting, leaving, and taking back what somebody did."""
