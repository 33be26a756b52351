"""An entry of the public record in words: its title, one sentence, and every key of its header."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from venire.cases.policy import Policy
from venire.kernel.clock import parse_iso_ms
from venire.web import moments, record_words, words

_TITLED = frozenset({"type", "hour"})
_CODES = frozenset(
    {
        "exclusion_rule",
        "nonces_root",
        "policy",
        "randomness",
        "root",
        "rules",
        "seed",
        "seed_commitment",
        "sheets_root",
        "signature",
    }
)
_SHOWN_PLACES = 60

Say = Callable[..., str]


class Fact(NamedTuple):
    """A value of a header: as text, as code (a hash), or with the page that it leads to."""

    text: str
    code: bool = False
    path: str = ""


class EntryWords(NamedTuple):
    """An entry as people read it."""

    title: str
    hour: str
    sentence: str
    facts: list[tuple[str, Fact]]


class Reader(NamedTuple):
    """In whose language, under which policy. `say` translates."""

    say: Say
    language: str
    policy: Policy

    def rule(self, category: str) -> str:
        """`rule 1, Threats and incitement of violence`; the bare category where it is none."""
        for known in self.policy.categories:
            if known.name == category:
                title = known.title.get(self.language) or known.title["en"]
                return self.say("rule {number}, {title}", number=known.rule, title=title)
        return category.replace("_", " ")


def put_in_words(header: Mapping[str, Any], reader: Reader) -> EntryWords:
    """What a header says. Headers come from a closed list (`record.headers`)."""
    kind = str(header["type"])
    at_ms = parse_iso_ms(str(header["hour"]).replace("Z", ":00:00+00:00"))
    facts = [
        (reader.say(record_words.HEADER_KEYS.get(key, key)), _fact(key, header[key], reader))
        for key in sorted(header, key=lambda key: (key not in _FIRST, _FIRST.get(key, 0), key))
        if key not in _TITLED
    ]
    title = record_words.ENTRY_TYPES.get(kind, kind)
    return EntryWords(
        title=reader.say(title),
        hour=moments.hour(at_ms, reader.language),
        sentence=_sentence(kind, header, reader),
        facts=facts,
    )


_FIRST = {
    key: place
    for place, key in enumerate(
        ("case", "category", "clause", "verdict", "measure", "action", "source", "judged_by")
    )
}


_PATHS: Mapping[str, str] = {
    "case": "/cases/{}",
    "corrects": "/record/entry/{}",
    "epoch": "/record/pool/{}",
}


def _fact(key: str, value: Any, reader: Reader) -> Fact:
    if isinstance(value, bool):
        return Fact(reader.say(record_words.YES_NO[value]))
    if isinstance(value, list):
        shown = ", ".join(str(place) for place in value[:_SHOWN_PLACES])
        more = f", … ({len(value)})" if len(value) > _SHOWN_PLACES else ""
        return Fact(f"{shown}{more}" if value else reader.say("none"))
    if key in _PATHS:
        return Fact(str(value), path=_PATHS[key].format(value))
    if key in _CODES:
        return Fact(str(value), code=True)
    return Fact(_value(key, value, reader))


def _value(key: str, value: Any, reader: Reader) -> str:
    if key == "category":
        return reader.rule(str(value))
    table = _TABLES.get(key, record_words.HEADER_VALUES)
    known = table.get(str(value)) or record_words.HEADER_VALUES.get(str(value))
    return reader.say(known) if known else str(value)


_TABLES: Mapping[str, Mapping[str, str]] = {
    "action": words.MEASURES,
    "cause": {**record_words.HEADER_VALUES, "moderator": words.FOUND_BY["moderator"]},
    "judged_by": words.DECIDED_BY,
    "measure": words.MEASURES,
    "notice_kind": words.NOTICE_KINDS,
    "source": words.FOUND_BY,
    "stage": words.STATEMENT_KINDS,
    "state": words.ITEM_STATES,
    "verdict": words.VERDICTS,
}


def _rule(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.rule(str(header.get("category", "")))


def _worded(table: Mapping[str, str], header: Mapping[str, Any], key: str, reader: Reader) -> str:
    known = table.get(str(header.get(key)))
    return reader.say(known) if known else ""


def _hold(header: Mapping[str, Any], reader: Reader) -> str:
    source = _worded(words.FOUND_BY, header, "source", reader)
    rule = _rule(header, reader)
    return reader.say("It may break {rule}. Found through {source}.", rule=rule, source=source)


def _verdict(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.say(
        "{verdict} ({rule}). {judge}.",
        verdict=_worded(words.VERDICTS, header, "verdict", reader),
        rule=_rule(header, reader),
        judge=_worded(words.DECIDED_BY, header, "judged_by", reader),
    )


def _measure(header: Mapping[str, Any], reader: Reader) -> str:
    measure = _worded(words.MEASURES, header, "measure", reader)
    rule = _rule(header, reader)
    return reader.say("What follows: {measure}, under {rule}.", measure=measure, rule=rule)


def _lift(header: Mapping[str, Any], reader: Reader) -> str:
    if header.get("measure") == "suspend":
        return reader.say("Its author may post again, after {rule}.", rule=_rule(header, reader))
    return reader.say("It was hidden under {rule}.", rule=_rule(header, reader))


def _by_hand(header: Mapping[str, Any], reader: Reader) -> str:
    action = _worded(words.MEASURES, header, "action", reader)
    rule = _rule(header, reader)
    return reader.say("By hand: {action}, under {rule}.", action=action, rule=rule)


def _draw(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.say(
        "For case {case}, from pool {epoch}. Excluded beforehand: {count}.",
        case=str(header["case"])[:12],
        epoch=header["epoch"],
        count=len(header["excluded"]),
    )


def _places(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.say(
        "Case {case}. Places in the pool: {count}.",
        case=str(header["case"])[:12],
        count=len(header["indices"]),
    )


def _chance(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.say(
        "Case {case}, by {source}.",
        case=str(header["case"])[:12],
        source=_worded(record_words.HEADER_VALUES, header, "strength", reader),
    )


def _epoch(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.say(
        "Pool {epoch}. Members who may be drawn: {size}.",
        epoch=header["epoch"],
        size=header["size"],
    )


def _notice(header: Mapping[str, Any], reader: Reader) -> str:
    return reader.say("Items: {count}.", count=header["items"])


def _notice_item(header: Mapping[str, Any], reader: Reader) -> str:
    return _worded(words.ITEM_STATES, header, "state", reader)


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any], Reader], str]] = {
    "hold": _hold,
    "verdict": _verdict,
    "measure": _measure,
    "lift": _lift,
    "moderator_action": _by_hand,
    "draw": _draw,
    "chance": _chance,
    "seat": _places,
    "decline": _places,
    "timeout": _places,
    "epoch": _epoch,
    "notice": _notice,
    "notice_item": _notice_item,
}
"""A type whose title says it all has none."""


def _sentence(kind: str, header: Mapping[str, Any], reader: Reader) -> str:
    told = _SENTENCES.get(kind)
    return told(header, reader) if told is not None else ""
