"""What is written to people: author, reporter, target. Plain, in their language, without names.

The author never learns who reported; nobody learns who judged.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.cases.model import Case, Statement
from venire.cases.policy import CategoryPolicy
from venire.kernel.clock import iso_ms
from venire.kernel.i18n import supported, translate

_QUOTED = 120


def title_of(category: CategoryPolicy, language: str) -> str:
    """What a rule is called."""
    return category.title.get(supported(language), category.title["en"])


def _rule(language: str, category: CategoryPolicy) -> str:
    title = title_of(category, language)
    return translate(language, "rule {number}, {title}", number=category.rule, title=title)


def _quote(text: str) -> str:
    """The beginning of a post, on one line: enough to know which one is meant."""
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else line[: _QUOTED - 1] + "…"


def hold_message(
    language: str, category: CategoryPolicy, text: str, words: Sequence[str], url: str
) -> str:
    """To the author: the post is hidden for now, why, and who decides."""
    parts = [
        translate(
            language,
            "Your post “{quote}” is hidden from others for now: it may break {rule}.",
            quote=_quote(text),
            rule=_rule(language, category),
        )
    ]
    if words:
        marked = ", ".join(f"“{word}”" for word in words[:5])
        parts.append(translate(language, "What stood out: {words}.", words=marked))
    parts.append(
        translate(
            language,
            "Members of the jury decide. If they keep it, it comes back as it was, at its place,"
            " without points. Details: {url}",
            url=url,
        )
    )
    return " ".join(parts)


def sealed_message(language: str, category: CategoryPolicy, url: str) -> str:
    """To the author: hidden from everyone, and one named person looks at it."""
    return translate(
        language,
        "A post of yours is hidden, from you too: it may break {rule}. One person who is named for"
        " this looks at it, and no jury. Details: {url}",
        rule=_rule(language, category),
        url=url,
    )


def removal_message(
    language: str, category: CategoryPolicy, text: str, statement: Statement, url: str
) -> str:
    """To the author: the post is removed, on which ground, at what cost, and how to object."""
    parts = [
        translate(
            language,
            "Your post “{quote}” was removed: it breaks {rule}.",
            quote=_quote(text),
            rule=_rule(language, category),
        ),
        translate(language, _DECIDED[statement.decided_by]),
        *_cost_and_appeal(language, statement, url),
    ]
    return " ".join(parts)


_IN_PLACE = {
    "label": "Your post “{quote}” stays, behind a warning: it breaks {rule}.",
    "demote": (
        "Your post “{quote}” stays, but is left out of public pages, search and trends: it breaks"
        " {rule}."
    ),
}


def in_place_message(
    language: str, category: CategoryPolicy, text: str, statement: Statement, url: str
) -> str:
    """To the author: the post stays in its place, but not as it was."""
    said = translate(
        language,
        _IN_PLACE[statement.measure],
        quote=_quote(text),
        rule=_rule(language, category),
    )
    decided = translate(language, _DECIDED[statement.decided_by])
    return " ".join([said, decided, *_cost_and_appeal(language, statement, url)])


_LIMITED = {
    "sensitive": "Your pictures are hidden behind a warning from now on.",
    "silence": "Your posts are left out of public lists, and only your followers are notified.",
    "disable": "Nobody can sign in to your account for now.",
    "suspend": "Your account is suspended: you can read and leave, but not post.",
}


def account_message(
    language: str,
    category: CategoryPolicy,
    kind: str,
    statement: Statement,
    url: str,
    *,
    case: Case,
) -> str:
    """To the holder of an account that was judged as a whole. `kind`: measure or lift."""
    standing = [translate(language, _LIMITED[limit]) for limit, _ in case.limits]
    if kind == "lift" and not case.struck:
        ended = translate(
            language,
            "A moderator took back what had been put on your account. Details: {url}",
            url=url,
        )
        return " ".join([ended, *standing])
    if kind == "lift":
        return translate(
            language,
            "What was held against your account was judged to be within the rules. It costs no"
            " points. Details: {url}",
            url=url,
        )
    found = translate(
        language, "Your account was found to break {rule}.", rule=_rule(language, category)
    )
    decided = translate(language, _DECIDED[statement.decided_by])
    return " ".join([found, decided, *standing, *_cost_and_appeal(language, statement, url)])


def _cost_and_appeal(language: str, statement: Statement, url: str) -> list[str]:
    parts: list[str] = []
    if statement.points and statement.points_expire_ms is not None:
        parts.append(
            translate(
                language,
                "It costs {points} points until {day}.",
                points=statement.points,
                day=iso_ms(statement.points_expire_ms)[:10],
            )
        )
    if statement.suspended_until_ms is not None:
        parts.append(
            translate(
                language,
                "You have {points} points now, so your account is suspended until {day}: you can"
                " read and appeal, but not post.",
                points=statement.standing_points,
                day=iso_ms(statement.suspended_until_ms)[:10],
            )
        )
    elif statement.standing_points > statement.points > 0:
        parts.append(
            translate(
                language,
                "You have {points} points now; at {most} an account is suspended.",
                points=statement.standing_points,
                most=statement.suspend_at,
            )
        )
    if statement.appeal_until_ms is not None:
        parts.append(
            translate(
                language,
                "You can appeal until {day}: {url}",
                day=iso_ms(statement.appeal_until_ms)[:10],
                url=url,
            )
        )
    return parts


_DECIDED = {
    "panel": "A panel of members drawn by lot decided.",
    "bench": "A member of the bench decided.",
    "admin": "An admin decided, in place of the bench.",
    "appeal": "A fresh panel decided on appeal.",
    "moderator": "A moderator decided.",
    "named_person": "A moderator decided.",
    "bank": "It is a copy of a post that was removed by a verdict.",
}


def lift_message(language: str, text: str, url: str) -> str:
    """To the author: the post is back."""
    return translate(
        language,
        "Your post “{quote}” is visible again: it was judged to be within the rules. It costs no"
        " points, and the hold counts as a false one in the public figures. Details: {url}",
        quote=_quote(text),
        url=url,
    )


def put_back_message(language: str, text: str, url: str) -> str:
    """To an uploader: the post is back, and nobody has judged whose work it is."""
    return translate(
        language,
        "Your post “{quote}” is visible again: the claim of copyright was taken back, or your"
        " answer to it stood. It costs no points. Details: {url}",
        quote=_quote(text),
        url=url,
    )


def receipt_message(language: str, reference: str) -> str:
    """To a reporter: the report has arrived."""
    return translate(
        language,
        "Thank you, your report {reference} has arrived. You will hear what became of it. The"
        " author is never told who reported.",
        reference=reference,
    )


_OUTCOMES = {
    "label": (
        "What you reported was found to break {rule} and stands behind a warning. Record: {url}"
    ),
    "demote": (
        "What you reported was found to break {rule} and is left out of public pages, search and"
        " trends. Record: {url}"
    ),
}
_TARGETS = {
    "label": "A post that mentions you stands behind a warning: it breaks {rule}. Record: {url}",
    "demote": (
        "A post that mentions you is left out of public pages, search and trends: it breaks"
        " {rule}. Record: {url}"
    ),
    "remove": "A post that mentions you was removed: it breaks {rule}. Record: {url}",
}


def outcome_message(language: str, case: Case, category: CategoryPolicy, url: str) -> str:
    """To a reporter or the target: what was decided, and whether an appeal has changed it."""
    if case.appeals:
        decided = outcome_message(language, msgspec.structs.replace(case, appeals=0), category, url)
        return f"{translate(language, 'An appeal has changed what was decided.')} {decided}"
    if case.verdict == "violates" and case.subject_kind == "account":
        return translate(
            language,
            "What you reported was found to break {rule}. Record: {url}",
            rule=_rule(language, category),
            url=url,
        )
    if case.verdict == "violates":
        return translate(
            language,
            _OUTCOMES.get(
                case.measure,
                "What you reported was found to break {rule} and was removed. Record: {url}",
            ),
            rule=_rule(language, category),
            url=url,
        )
    return translate(
        language,
        "What you reported was judged to be within the rules and stays. Record: {url}",
        url=url,
    )


def target_message(language: str, kind: str, category: CategoryPolicy, url: str) -> str:
    """To the person a post is aimed at, whoever reported it. `kind`: hold, lift or a measure."""
    if kind == "hold":
        return translate(
            language,
            "A post that mentions you is hidden: it may break {rule}. Members of the jury decide."
            " Details: {url}",
            rule=_rule(language, category),
            url=url,
        )
    if kind in _TARGETS:
        rule = _rule(language, category)
        return translate(language, _TARGETS[kind], rule=rule, url=url)
    return translate(
        language,
        "A post that mentions you was hidden and is visible again: it was judged to be within the"
        " rules. You can hide it for yourself by blocking its author. Record: {url}",
        url=url,
    )


def withdrawn_message(language: str) -> str:
    """To a reporter: what was reported is gone, and nobody judges it."""
    return translate(
        language,
        "What you reported was deleted by its author before it was judged: nobody sees it any more,"
        " and nothing was decided.",
    )


def withdrawn_target_message(language: str) -> str:
    """To the person a hidden post was aimed at: it is gone."""
    return translate(
        language,
        "A post that mentions you, and was hidden, was deleted by its author before it was judged:"
        " nobody sees it any more.",
    )


def thanks_message(language: str, count: int, year: int) -> str:
    """To a juror, now and then: nothing of what was judged, and nobody else reads it."""
    return translate(
        language,
        "Thank you. You have cast {count} ballots in {year}, and this place is kinder for it.",
        count=count,
        year=year,
    )


def summons_text(language: str, url: str) -> str:
    """To a juror by text or chat, where others may read along: that, and where; short."""
    return translate(language, "There is an invitation for you: {url}", url=url)


def summons_message(language: str, url: str) -> str:
    """To a juror: no content, no pressure."""
    return translate(
        language,
        "There is an invitation for you in the jury room: {url} You may decline without giving a"
        " reason.",
        url=url,
    )
