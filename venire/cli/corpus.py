"""The demo's drill data: a stream of posts, a notice about some of them, and the truth.

`build_corpus` expands the hand-written texts in `demo_corpus/` to a whole site, the same for the
same seed; `write_corpus` lays it out as the notice drill reads it: `stream.jsonl`,
`notice/notice.json` with its screenshots, `truth.jsonl`, `answers.jsonl`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from venire.cli.demo_corpus import Language, WrittenPost, mentioned_handles, written_posts
from venire.cli.demo_corpus.composer import Composer, Dice, Person, invent_people
from venire.cli.demo_corpus.reposts import repost
from venire.cli.screenshots import Screenshot, draw
from venire.kernel.chance import SeededChance
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Invalid

ITEMS, BY_URL, BY_TEXT, BY_SCREENSHOT = 98, 30, 28, 40
ABSENT = 4
"""Items of the notice whose post is not on this site: half by text, half by screenshot."""
COPIES, UNNOTICED = 110, 60
FEWEST_ROWS = 1_000
PEOPLE: dict[Language, int] = {"en": 420, "id": 280}
RECEIVED_AT_MS = 1_768_068_000_000
_INDONESIAN_PERCENT = 40
_ROWDY_EVERY = 12
_NAMED = re.compile(r"@\w+")
_SHORTEST_CUT = 40
"""A shorter beginning of a text could be the beginning of several."""
_AGES: dict[Language, tuple[str, ...]] = {
    "en": ("8m", "42m", "3h", "9h", "17h", "1d", "2d", "6 Jan"),
    "id": ("8 mnt", "42 mnt", "3 jam", "9 jam", "17 jam", "1 hari", "2 hari", "6 Jan"),
}

Kind = Literal["noticed", "copy", "unnoticed", "benign"]
_Form = Literal["url", "text", "screenshot"]


class StreamRow(msgspec.Struct, frozen=True):
    """One post, in the order in which it is made; `author` is a handle."""

    id: str
    author: str
    text: str
    lang: Language


class TruthRow(msgspec.Struct, frozen=True):
    """What a careful reader would say of the post with that id."""

    id: str
    violates: bool
    kind: Kind


class AnswerRow(msgspec.Struct, frozen=True):
    """The posts that carry the text of notice item `n`; empty when none does."""

    n: int
    posts: tuple[str, ...]


class NoticeItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of url (`stream:ID`), text (perhaps cut short) or screenshot (a file name)."""

    n: int
    url: str | None = None
    text: str | None = None
    screenshot: str | None = None


class Notice(msgspec.Struct, frozen=True):
    """The message of an invented host."""

    provider: str
    reference: str
    received_at: str
    reply_to: str
    category: str
    due_hours: int
    items: tuple[NoticeItem, ...]


class Corpus(msgspec.Struct, frozen=True):
    """A whole drill; `screenshots` maps the file names of the notice to what they show."""

    stream: tuple[StreamRow, ...]
    notice: Notice
    truth: tuple[TruthRow, ...]
    answers: tuple[AnswerRow, ...]
    people: tuple[Person, ...]
    screenshots: dict[str, Screenshot]


class _Draft(NamedTuple):
    person: Person
    text: str
    kind: Kind
    source: str
    """The id of the hand-written post it carries; empty when it was composed."""


def build_corpus(
    rows: int = 10_000, *, seed: str = "demo", received_at_ms: int = RECEIVED_AT_MS
) -> Corpus:
    """A drill of `rows` posts. Raises Invalid `corpus_too_small` below FEWEST_ROWS."""
    if rows < FEWEST_ROWS:
        raise Invalid("corpus_too_small", f"at least {FEWEST_ROWS} rows are needed", rows=rows)
    dice = Dice(SeededChance(f"venire demo corpus {seed}"))
    crowd = _Crowd(dice)
    violating = dice.shuffled([post for post in written_posts() if post.violates])
    noticed, unnoticed = violating[:ITEMS], violating[ITEMS : ITEMS + UNNOTICED]
    drafts = _posted(dice, crowd, noticed[ABSENT:], unnoticed)
    drafts += _benign(dice, crowd, rows - len(drafts))
    placed = [(f"p{place:05d}", draft) for place, draft in enumerate(dice.shuffled(drafts))]
    items = _Items(dice, crowd, noticed, placed)
    return Corpus(
        stream=tuple(StreamRow(at, it.person.handle, it.text, it.person.lang) for at, it in placed),
        notice=Notice(
            provider="demo-host",
            reference=f"DEMO-NOTICE-{ITEMS}",
            received_at=iso_ms(received_at_ms),
            reply_to="abuse@host.example",
            category="incitement_to_violence",
            due_hours=24,
            items=tuple(items.items),
        ),
        truth=tuple(TruthRow(at, it.kind != "benign", it.kind) for at, it in placed),
        answers=tuple(items.answers),
        people=crowd.people,
        screenshots=items.screenshots,
    )


def write_corpus(
    folder: Path, *, rows: int = 10_000, seed: str = "demo", received_at_ms: int = RECEIVED_AT_MS
) -> Corpus:
    """Lay the drill out under `folder` (made when absent, its files replaced) and return it."""
    corpus = build_corpus(rows, seed=seed, received_at_ms=received_at_ms)
    notice = folder / "notice"
    notice.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "stream.jsonl", corpus.stream)
    _write_lines(folder / "truth.jsonl", corpus.truth)
    _write_lines(folder / "answers.jsonl", corpus.answers)
    body = msgspec.json.format(msgspec.json.encode(corpus.notice), indent=1)
    (notice / "notice.json").write_bytes(body + b"\n")
    for name, shot in corpus.screenshots.items():
        (notice / name).write_bytes(draw(shot))
    return corpus


def same_text_key(text: str) -> str:
    """Letters and digits alone, in one case, nobody named: one key, the same post to a reader."""
    return "".join(filter(str.isalnum, _NAMED.sub("", text).casefold()))


def _write_lines(path: Path, rows: Iterable[msgspec.Struct]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


class _Crowd:
    """Who posts what: some post more than others, and threats come from a small part of them."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.people = invent_people(dice, PEOPLE)
        self.named = [person for person in self.people if person.handle in mentioned_handles()]
        self._by_lang: dict[Language, list[Person]] = {"en": [], "id": []}
        for person in self.people:
            self._by_lang[person.lang].append(person)
        self._rowdy = {
            lang: [person for person in people if person not in self.named][::_ROWDY_EVERY]
            for lang, people in self._by_lang.items()
        }

    def anyone(self, lang: Language) -> Person:
        """Somebody who writes in that language; the lower of two draws makes a few busy."""
        people = self._by_lang[lang]
        return people[min(self._dice.below(len(people)), self._dice.below(len(people)))]

    def rowdy(self, lang: Language, *, besides: Person | None = None) -> Person:
        """One of those who threaten others, and not `besides`."""
        return self._dice.pick([person for person in self._rowdy[lang] if person != besides])


def _posted(
    dice: Dice, crowd: _Crowd, noticed: Sequence[WrittenPost], unnoticed: Sequence[WrittenPost]
) -> list[_Draft]:
    """Every violating post of the stream."""
    drafts = [_Draft(crowd.rowdy(it.lang), it.text, "noticed", it.id) for it in noticed]
    for first in [dice.pick(drafts) for _ in range(COPIES)]:
        person = crowd.rowdy(first.person.lang, besides=first.person)
        drafts.append(_Draft(person, repost(dice, first.text, person.lang), "copy", first.source))
    drafts += [_Draft(crowd.rowdy(it.lang), it.text, "unnoticed", it.id) for it in unnoticed]
    return drafts


def _benign(dice: Dice, crowd: _Crowd, count: int) -> list[_Draft]:
    composer = Composer(dice)
    written = [post for post in written_posts() if not post.violates]
    drafts = [_Draft(crowd.anyone(it.lang), it.text, "benign", it.id) for it in written]
    taken = {same_text_key(post.text) for post in written_posts()}
    missing = count * _INDONESIAN_PERCENT // 100 - sum(it.person.lang == "id" for it in drafts)
    # Whoever is named in a threat needs an account to be told of it, so each of them posts.
    named = list(crowd.named)
    while len(drafts) < count:
        person = named.pop() if named else crowd.anyone("id" if missing > 0 else "en")
        text = composer.post(person, crowd.anyone)
        if same_text_key(text) in taken:
            continue
        taken.add(same_text_key(text))
        missing -= person.lang == "id"
        drafts.append(_Draft(person, text, "benign", ""))
    return drafts


def _forms(counts: Mapping[_Form, int]) -> list[_Form]:
    return [form for form, count in counts.items() for _ in range(count)]


class _Items:
    """The notice: its items in their order, the screenshots they name and the answers."""

    def __init__(
        self,
        dice: Dice,
        crowd: _Crowd,
        noticed: Sequence[WrittenPost],
        placed: Sequence[tuple[str, _Draft]],
    ) -> None:
        self._dice, self._crowd, self._placed = dice, crowd, placed
        self.items: list[NoticeItem] = []
        self.answers: list[AnswerRow] = []
        self.screenshots: dict[str, Screenshot] = {}
        absent = _forms({"text": ABSENT // 2, "screenshot": ABSENT - ABSENT // 2})
        present = _forms(
            {
                "url": BY_URL,
                "text": BY_TEXT - absent.count("text"),
                "screenshot": BY_SCREENSHOT - absent.count("screenshot"),
            }
        )
        forms = zip(noticed, [*absent, *dice.shuffled(present)], strict=True)
        for n, (post, form) in enumerate(dice.shuffled(list(forms)), 1):
            self._add(n, post, form)

    def _add(self, n: int, post: WrittenPost, form: _Form) -> None:
        carriers = [(at, draft) for at, draft in self._placed if draft.source == post.id]
        original = next((it for it in carriers if it[1].kind == "noticed"), None)
        if form == "url" and original is not None:
            item = NoticeItem(n, url=f"stream:{original[0]}")
        elif form == "text":
            item = NoticeItem(n, text=self._perhaps_cut(post.text))
        else:
            item = NoticeItem(n, screenshot=f"{n:03d}.png")
            author = original[1].person if original else self._crowd.rowdy(post.lang)
            self.screenshots[f"{n:03d}.png"] = self._screenshot(author, post)
        self.items.append(item)
        self.answers.append(AnswerRow(n, tuple(at for at, _ in carriers)))

    def _perhaps_cut(self, text: str) -> str:
        if self._dice.happens(55):
            return text
        keep = max(_SHORTEST_CUT, len(text) * (50 + self._dice.below(30)) // 100)
        if keep >= len(text):
            return text
        return text[:keep].rstrip() + self._dice.pick(("", "", "..."))

    def _screenshot(self, author: Person, post: WrittenPost) -> Screenshot:
        below = self._dice.below
        return Screenshot(
            display_name=author.display_name,
            handle=author.handle,
            age=self._dice.pick(_AGES[post.lang]),
            text=post.text,
            lang=post.lang,
            replies=below(60),
            reposts=below(240),
            favourites=below(900),
            dark=self._dice.happens(45),
            layout=self._dice.pick(("detail", "timeline")),
            clock=f"{below(24):02d}:{below(60):02d}",
        )
