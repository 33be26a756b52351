"""Every page, in one list. An address that is not here (or in the API's list) does not exist."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from venire.cases.court import Court
from venire.kernel.errors import Problem
from venire.posts.moving.opening import ARCHIVE_BYTES
from venire.web.limits import WebLimits
from venire.web.pages import (
    about,
    acts,
    case,
    inbox,
    jury,
    leaving,
    letters,
    moderation,
    moving,
    notices,
    post,
    profile,
    record,
    report,
    sign_in,
    static,
    timelines,
)
from venire.web.problems import problem_response
from venire.web.routing import Page, route_of
from venire.web.settings import WebSettings
from venire.web.visit import Visit, chosen_language

_MEBIBYTE = 1 << 20

PAGES: tuple[Page, ...] = (
    # timelines and posts
    Page("GET", "/", timelines.show),
    Page("POST", "/", timelines.publish, "member", "post"),
    Page("GET", "/home", timelines.home, "member"),
    Page("GET", "/tags/{name}", timelines.tagged),
    Page("GET", "/posts/{post_id}", post.short_address),
    Page("GET", "/@{name}", profile.show),
    Page("POST", "/@{name}/follow", profile.follow, "member", "post"),
    Page("POST", "/@{name}/unfollow", profile.unfollow, "member", "post"),
    Page("GET", "/@{name}/{post_id}", post.show),
    Page("POST", "/@{name}/{post_id}/delete", post.delete, "member", "post"),
    Page("POST", "/@{name}/{post_id}/favourite", acts.favourite, "member", "post"),
    Page("POST", "/@{name}/{post_id}/boost", acts.boost, "member", "post"),
    Page("POST", "/@{name}/{post_id}/bookmark", acts.bookmark, "member", "post"),
    Page("POST", "/@{name}/{post_id}/vote", acts.vote, "member", "post"),
    # what this is
    Page("GET", "/about", about.show),
    Page("GET", "/rules", about.rules),
    Page("GET", "/static/{name:path}", static.show),
    # coming and going
    Page("GET", "/sign-in", sign_in.show),
    Page("POST", "/sign-in", sign_in.enter, limit="sign_in"),
    Page("GET", "/sign-up", sign_in.show_sign_up),
    Page("POST", "/sign-up", sign_in.join, limit="sign_up"),
    Page("POST", "/sign-out", sign_in.leave),
    Page("GET", "/link/{secret}", sign_in.show_link),
    Page("POST", "/link/{secret}", sign_in.use_link, limit="link"),
    Page("GET", "/account/delete", leaving.show),
    Page("POST", "/account/delete", leaving.leave, limit="sign_in"),
    Page("GET", "/account/delete/{token}", letters.show_leave, limit="link"),
    Page("POST", "/account/delete/{token}", letters.leave, limit="link"),
    Page("GET", "/password", letters.show),
    Page("POST", "/password", letters.ask, limit="letter"),
    Page("GET", "/password/{token}", letters.show_password, limit="link"),
    Page("POST", "/password/{token}", letters.set_password, limit="link"),
    Page("GET", "/confirm/{token}", letters.show_confirm, limit="link"),
    Page("POST", "/confirm/{token}", letters.confirm, limit="link"),
    Page("GET", "/sign-in/{token}", letters.show_sign_in, limit="link"),
    Page("POST", "/sign-in/{token}", letters.sign_in, limit="link"),
    Page("GET", "/consent/{token}", leaving.show_consent, limit="link"),
    Page("POST", "/consent/{token}", leaving.answer_consent, limit="link"),
    # bringing along and taking along
    Page("GET", "/settings/moving", moving.show, "member"),
    Page(
        "POST",
        "/settings/moving/bring",
        moving.bring,
        "member",
        "post",
        ARCHIVE_BYTES + _MEBIBYTE,
        spools=True,
    ),
    Page("POST", "/settings/moving/stop", moving.stop, "member"),
    Page("GET", "/settings/moving/failures/{import_id:int}", moving.failures, "member"),
    Page("GET", "/settings/moving/files/{name}", moving.take_file, "member"),
    Page("POST", "/settings/moving/ask", moving.ask, "member", "post"),
    Page("POST", "/settings/moving/archive", moving.take_archive, "member", "sign_in"),
    Page("POST", "/settings/moving/alias", moving.name_alias, "member", "post"),
    Page("POST", "/settings/moving/move", moving.move, "member", "sign_in"),
    # what concerns the viewer
    Page("GET", "/report/{post_id}", report.show, "member"),
    Page("POST", "/report/{post_id}", report.send, "member", "report"),
    Page("GET", "/inbox", inbox.show, "member"),
    Page("GET", "/statements/{statement_id}", case.show_statement, "member"),
    Page("GET", "/cases/{public_id}", case.show),
    # the jury
    Page("GET", "/jury", jury.show, "member"),
    Page("POST", "/jury/join", jury.join, "member", "post"),
    Page("POST", "/jury/leave", jury.leave, "member"),
    Page("GET", "/jury/{summons}", jury.show_seat, "member"),
    Page("POST", "/jury/{summons}/accept", jury.accept, "member"),
    Page("POST", "/jury/{summons}/decline", jury.decline, "member"),
    Page("POST", "/jury/{summons}/vote", jury.vote, "member"),
    # the record
    Page("GET", "/record", record.show),
    Page("GET", "/record/entry/{index}", record.show_entry),
    # the desks
    Page("GET", "/moderation", moderation.queue, "moderator"),
    Page("GET", "/moderation/log", moderation.log, "moderator"),
    Page("GET", "/moderation/cases/{public_id}", moderation.show_case, "moderator"),
    Page("POST", "/moderation/cases/{public_id}", moderation.act, "moderator", "moderate"),
    Page("GET", "/moderation/posts/{post_id}", moderation.show_post, "moderator"),
    Page("POST", "/moderation/posts/{post_id}", moderation.act_on_post, "moderator", "moderate"),
    Page("GET", "/notices", notices.index, "moderator"),
    Page("POST", "/notices", notices.take_in, "moderator", "notice", 192 * _MEBIBYTE),
    Page("GET", "/notices/{ref}", notices.show, "moderator"),
    Page("POST", "/notices/{ref}/confirm", notices.confirm, "moderator"),
    Page("GET", "/notices/{ref}/items/{n}", notices.show_item, "moderator"),
    Page("GET", "/notices/{ref}/items/{n}/picture", notices.picture, "moderator"),
    Page("POST", "/notices/{ref}/items/{n}/choose", notices.choose, "moderator"),
    Page("POST", "/notices/{ref}/items/{n}/release", notices.release, "moderator"),
    Page("GET", "/notices/{ref}/reply/{name}", notices.reply, "moderator"),
)


def web_routes(court: Court, settings: WebSettings) -> list[Route]:
    """The pages as Starlette routes, to stand after the API's."""
    limited = settings.rate_limits and not court.world.site.acceptance
    limits = WebLimits(settings.counters) if limited else None
    return [route_of(page, court, settings, limits) for page in PAGES]


def lost_page(court: Court, settings: WebSettings) -> Callable[[Request, Problem], Response]:
    """How a browser is told of an address that leads nowhere: `create_app(problem_page=...)`.

    Who is signed in is not looked up for it.
    """

    def tell(request: Request, problem: Problem) -> Response:
        language = chosen_language(court, request)
        visit = Visit(court, settings, None, request, viewer=None, session="", language=language)
        return visit.dressed(problem_response(visit, problem))

    return tell
