"""`venire notice import`, `show`, `reply`: on a data folder, or on a site elsewhere by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from venire.api.notices import item_view
from venire.cases import answers, releases
from venire.cli.elsewhere import ask, token_option, url_option
from venire.cli.options import data_option, json_option, on_house, print_result
from venire.kernel.clock import SystemClock, iso_ms
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.notices import actions, intake, store
from venire.notices.model import Envelope
from venire.notices.replies import Pack
from venire.server.wiring import House


@click.group()
def notice() -> None:
    """Notices from outside bodies: hosts, stores, authorities."""


@notice.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--provider", default="", help="Who sent it, when the document does not say.")
@data_option
@url_option
@token_option
@json_option
def import_notice(
    path: Path,
    provider: str,
    data: str | None,
    url: str | None,
    token_file: Path | None,
    json_to: str | None,
) -> None:
    """Import a folder with notice.json and files, a .csv, a .json or a .eml."""
    if url is not None:
        result = _send(path, url, token_file)
    else:
        result = on_house(lambda house: _receive(house, path, provider), data=data)
    readable = (
        f"notice {result['ref']}: {result['items']} items kept. A running site works on it now;"
        f" follow it with: venire notice show {result['ref']}"
    )
    print_result(result, json_to, readable)


async def _receive(house: House, path: Path, provider: str) -> dict[str, Any]:
    parcel = intake.open_path(path)
    parsed = intake.parse_document(
        parcel.document,
        now_ms=house.world.now_ms(),
        name=parcel.name,
        files=parcel.files,
        envelope=Envelope(provider=provider),
    )
    per_day = await releases.posts_to_compare(house.court, len(parsed.items))
    kept = await actions.receive(
        house.world,
        house.court.objects,
        house.court.policy.notices,
        actions.Delivery(parsed, parcel.document, parcel.files),
        # Whoever may write to the data folder is the operator.
        actions.Sender("", verified=True, posts_per_day=per_day),
    )
    return {"ref": str(kept.id), "items": kept.item_count}


def _send(path: Path, url: str, token_file: Path | None) -> dict[str, Any]:
    parcel = intake.open_path(path)
    now_ms = SystemClock().now_ms()
    files = [("notice", (parcel.name, parcel.document))]
    files += [
        (f"file{place}", (file.name, file.read()))
        for place, file in enumerate(intake.files_to_send(path, now_ms=now_ms))
    ]
    told: dict[str, Any] = ask("POST", url, "/api/v1/notices", token_file, files=files)
    return told


@notice.command("show")
@click.argument("ref")
@data_option
@url_option
@token_option
@json_option
def show(
    ref: str, data: str | None, url: str | None, token_file: Path | None, json_to: str | None
) -> None:
    """The state of each item of a notice."""
    if url is not None:
        shown = ask("GET", url, f"/api/v1/notices/{_ref(ref)}", token_file)
    else:
        shown = on_house(lambda house: _load(house, ref), data=data)
    counts: dict[str, int] = {}
    for item in shown["items"]:
        counts[item["state"]] = counts.get(item["state"], 0) + 1
    lines = [
        f"notice {shown['ref']} of {shown['provider']} ({shown['reference']}): {shown['state']}",
        f"due {shown['due_at']}   "
        + ", ".join(f"{count} {state}" for state, count in sorted(counts.items())),
        *(
            f"{item['n']:>5}  {item['state']:<22} {item['code'] or '':<14}"
            f" {item['confidence']:.2f}  {' '.join(item['posts'][:3])}"
            for item in shown["items"]
        ),
    ]
    print_result(shown, json_to, "\n".join(lines))


def _ref(ref: str) -> int:
    found = parse_id(ref)
    if found is None:
        raise NotFound("notice_not_found", f"{ref} is not the reference of a notice")
    return found


async def _load(house: House, ref: str) -> dict[str, Any]:
    row = await store.load_row(house.world.storage, _ref(ref))
    if row is None:
        raise NotFound("notice_not_found", f"there is no notice {ref}")
    kept = store.notice_of(row)
    items = await store.items(house.world.storage, kept.id)
    return {
        "ref": str(kept.id),
        "provider": kept.provider,
        "reference": kept.reference,
        "state": row.state,
        "due_at": iso_ms(kept.due_at_ms),
        "items": [item_view(item) for item in items],
    }


@notice.command("reply")
@click.argument("ref")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=None)
@data_option
def reply(ref: str, out: Path | None, data: str | None) -> None:
    """Write the reply pack: mail text, CSV and JSON."""

    async def act(house: House) -> Pack:
        return await answers.reply_pack(house.court, _ref(ref))

    pack = on_house(act, data=data)
    folder = out or Path(f"reply-{ref}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, content) in sorted(pack.files.items()):
        (folder / name).write_bytes(content)
        click.echo(str(folder / name))


COMMANDS = (notice,)
