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
    bulk,
    case,
    case_notes,
    copyright_desk,
    fast_lane,
    inbox,
    juror,
    jury,
    leaving,
    letters,
    moderation,
    moving,
    notices,
    orders,
    paying,
    phone,
    post,
    profile,
    record,
    report,
    sealed,
    second_step,
    security,
    sign_in,
    static,
    texts,
    timelines,
    training,
    unsubscribing,
    vendors,
)
from venire.web.problems import problem_response
from venire.web.routing import Page, route_of
from venire.web.settings import WebSettings
from venire.web.visit import Visit, chosen_language

_MEBIBYTE = 1 << 20

MONEY_PAGES: tuple[Page, ...] = (
    Page("GET", "/membership", paying.show, "member"),
    Page("POST", "/membership/join", paying.join, "member", "checkout"),
    Page("POST", "/membership/cancel", paying.cancel, "member", "post"),
    Page("GET", "/donate", paying.gift),
    Page("POST", "/donate", paying.give, limit="checkout"),
)

OFFICE_PAGES: tuple[Page, ...] = (
    Page("GET", "/moderation/sealed", sealed.queue, "moderator"),
    Page("GET", "/moderation/sealed/{public_id}", sealed.show, "moderator"),
    Page("POST", "/moderation/sealed/{public_id}/open", sealed.open_text, "moderator"),
    Page("POST", "/moderation/sealed/{public_id}/decide", sealed.decide, "moderator", "moderate"),
    Page("POST", "/moderation/sealed/{public_id}/packet", sealed.packet, "moderator"),
    Page("POST", "/moderation/sealed/{public_id}/reported", sealed.reported, "moderator"),
    Page("GET", "/moderation/bulk", bulk.index, "moderator"),
    Page("POST", "/moderation/bulk", bulk.create, "moderator", "moderate"),
    Page("GET", "/moderation/bulk/{bulk_id}", bulk.show, "moderator"),
    Page("POST", "/moderation/bulk/{bulk_id}", bulk.act, "moderator", "moderate"),
    Page("GET", "/moderation/orders", orders.index, "moderator"),
    Page("POST", "/moderation/orders", orders.register, "moderator", "moderate"),
    Page("GET", "/moderation/orders/{order_id}", orders.show, "moderator"),
    Page("POST", "/moderation/orders/{order_id}", orders.act, "moderator", "moderate"),
    Page("GET", "/moderation/demands", orders.demands, "moderator"),
    Page("POST", "/moderation/demands", orders.register_demand, "moderator", "moderate"),
    Page("GET", "/moderation/demands/{demand_id}", orders.show_demand, "moderator"),
    Page("POST", "/moderation/demands/{demand_id}", orders.review, "moderator", "moderate"),
    Page("GET", "/moderation/copyright", copyright_desk.index, "moderator"),
    Page("GET", "/moderation/vendors", vendors.index, "moderator"),
    Page("POST", "/moderation/vendors/{kind}/{name}", vendors.act, "moderator", "moderate"),
    Page("GET", "/moderation/texts", texts.index, "moderator"),
    Page("POST", "/moderation/texts", texts.switch, "moderator", "moderate"),
    Page("GET", "/copyright", copyright_desk.form),
    Page("POST", "/copyright", copyright_desk.send, limit="copyright"),
    Page("GET", "/copyright/{notice_id}", copyright_desk.show, "member"),
    Page("POST", "/copyright/{notice_id}", copyright_desk.act, "moderator", "moderate"),
    Page("POST", "/copyright/{notice_id}/items/{n}", copyright_desk.answer, "member", "report"),
    Page("GET", "/copyright/{notice_id}/claimant", copyright_desk.claimant_form),
    Page("POST", "/copyright/{notice_id}/claimant", copyright_desk.claimant, limit="copyright"),
)
"""What persons decide in office, and the forms of copyright."""

SECURITY_PAGES: tuple[Page, ...] = (
    Page("POST", "/sign-in/passkey", second_step.enter_by_passkey, limit="sign_in"),
    Page("GET", "/sign-in/second", second_step.show),
    Page("POST", "/sign-in/second", second_step.answer, limit="sign_in"),
    Page("POST", "/sign-in/second/code", second_step.send_code, limit="letter"),
    Page("GET", "/settings/phone", phone.show, "member"),
    Page("POST", "/settings/phone", phone.ask, "member", "link"),
    Page("POST", "/settings/phone/verify", phone.verify, "member", "link"),
    Page("POST", "/settings/phone/remove", phone.remove, "member"),
    Page("POST", "/settings/chat", phone.name_chat, "member", "link"),
    Page("POST", "/settings/chat/prove", phone.prove_chat, "member", "link"),
    Page("POST", "/settings/chat/forget", phone.forget_chat, "member"),
    Page("POST", "/sign-in/second/text", second_step.send_text, limit="letter"),
    Page("GET", "/settings/security", security.show, "member"),
    Page("POST", "/settings/security/confirm", security.confirm, "member", "sign_in"),
    Page("POST", "/settings/security/passkeys", security.add_passkey, "member", "sign_in"),
    Page("POST", "/settings/security/passkeys/remove", security.remove_passkey, "member"),
    Page("POST", "/settings/security/app", security.begin_app, "member", "sign_in"),
    Page("POST", "/settings/security/app/confirm", security.confirm_app, "member", "sign_in"),
    Page("POST", "/settings/security/app/remove", security.remove_app, "member"),
    Page("POST", "/settings/security/mail", security.choose_mail, "member", "sign_in"),
    Page("POST", "/settings/security/texts", security.choose_texts, "member", "sign_in"),
    Page("POST", "/settings/security/codes", security.new_codes, "member", "sign_in"),
    Page("POST", "/settings/security/standby", security.standby, "member", "link"),
    Page("GET", "/unsubscribe/{token}", unsubscribing.show, limit="unsubscribe"),
    Page("POST", "/unsubscribe/{token}", unsubscribing.act, limit="unsubscribe", signed=True),
)
"""Passkeys, second steps, what opens an account; letters that nobody has to get."""

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
    Page("GET", "/continuity", vendors.show),
    Page("GET", "/static/{name:path}", static.show),
    # coming and going
    Page("GET", "/sign-in", sign_in.show),
    Page("POST", "/sign-in", sign_in.sign_in, limit="sign_in"),
    *SECURITY_PAGES,
    *MONEY_PAGES,
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
    Page("POST", "/statements/{statement_id}/appeal", case.appeal_statement, "member", "report"),
    Page("POST", "/statements/{statement_id}/appeal/withdraw", case.withdraw_statement, "member"),
    Page("GET", "/cases/{public_id}", case.show),
    Page("GET", "/cases/{public_id}/police-copy", fast_lane.show_police_copy, "member"),
    Page("POST", "/cases/{public_id}/hide", fast_lane.hide, "member", "post"),
    Page("POST", "/cases/{public_id}/appeal", case.appeal_case, "member", "report"),
    Page("POST", "/cases/{public_id}/appeal/withdraw", case.withdraw_case, "member"),
    # the jury
    Page("GET", "/jury", jury.show, "member"),
    Page("POST", "/jury/join", jury.join, "member", "post"),
    Page("POST", "/jury/leave", jury.leave, "member"),
    Page("POST", "/jury/alerts", juror.choose_alerts, "member", "post"),
    Page("POST", "/jury/pause", juror.pause, "member", "post"),
    Page("GET", "/jury/statement", juror.statement, "member"),
    Page("POST", "/jury/payout", juror.ask_payout, "member", "post"),
    Page("POST", "/jury/payout/{payout}/withdraw", juror.withdraw_payout, "member", "post"),
    Page("POST", "/jury/destination", paying.choose_destination, "member", "post"),
    Page("POST", "/jury/destination/forget", paying.forget_destination, "member", "post"),
    Page("GET", "/jury/training", training.show, "member"),
    Page("POST", "/jury/training", training.answer, "member"),
    Page("GET", "/jury/questions", training.past, "member"),
    Page("POST", "/jury/questions/{question_id}/doubt", training.doubt, "member", "report"),
    Page("GET", "/jury/{summons}", jury.show_seat, "member"),
    Page("GET", "/jury/{summons}/post", jury.show_post, "member"),
    Page("GET", "/jury/{summons}/media/{n}", jury.show_medium, "member"),
    Page("POST", "/jury/{summons}/accept", jury.accept, "member"),
    Page("POST", "/jury/{summons}/skip", jury.decline, "member"),
    Page("POST", "/jury/{summons}/vote", jury.vote, "member"),
    # the record
    Page("GET", "/record", record.show),
    Page("GET", "/record/entry/{index}", record.show_entry),
    # the desks
    Page("GET", "/moderation", moderation.queue, "moderator"),
    Page("GET", "/moderation/log", moderation.log, "moderator"),
    Page("GET", "/moderation/reviews", training.show_reviews, "moderator"),
    Page("POST", "/moderation/reviews/{review_id}", training.close_review, "moderator", "moderate"),
    Page("GET", "/moderation/cases/{public_id}", moderation.show_case, "moderator"),
    Page("POST", "/moderation/cases/{public_id}", moderation.act, "moderator", "moderate"),
    Page("POST", "/moderation/cases/{public_id}/notes", case_notes.add, "moderator", "moderate"),
    Page(
        "POST",
        "/moderation/cases/{public_id}/hand-over",
        case_notes.hand_over,
        "moderator",
        "moderate",
    ),
    Page(
        "POST", "/moderation/cases/{public_id}/message", case_notes.message, "moderator", "moderate"
    ),
    Page("GET", "/moderation/reporters", case_notes.show_reporters, "moderator"),
    Page(
        "POST",
        "/moderation/reporters/{account_id:int}",
        case_notes.answer,
        "moderator",
        "moderate",
    ),
    Page(
        "POST",
        "/moderation/cases/{public_id}/packets",
        fast_lane.prepare_packet,
        "moderator",
        "moderate",
    ),
    Page(
        "POST",
        "/moderation/cases/{public_id}/packets/{packet_id}",
        fast_lane.release_packet,
        "moderator",
        "moderate",
    ),
    Page("GET", "/moderation/posts/{post_id}", moderation.show_post, "moderator"),
    Page("POST", "/moderation/posts/{post_id}", moderation.act_on_post, "moderator", "moderate"),
    *OFFICE_PAGES,
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
