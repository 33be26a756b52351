"""What search costs as the site grows: `python -m benchmarks.search [POSTS ...]`.

Made-up posts of 20 words, whose words are as unevenly common as those of a language, by one author
in 80 posts; one author in three lets everyone find what they post. Milliseconds are of the index
alone, by the clock on the wall, warm: the middle question of 200 and the slowest but one in 100.
"""

# ruff: noqa: INP001, S311, TID251 - a command, not a package; the same made-up posts each time

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from venire.adapters.search.sqlite_fts import SqliteIndex
from venire.kernel.ports import Document, Sought

SIZES = (10_000, 1_000_000)
BATCH = 500
WORDS = 20
TIMES = 200
ME = 3
Figures = dict[str, float]
Question = Callable[[random.Random], Awaitable[object]]


class Language:
    """Words, the first ones as common as "the" and "of"."""

    def __init__(self, words: int = 60_000) -> None:
        chance = random.Random(1)
        letters = "abcdefghijklmnoprstu"
        self.words = [
            "".join(chance.choices(letters, k=chance.randint(3, 9))) for _ in range(words)
        ]
        self._weights = list(itertools.accumulate(1 / (place + 3) for place in range(words)))

    def text(self, chance: random.Random) -> str:
        """A post."""
        return " ".join(chance.choices(self.words, cum_weights=self._weights, k=WORDS))


def documents(language: Language, posts: int) -> Iterator[list[Document]]:
    """So many posts, in batches."""
    chance = random.Random(2)
    authors = max(120, posts // 80)
    for start in range(0, posts, BATCH):
        batch = []
        for number in range(start, min(posts, start + BATCH)):
            author = chance.randrange(authors)
            marks = [f"by{author}", "langen"]
            marks += ["findable"] if author % 3 == 0 else []
            marks += ["islink"] if chance.random() < 0.2 else []  # noqa: PLR2004 - a share
            tags = (chance.choice(language.words[:5_000]),) if chance.random() < 0.1 else ()  # noqa: PLR2004 - same
            batch.append(
                Document(
                    (number + 1) << 16,
                    author,
                    "",
                    language.text(chance),
                    0,
                    marks=tuple(marks),
                    tags=tags,
                    readers=(author,) if number % 10 == 0 else None,
                )
            )
        yield batch


def questions(index: SqliteIndex, words: Sequence[str], posts: int) -> dict[str, Question]:
    """What members ask, each time a little different."""
    scope = ("findable", f"by{ME}", f"to{ME}")
    kept = frozenset(number << 16 for number in random.Random(3).sample(range(posts), 5_000))

    def seek(*texts: str, **more: object) -> Awaitable[object]:
        sought = Sought(texts=texts, scope=scope, reader_id=ME, **more)  # type: ignore[arg-type]
        return index.search(sought, 24)

    def one(low: int, high: int) -> Callable[[random.Random], str]:
        return lambda chance: words[chance.randrange(low, high)]

    common, usual, rare = one(0, 30), one(100, 2_000), one(20_000, 50_000)
    return {
        "a common word": lambda c: seek(common(c)),
        "a usual word": lambda c: seek(usual(c)),
        "a rare word": lambda c: seek(rare(c)),
        "two common words": lambda c: seek(common(c), common(c)),
        "a common and a rare word": lambda c: seek(common(c), rare(c)),
        "a phrase of common words": lambda c: seek(f"{common(c)} {common(c)}"),
        "usual, has:link, -common": lambda c: seek(
            usual(c), marks=(("islink",),), without_texts=(common(c),)
        ),
        "from:me usual": lambda c: seek(usual(c), marks=((f"by{ME}",),)),
        "usual, 5,000 posts kept": lambda c: seek(usual(c), within=kept),
        "parts of words": lambda c: index.part_matches([usual(c)[:5]], 24),
        "tags that begin so": lambda c: index.tags(usual(c)[: c.randint(1, 5)], 40),
        "12 words, to locate": lambda c: index.candidates([usual(c) for _ in range(12)], "any", 60),
    }


async def measure(folder: Path, posts: int) -> Figures:
    """Every figure at one size."""
    path = folder / f"{posts}.db"
    language, index = Language(), SqliteIndex(path)
    spent = 0.0
    for batch in documents(language, posts):
        began = time.process_time()
        await index.index(batch)
        spent += time.process_time() - began
    figures = {"index a post, us of CPU": spent / posts * 1e6}
    for name, ask in questions(index, language.words, posts).items():
        chance = random.Random(name)
        taken = []
        for _ in range(TIMES):
            began = time.perf_counter()
            await ask(chance)
            taken.append((time.perf_counter() - began) * 1e3)
        taken.sort()
        figures[f"{name}, ms"] = statistics.median(taken)
        figures[f"{name}, ms p99"] = taken[int(TIMES * 0.99) - 1]
    await index.close()
    figures["file, MB"] = path.stat().st_size / 1e6
    return figures


def main() -> None:
    """Print one column for each size."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        columns = [asyncio.run(measure(Path(folder), size)) for size in sizes]
    printed = Table("", *(f"{size:,} posts" for size in sizes), title="search")
    for name in columns[0]:
        if not name.endswith(" p99"):
            last = [column.get(f"{name} p99") for column in columns]
            cells = [
                f"{column[name]:.2f}" + (f"  ({p99:.2f})" if p99 is not None else "")
                for column, p99 in zip(columns, last, strict=True)
            ]
            printed.add_row(name, *cells)
    Console().print(printed)


if __name__ == "__main__":
    main()
