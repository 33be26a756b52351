"""What this site is, by which rules it judges, and how."""

from __future__ import annotations

from starlette.responses import Response

from venire.web.visit import Visit


async def show(visit: Visit) -> Response:
    """How judging works, what is read, who runs the site."""
    policy = visit.court.policy
    return visit.page(
        "about.html",
        description=visit.settings.description,
        categories=policy.categories,
        appeal_months=policy.appeals.months,
        appeal_seats=policy.appeals.seats,
    )


async def rules(visit: Visit) -> Response:
    """The policy's categories, in the reader's language."""
    policy = visit.court.policy
    return visit.page(
        "rules.html",
        categories=policy.categories,
        points=policy.points,
        version=policy.version,
    )
