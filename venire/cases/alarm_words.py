"""What is written to those who look after the cases: no content, a rule, a deadline, a link."""

from __future__ import annotations

from typing import Final

from venire.cases.policy import CategoryPolicy
from venire.kernel.clock import iso_ms
from venire.kernel.i18n import supported, translate

_WAITS: Final = {
    "ballots": "It waits for ballots of its panel.",
    "bench": "It waits for the bench.",
    "panel": "It waits for its panel to be drawn.",
    "reports": "It waits for a second report.",
    "moderator": "It waits for a moderator.",
    "named_person": "It waits for the person named for such cases.",
    "copyright_procedure": "It waits for the claimant or the uploader.",
    "operator": "It waits for an operator.",
}


def _rule(language: str, category: CategoryPolicy) -> str:
    title = category.title.get(supported(language), category.title["en"])
    return translate(language, "rule {number}, {title}", number=category.rule, title=title)


def _moment(at_ms: int) -> str:
    return iso_ms(at_ms)[:16].replace("T", " ") + " UTC"


def clock_message(  # noqa: PLR0917 - what is late, by when, for whom, and where it is
    language: str,
    category: CategoryPolicy,
    waits_for: str,
    due_at_ms: int,
    url: str,
    queue: str,
    *,
    overdue: bool,
) -> str:
    """To moderators, owner and deputy: a case is short of time, or out of it."""
    due = _moment(due_at_ms)
    rule = _rule(language, category)
    if overdue:
        first = translate(
            language, "A case under {rule} should have been decided by {due}.", rule=rule, due=due
        )
    else:
        first = translate(
            language, "A case under {rule} has to be decided by {due}.", rule=rule, due=due
        )
    parts = [first]
    if waits_for in _WAITS:
        parts.append(translate(language, _WAITS[waits_for]))
    parts.append(
        translate(language, "Case: {url} Others may be late too: {queue}", url=url, queue=queue)
    )
    return " ".join(parts)


def packet_message(language: str, url: str) -> str:
    """To those who may release it: a life may be at risk, and a packet lies ready."""
    return translate(
        language,
        "A life may be at risk: a packet for the police lies ready and sealed. Look at it, and"
        " release it if it is so: {url}",
        url=url,
    )


def posting_stopped_message(language: str, category: CategoryPolicy, until_ms: int) -> str:
    """To the author of a severe threat: no new posts until the verdict."""
    return translate(
        language,
        "Until the verdict on it you cannot post, because of {rule}. Your other posts stay as they"
        " are. This ends by itself with the verdict, at {until} at the latest.",
        rule=_rule(language, category),
        until=_moment(until_ms),
    )


def posting_resumed_message(language: str) -> str:
    """To the author: that is over."""
    return translate(language, "You can post again.")


def released_message(language: str, quote: str, url: str) -> str:
    """To the author: the hold has ended by itself, the judging has not."""
    return translate(
        language,
        "Your post “{quote}” is visible again: nobody has judged it in time. It is still to be"
        " judged. Details: {url}",
        quote=quote,
        url=url,
    )


def released_target_message(language: str, url: str) -> str:
    """To the target: the same."""
    return translate(
        language,
        "A post that mentions you was hidden and is visible again, because nobody has judged it in"
        " time. It is still to be judged. You can hide it for yourself. Details: {url}",
        url=url,
    )


def hold_key_lost_message(language: str) -> str:
    """To a juror whose holds did not last."""
    return translate(
        language,
        "You cannot hide posts by yourself any more: too many of those that you hid were found to"
        " be within the rules. You remain a juror.",
    )
