"""Copyright: the form for anybody, the uploader's copy and answer, the moderators' desk."""

from __future__ import annotations

from starlette.responses import Response

from venire.cases import copyright_desk as desk
from venire.cases import copyright_parties as parties
from venire.cases.copyright_model import Counter, Notice
from venire.kernel.errors import Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.web import office_words
from venire.web.months import asked_month, asked_span
from venire.web.visit import Visit


async def form(visit: Visit) -> Response:
    """What a notice needs, for anybody."""
    return visit.page("copyright.html", sent=None)


async def send(visit: Visit) -> Response:
    """Take a notice in; the secret is shown once."""
    given = visit.form
    notice = Notice(
        name=given.text("name"),
        email=given.text("email"),
        address=given.text("address"),
        phone=given.text("phone"),
        owner=given.text("owner"),
        work=given.text("work"),
        urls=tuple(given.text("urls", most=100_000).split()),
        good_faith=given.flag("good_faith"),
        accurate=given.flag("accurate"),
        signature=given.text("signature"),
    )
    row, secret = await desk.receive(visit.court, notice)
    door = f"{visit.world.site.base_url}/copyright/{row.id}/claimant"
    return visit.page("copyright.html", sent={"id": str(row.id), "secret": secret, "door": door})


def _number(visit: Visit, name: str = "notice_id") -> int:
    number = parse_id(visit.request.path_params[name])
    if number is None:
        raise NotFound("record_not_found", "Record not found")
    return number


async def index(visit: Visit) -> Response:
    """The notices of a month, and those of the month before that wait (moderators)."""
    month, span = asked_month(visit), asked_span(visit)
    page = await desk.of_month(visit.world, month.name, span)
    rows = page.rows
    if month.now and span.below is None:
        earlier = await desk.of_month(visit.world, month.before)
        rows = rows + [row for row in earlier.rows if row.state == "received"]
    shown = await parties.moderator_list(visit.court, rows, visit.moderator().id)
    return visit.page(
        "copyright_queue.html", month=month, older=page.older, rows=shown, names=office_words
    )


async def show(visit: Visit) -> Response:
    """A notice: to an uploader their copy, whoever they are, to other moderators whole."""
    row = await desk.load(visit.world, _number(visit))
    account = visit.member()
    whole = account.moderates and not await parties.is_uploader(visit.court, row, account.id)
    if whole:
        shown = await parties.moderator_view(visit.court, row)
    else:
        shown = await parties.uploader_view(visit.court, row, account.id)
    return visit.page("copyright_notice.html", c=shown, whole=whole, names=office_words)


async def act(visit: Visit) -> Response:
    """Accept or refuse (moderators)."""
    notice_id, actor_id = _number(visit), visit.moderator().id
    if visit.form.text("action", most=20) == "accept":
        await desk.accept(visit.court, notice_id, actor_id=actor_id)
    else:
        reason = visit.form.text("reason")
        await desk.refuse(visit.court, notice_id, actor_id=actor_id, reason=reason)
    return visit.redirect(f"/copyright/{notice_id}", done="acted")


async def answer(visit: Visit) -> Response:
    """The uploader's counter-notice."""
    given = visit.form
    counter = Counter(
        name=given.text("name"),
        address=given.text("address"),
        contact=given.text("contact"),
        mistake=given.flag("mistake"),
        jurisdiction=given.flag("jurisdiction"),
        signature=given.text("signature"),
        text=given.text("text"),
    )
    notice_id = _number(visit)
    await desk.counter(
        visit.court, notice_id, _number(visit, "n"), counter, account_id=visit.member().id
    )
    return visit.redirect(f"/copyright/{notice_id}", done="answered")


async def claimant_form(visit: Visit) -> Response:
    """Where a claimant gives the secret."""
    return _door(visit, 200, wrong=False)


def _door(visit: Visit, status: int, *, wrong: bool) -> Response:
    return visit.page(
        "copyright_claimant.html",
        status,
        c=None,
        secret="",
        wrong=wrong,
        id=str(_number(visit)),
        names=office_words,
    )


async def claimant(visit: Visit) -> Response:
    """What became of a notice, and what its claimant may do."""
    notice_id, secret = _number(visit), visit.form.text("secret", most=200).strip()
    try:
        await desk.claimant(visit.world, notice_id, secret)
    except NotFound:
        # A key is easily mistyped: the same for a notice that never was.
        return _door(visit, 404, wrong=True)
    action = visit.form.text("action", most=20)
    if action == "withdraw":
        await desk.withdraw(visit.court, notice_id, secret)
    elif action == "filed":
        n = parse_id(visit.form.text("n", most=10))
        if n is None:
            raise Invalid("parameter_invalid", "A field has the wrong form", field="n")
        await desk.note_filed(visit.court, notice_id, n, secret, visit.form.text("filed"))
    row = await desk.claimant(visit.world, notice_id, secret)
    shown = await parties.claimant_view(visit.court, row)
    return visit.page(
        "copyright_claimant.html", c=shown, secret=secret, id=str(notice_id), names=office_words
    )
