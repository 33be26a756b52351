"""A member's complaint: filed, receipted, merged into a case, answered.

Filing is one commit; what follows from it (sources, receipts, outcomes) follows from its event.
"""

from __future__ import annotations

import msgspec

from venire.cases import delivery, intake, messages, report_desk, reporters, rules, store, withdrawn
from venire.cases.court import Court
from venire.cases.judges import holds_at_once
from venire.cases.model import Case, Source, Subject
from venire.cases.police_copy import SHOWN
from venire.events import ReportFiled
from venire.kernel.errors import Invalid, NotFound
from venire.notices import store as notices
from venire.people import actions as people
from venire.people.store import load_account
from venire.posts import actions as posts
from venire.posts.model import DELETED, HELD, LISTED, VISIBLE, Post
from venire.storage.tables.cases import ReportRow
from venire.storage.verbs import Envelope

COMMENT_CHARACTERS = 1000
POSTS_AT_MOST = 100
HOLDS_A_DAY = 5
"""Posts that one member's reports hide at once; what is reported beyond these waits for a look."""
MASTODON_CATEGORIES = ("spam", "legal", "violation", "other")
_FROM_MASTODON = {"spam": "spam", "legal": "other", "other": "other"}


class Draft(msgspec.Struct, frozen=True):
    """A report as it comes in: Mastodon's categories, rule numbers of this site's policy."""

    reporter_id: int
    target_account_id: int
    post_ids: tuple[int, ...]
    comment: str
    category: str
    rule_ids: tuple[int, ...]


async def file_report(court: Court, draft: Draft) -> ReportRow:
    """Keep a report; durable when this returns.

    Raises Invalid, NotFound; Forbidden `reporting_suspended`; Throttled `reports_enough`.
    """
    storage = court.world.storage
    if len(draft.comment) > COMMENT_CHARACTERS:
        raise Invalid("comment_too_long", "a comment has 1,000 characters at most")
    if len(draft.post_ids) > POSTS_AT_MOST:
        raise Invalid("too_many_posts", "report 100 posts at most in one go")
    if draft.category not in MASTODON_CATEGORIES:
        raise Invalid("category_unknown", "spam, legal, violation or other")
    known = {category.rule for category in court.policy.categories}
    if not known.issuperset(draft.rule_ids):
        raise Invalid("rule_unknown", "no such rule on this site")
    if await load_account(court.world, draft.target_account_id) is None:
        raise NotFound("record_not_found", "there is no such account")
    draft = await _of_what_was_written(court, draft)
    if draft.target_account_id == draft.reporter_id:
        # Else an author would choose the rule of the own case, and appeal as both its sides.
        raise Invalid("self_report", "you can delete what is yours; others report it")
    others = await _not_aimed_at(court, draft)
    aimed = bool(draft.post_ids) and not others
    await reporters.may_report(court, draft.reporter_id, aimed_at=aimed)
    await reporters.within_budget(court, draft.reporter_id, others)
    row = ReportRow(
        id=court.world.ids.next(),
        reporter_id=draft.reporter_id,
        target_account_id=draft.target_account_id,
        category=draft.category,
        comment=draft.comment,
        post_ids=msgspec.json.encode(draft.post_ids),
        rule_ids=msgspec.json.encode(draft.rule_ids),
        created_at_ms=court.world.now_ms(),
        outcome=None,
        version=1,
    )
    writes = [*store.put_report(row), *report_desk.new_report_writes(row)]
    await storage.commit(f"report:{row.id}", writes, [ReportFiled(row.id)], expect=0)
    return row


async def _of_what_was_written(court: Court, draft: Draft) -> Draft:
    """The draft with the post in place of each repost, against who wrote it. NotFound; Invalid.

    What is judged is what was said: a repost has no words of its own, and of one post there is one
    case, however it was come upon.
    """
    found: list[Post] = []
    for post_id in draft.post_ids:
        post = await posts.load(court.world, post_id)
        if post is not None and post.author_id == draft.target_account_id and post.reblog_of_id:
            post = await posts.load(court.world, post.reblog_of_id)
        elif post is not None and post.author_id != draft.target_account_id:
            post = None
        if post is None or not await may_report(court, post, draft.reporter_id):
            raise NotFound("record_not_found", "there is no such post of this account")
        found.append(post)
    authors = {int(post.author_id) for post in found} or {draft.target_account_id}
    if len(authors) > 1:
        raise Invalid("several_authors", "report what several people wrote one by one")
    ids = tuple(dict.fromkeys(int(post.id) for post in found))
    return msgspec.structs.replace(draft, target_account_id=authors.pop(), post_ids=ids)


async def may_report(court: Court, post: Post, account_id: int) -> bool:
    """Whether a post is there to be reported by a member who was shown it, or is aimed at.

    One that was held a moment ago still stands on their phone; and whoever threatens somebody and
    blocks them at once is reported all the same.
    """
    if post.state not in {VISIBLE, HELD}:
        return False
    answered = post.visibility in LISTED and post.in_reply_to_account_id == account_id
    if answered or account_id in post.mentioned_ids:
        return True
    as_shown = msgspec.structs.replace(post, state=VISIBLE)
    return await posts.may_see(court.world, as_shown, account_id)


async def is_aimed_at(court: Court, subject: Subject, account_id: int) -> bool:
    """Whether a post mentions a member: what they say of it is never discounted."""
    if subject.kind != "post":
        return False
    return account_id in await posts.aimed_at(court.world, subject.id)


async def _not_aimed_at(court: Court, draft: Draft) -> int:
    """How many of the posts reported are aimed at others than the reporter."""
    subjects = [Subject("post", one, draft.target_account_id) for one in draft.post_ids]
    aimed = [await is_aimed_at(court, one, draft.reporter_id) for one in subjects]
    return len(aimed) - sum(aimed)


def category_of(row: ReportRow, court: Court) -> str:
    """Our category for a report: by the rule it names, else by Mastodon's category."""
    rule_ids = msgspec.json.decode(row.rule_ids, type=list[int])
    named = tuple(c.name for c in court.policy.categories if c.rule in rule_ids)
    if named:
        return rules.gravest(named)[0]
    return _FROM_MASTODON.get(row.category, "harassment")


async def on_report_filed(court: Court, envelope: Envelope) -> None:
    """Merge a report into the cases of what it is about, and give its reporter a receipt."""
    if not isinstance(envelope.event, ReportFiled):
        return
    row = await store.report(court.world.storage, envelope.event.report_id)
    if row is None:
        return
    post_ids = msgspec.json.decode(row.post_ids, type=list[int])
    subjects = [Subject("post", post_id, row.target_account_id) for post_id in post_ids]
    if not subjects:
        subjects = [Subject("account", row.target_account_id, row.target_account_id)]
    language = await people.language_of(court.world, row.reporter_id)
    receipt = messages.receipt_message(language, str(row.id))
    await delivery.tell(court, row.reporter_id, receipt, key=f"report:{row.id}:receipt")
    for subject in subjects:
        post = await posts.load(court.world, subject.id) if subject.kind == "post" else None
        if post is not None and post.state == DELETED:
            # Its author was faster: nobody is asked to judge what is not there.
            key = f"report:{row.id}:withdrawn"
            await withdrawn.tell_reporter(court, row.id, row.reporter_id, key)
            continue
        said = _source(court, row, post, stood=await _stood(court, row, post))
        source = await _holding(court, subject, said)
        aimed = await is_aimed_at(court, subject, row.reporter_id)
        said_by = await reporters.weight(court, row.reporter_id, aimed_at=aimed)
        source = msgspec.structs.replace(source, weight=said_by)
        case = await intake.note_source(court.world, court.policy, subject, source)
        if case.state in {"decided", "closed"}:
            # Judged before this report came: its reporter hears the outcome at once.
            await tell_outcome(court, case, row.reporter_id)


async def _stood(court: Court, row: ReportRow, post: Post | None) -> bool:
    """Whether a post was there to be read when this was filed."""
    if post is None or post.state == VISIBLE:
        return post is not None
    case = await store.case_of_subject(court.world.storage, "post", post.id)
    # Another report may have hidden it while this one waited to be looked at.
    return case is not None and row.created_at_ms <= (case.held_at_ms or 0)


def _source(court: Court, row: ReportRow, post: Post | None, *, stood: bool) -> Source:
    private = post is not None and post.visibility not in {"public", "unlisted"}
    return Source(
        kind="report",
        # By reporter first: whether someone reported before is one look.
        ref=f"{row.reporter_id}:{row.id}",
        category=category_of(row, court),
        at_ms=row.created_at_ms,
        account_id=row.reporter_id,
        body={"comment": row.comment, SHOWN: stood},
        private=private,
        edited_at_ms=None if post is None else post.edited_at_ms,
    )


async def _holding(court: Court, subject: Subject, source: Source) -> Source:
    """The source, asking for a hold where waiting would do the harm: a few a day and reporter."""
    if subject.kind != "post" or not holds_at_once(source.category, court.policy):
        return source
    storage = court.world.storage
    there = await store.case_of_subject(storage, "post", subject.id)
    if there is not None and (
        there.hold != "none" or await store.has_source(storage, there.id, source)
    ):
        return source
    hold = await notices.count_hold(
        storage, f"account:{source.account_id}", court.world.now_ms(), HOLDS_A_DAY
    )
    return msgspec.structs.replace(source, hold=hold)


async def tell_outcome(court: Court, case: Case, reporter_id: int) -> None:
    """Tell a reporter what was decided; once for each decision."""
    language = await people.language_of(court.world, reporter_id)
    url = f"{court.world.site.base_url}/cases/{case.public_id}"
    category = court.policy.category(case.category)
    text = messages.outcome_message(language, case, category, url)
    await delivery.tell(
        court, reporter_id, text, key=f"case:{case.id}:{case.measured_at_ms}:outcome:{reporter_id}"
    )
