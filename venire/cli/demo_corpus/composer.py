"""People and benign posts for the demo, the same for the same seed.

A post is an opener, one or two sentences of one topic and a closer, all written by hand; each
person keeps one language and one way of typing, so that a page of posts reads as several people.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from venire.cli.demo_corpus import (
    ANY_TOPIC,
    LANGUAGES,
    Language,
    Phrase,
    mentioned_handles,
    phrases,
    word_lists,
)
from venire.kernel.chance import Chance

Habit = Literal["plain", "lower_case", "no_full_stop", "emoji"]
_HABITS: tuple[Habit, ...] = ("plain", "plain", "plain", "lower_case", "no_full_stop", "emoji")
_CHOICE = re.compile(r"\[([^\[\]]+)\]")
_SLOT = re.compile(r"\{([a-z]+)\}")
_SENTENCE_ENDS = (".", "!", "?")
_T = TypeVar("_T")


class Dice:
    """Choices drawn from a source of chance."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int.from_bytes(self._chance.token(8), "big") % limit

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of them."""
        return choices[self.below(len(choices))]

    def happens(self, percent: int) -> bool:
        """True in `percent` of a hundred draws."""
        return self.below(100) < percent

    def shuffled(self, items: Sequence[_T]) -> list[_T]:
        """All of them, in another order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


class Person(msgspec.Struct, frozen=True):
    """A made-up author: the handle is lower case ASCII, digits and underscores."""

    handle: str
    display_name: str
    lang: Language
    habit: Habit


def invent_people(dice: Dice, shares: Mapping[Language, int]) -> tuple[Person, ...]:
    """As many people per language as `shares` asks for, and those whom written posts name."""
    people = {
        handle: Person(handle, handle.replace("_", " ").title(), lang, "plain")
        for handle, lang in mentioned_handles().items()
    }
    for lang in LANGUAGES:
        given, tails = word_lists()[lang, "given"], word_lists()[lang, "tail"]
        until = len(people) + shares[lang]
        while len(people) < until:
            name, tail = dice.pick(given), dice.pick(tails)
            handle = dice.pick((f"{name}_{tail}", f"{name}{dice.below(90) + 10}", f"{tail}_{name}"))
            if handle in people:
                continue
            initial = chr(ord("A") + dice.below(26))
            shown = dice.pick((name.title(), f"{name.title()} {initial}.", handle))
            people[handle] = Person(handle, shown, lang, dice.pick(_HABITS))
    return tuple(people.values())


class Composer:
    """Writes benign posts out of the phrases."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._parts: dict[tuple[Language, str, str], list[Phrase]] = defaultdict(list)
        for phrase in phrases():
            self._parts[phrase.lang, phrase.topic, phrase.part].append(phrase)
        # A topic with more sentences is talked about more, or its sentences would repeat sooner.
        self._sentences = {
            lang: [row for row in phrases() if row.lang == lang and row.part == "sentence"]
            for lang in LANGUAGES
        }
        self._general_tags = {lang: self._parts[lang, ANY_TOPIC, "tag"] for lang in LANGUAGES}

    def post(self, person: Person, anyone: Callable[[Language], Person]) -> str:
        """One post by `person`; `anyone` gives the person whom a reply addresses."""
        dice = self._dice
        first = dice.pick(self._sentences[person.lang])
        if dice.happens(9):
            text = f"@{anyone(person.lang).handle} {self._say(person.lang, ANY_TOPIC, 'reply')}"
            return _typed(_ended(text), person.habit)
        pieces: list[str] = []
        if dice.happens(34):
            pieces.append(self._say(person.lang, ANY_TOPIC, "opener"))
        pieces.append(_ended(self._worded(first)))
        if dice.happens(32):
            pieces.append(_ended(self._another(first)))
        if dice.happens(45):
            pieces.append(_ended(self._say(person.lang, ANY_TOPIC, "closer")))
        text = _typed(_joined(pieces), person.habit)
        if person.habit == "emoji" or dice.happens(6):
            text = f"{text} {self._say(person.lang, ANY_TOPIC, 'emoji')}"
        if dice.happens(14):
            tags = [*self._parts[person.lang, first.topic, "tag"], *self._general_tags[person.lang]]
            text = f"{text} {dice.pick(tags).text}"
        return text

    def _another(self, first: Phrase) -> str:
        choices = [row for row in self._parts[first.lang, first.topic, "sentence"] if row != first]
        return self._worded(self._dice.pick(choices))

    def _say(self, lang: Language, topic: str, part: str) -> str:
        return self._worded(self._dice.pick(self._parts[lang, topic, part]))

    def _worded(self, phrase: Phrase) -> str:
        def word(match: re.Match[str]) -> str:
            return self._dice.pick(word_lists()[phrase.lang, match[1]])

        chosen = _CHOICE.sub(lambda match: self._dice.pick(match[1].split("|")), phrase.text)
        return _SLOT.sub(word, chosen)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(_SENTENCE_ENDS) else f"{sentence}."


def _joined(pieces: Sequence[str]) -> str:
    text = ""
    for piece in pieces:
        # After "Honestly," and "Good news:" a sentence goes on in lower case.
        begins = not text or text.endswith(_SENTENCE_ENDS)
        text += (" " if text else "") + (piece[0].upper() + piece[1:] if begins else piece)
    return text


def _typed(text: str, habit: Habit) -> str:
    if habit == "lower_case":
        return text.lower()
    if habit == "no_full_stop":
        return text.removesuffix(".")
    return text
