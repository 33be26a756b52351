"""The notice drill: a stream of posts, a host's notice, a jury, a score.

Everything goes through the HTTP API of a running site. The truth is read by the simulated jurors
and by the score, nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx

from venire.cases.views import mask_handles
from venire.cli.drills import people
from venire.cli.drills.jurors import Cast, Jurors
from venire.cli.drills.people import Member, answer, call
from venire.kernel.clock import SystemClock, iso_ms
from venire.kernel.errors import Invalid, Unavailable

BENCH = 5
_POSTS_AT_ONCE = 32
_SETTLE_S = 900.0


class Watcher(Protocol):
    """Whoever shows how far the drill is."""

    def stage(self, name: str, total: int | None) -> None:
        """A new stage has begun."""

    def step(self, count: int = 1) -> None:
        """The stage went on."""

    def note(self, text: str) -> None:
        """Something to say."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row of the stream."""

    id: str
    author: str
    text: str
    lang: str


@dataclasses.dataclass(frozen=True)
class Material:
    """What the drill is given. `answers`: item number -> stream ids, empty when absent."""

    folder: Path
    stream: tuple[Row, ...]
    truth: dict[str, dict[str, Any]]
    answers: dict[int, tuple[str, ...]]
    notice: dict[str, Any]


def read_material(
    folder: Path, truth: Path | None, answers: Path | None, limit: int | None
) -> Material:
    """Read a drill folder. Raises Invalid `drill_folder_invalid` naming the file and line."""
    rows = _rows(folder / "stream.jsonl")
    stream = tuple(
        Row(str(r["id"]), str(r["author"]), str(r["text"]), str(r.get("lang") or "en"))
        for r in rows[:limit]
    )
    truths = {str(r["id"]): r for r in _rows(truth or folder / "truth.jsonl")}
    found = answers or folder / "answers.jsonl"
    answered = _rows(found) if found.exists() else []
    kept = {row.id for row in stream}
    path = folder / "notice" / "notice.json"
    try:
        notice = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Invalid("drill_folder_invalid", f"{path}: {error}") from error
    return Material(
        folder=folder,
        stream=stream,
        truth=truths,
        answers={int(r["n"]): tuple(p for p in r["posts"] if p in kept) for r in answered},
        notice=notice,
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Invalid("drill_folder_invalid", f"{path}: {error.strerror}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise Invalid("drill_folder_invalid", f"{path}:{number}: {error}") from error
    return rows


@dataclasses.dataclass
class Run:
    """What happened, by stream id; the material of the score and of `--run`."""

    material: Material
    post_ids: dict[str, str] = dataclasses.field(default_factory=dict)
    urls: dict[str, str] = dataclasses.field(default_factory=dict)
    refused: set[str] = dataclasses.field(default_factory=set)
    post_seconds: float = 0.0
    imported_at: str = ""
    notice_ref: str = ""
    notice: dict[str, Any] = dataclasses.field(default_factory=dict)
    cases: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    ballots: list[Cast] = dataclasses.field(default_factory=list)
    jurors: Jurors | None = None
    statements: int = 0
    reply_pack: bool = False
    began: float = dataclasses.field(default_factory=time.monotonic)


def safe_name(author: str) -> str:
    """A username that the site takes, from the stream's author."""
    name = re.sub(r"[^a-z0-9_]", "_", author.lower())[:28] or "member"
    return f"{name}_" if name in {"venire", "admin", "root"} else name


async def perform(
    url: str, material: Material, admin: Member, options: Options, watcher: Watcher
) -> Run:
    """Run the drill on a site that is up, with an admin's token; return what happened."""
    run = Run(material)
    async with people.open_client(url) as client:
        authors, jurors = await _gather_people(client, material, admin, options, watcher)
        stop = asyncio.Event()
        serving = asyncio.create_task(jurors.serve(stop))
        try:
            await _post_stream(client, run, authors, watcher)
            await _settled(client, admin, jurors, watcher, "Judging what detection found")
            await _send_notice(client, run, admin, watcher)
            await _settled(client, admin, jurors, watcher, "Judging what the notice named")
            await _collect(client, run, admin, authors, watcher)
        finally:
            stop.set()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
                await serving
        run.ballots = list(jurors.cast)
        run.jurors = dataclasses.replace(jurors, cast=[])
        if jurors.unknown:
            watcher.note(f"{sum(jurors.unknown.values())} summons showed a text no juror knew")
        if jurors.refused:
            watcher.note(f"answers that came too late or twice: {dict(jurors.refused)}")
    return run


@dataclasses.dataclass(frozen=True)
class Options:
    """The flags of the drill."""

    jurors: int = 400
    juror_accuracy: float = 0.85
    seed: str = "1"


async def _gather_people(
    client: httpx.AsyncClient,
    material: Material,
    admin: Member,
    options: Options,
    watcher: Watcher,
) -> tuple[dict[str, Member], Jurors]:
    names = sorted({safe_name(row.author) for row in material.stream})
    pool = [f"juror_{number:04d}" for number in range(options.jurors)]
    bench = [f"bench_{number}" for number in range(BENCH)]
    watcher.stage("Signing people up", len(names) + len(pool) + len(bench))
    app = await people.app_token(client)
    members = await people.sign_up(client, app, [*names, *pool, *bench], watcher.step)
    for name in pool:
        await answer(client, "POST", "/api/v1/jury/opt_in", members[name], json={"consent": True})
    for name in bench:
        account = await people.whoami(client, members[name])
        await answer(
            client,
            "POST",
            "/api/v1/admin/jurors",
            admin,
            json={"account_id": account, "bench": True},
        )
    await answer(client, "POST", "/api/v1/admin/epochs", admin)
    truth = {
        mask_handles(row.text): bool(material.truth.get(row.id, {}).get("violates"))
        for row in material.stream
    }
    jurors = Jurors(
        client=client,
        pool=[members[name] for name in pool],
        bench=[members[name] for name in bench],
        truth=truth,
        mask=mask_handles,
        accuracy=options.juror_accuracy,
        seed=options.seed,
    )
    return members, jurors


async def _post_stream(
    client: httpx.AsyncClient, run: Run, authors: dict[str, Member], watcher: Watcher
) -> None:
    watcher.stage("Posting", len(run.material.stream))
    began = time.monotonic()
    gate = asyncio.Semaphore(_POSTS_AT_ONCE)

    async def one(row: Row) -> None:
        async with gate:
            made = await call(
                client,
                "POST",
                "/api/v1/statuses",
                authors[safe_name(row.author)],
                json={"status": row.text, "language": row.lang, "visibility": "public"},
            )
            if made.is_success:
                shown = made.json()
                run.post_ids[row.id] = shown["id"]
                run.urls[row.id] = shown["url"]
            elif made.status_code == 422:  # noqa: PLR2004 - the site does not take such a text
                run.refused.add(row.id)
            else:
                raise Unavailable("site_refused", f"{made.status_code} {made.text[:300]}")
            watcher.step()

    await asyncio.gather(*(one(row) for row in run.material.stream))
    run.post_seconds = time.monotonic() - began


async def _settled(
    client: httpx.AsyncClient, admin: Member, jurors: Jurors, watcher: Watcher, stage: str
) -> None:
    """Wait until no case waits for anyone but the operator, and every event has been heard."""
    watcher.stage(stage, None)
    until = time.monotonic() + _SETTLE_S
    quiet = 0
    while time.monotonic() < until:
        if jurors.failure is not None:
            raise jurors.failure
        shown = await answer(client, "GET", "/api/v1/admin/health", admin)
        waiting = shown["open_cases"] - shown["cases_for_operator"]
        quiet = quiet + 1 if shown["drained"] and not waiting and not shown["reading"] else 0
        if quiet >= 3:  # noqa: PLR2004 - a handler may still be between two commits
            return
        await asyncio.sleep(0.4)
    raise Unavailable("drill_does_not_settle", f"cases are still open after {_SETTLE_S:.0f} s")


async def _send_notice(
    client: httpx.AsyncClient, run: Run, admin: Member, watcher: Watcher
) -> None:
    folder = run.material.folder / "notice"
    document = dict(run.material.notice)
    items = []
    for item in document.get("items", []):
        given = dict(item)
        url = str(given.get("url") or "")
        if url.startswith("stream:"):
            # A row that is not in this run (`--limit`) becomes a post that never was.
            absent = f"{str(client.base_url).rstrip('/')}/@nobody/1"
            given["url"] = run.urls.get(url[7:], absent)
        items.append(given)
    document["items"] = items
    files = [("notice", ("notice.json", json.dumps(document).encode(), "application/json"))]
    for item in items:
        name = item.get("screenshot")
        if name and (folder / name).is_file():
            files.append(("file", (name, (folder / name).read_bytes(), "image/png")))
    watcher.stage("Reading and locating the notice", len(items))
    run.imported_at = iso_ms(SystemClock().now_ms())
    sent = await answer(client, "POST", "/api/v1/notices", admin, files=files)
    run.notice_ref = str(sent["ref"])
    done = 0
    while True:
        shown = await answer(client, "GET", f"/api/v1/notices/{run.notice_ref}", admin)
        read = sum(item["state"] != "received" for item in shown["items"])
        watcher.step(read - done)
        done = read
        if done == len(shown["items"]):
            return
        await asyncio.sleep(0.3)


async def _collect(
    client: httpx.AsyncClient,
    run: Run,
    admin: Member,
    authors: dict[str, Member],
    watcher: Watcher,
) -> None:
    watcher.stage("Collecting the outcome", None)
    run.notice = await answer(client, "GET", f"/api/v1/notices/{run.notice_ref}", admin)
    cursor: str | None = ""
    while cursor is not None:
        page = await answer(client, "GET", f"/api/v1/admin/cases?cursor={cursor}", admin)
        run.cases += page["cases"]
        cursor = page["next"]
    by_post = {post: stream for stream, post in run.post_ids.items()}
    names = {row.id: safe_name(row.author) for row in run.material.stream}
    concerned = {
        names[by_post[case["subject_id"]]]
        for case in run.cases
        if case["subject_id"] in by_post and (case["hold"] != "none" or case["measure"])
    }
    for name in sorted(concerned):
        below = ""
        while True:
            page = await answer(client, "GET", f"/api/v1/statements?limit=40{below}", authors[name])
            run.statements += len(page)
            if len(page) < 40:  # noqa: PLR2004 - a short page is the last
                break
            below = f"&max_id={page[-1]['id']}"
    reply = await call(client, "GET", f"/api/v1/notices/{run.notice_ref}/reply.json", admin)
    run.reply_pack = reply.is_success and len(reply.json().get("items", [])) == len(
        run.notice["items"]
    )


def ids_of(run: Run, posts: Sequence[str]) -> list[str]:
    """Stream ids of post ids; a post that no row made keeps its own id, as wrong as it is."""
    by_post = {post: stream for stream, post in run.post_ids.items()}
    return [by_post.get(post, f"post:{post}") for post in posts]
