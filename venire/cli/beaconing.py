"""`venire beacon`: keys of those who sign, writing, signing, checking and publishing a beacon.

Everything but `publish` works on a machine without a network: that is where the keys belong.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from venire.cli.options import data_option, on_house
from venire.continuity.names import beacon as beacons
from venire.continuity.names import onion, whereabouts
from venire.continuity.names.beacon import Whereabouts
from venire.kernel.chance import SystemChance
from venire.kernel.clock import DAY_MS, SystemClock, iso_ms
from venire.kernel.errors import Conflict, Invalid
from venire.record.note import (
    SEED_BYTES,
    Signer,
    add_signatures,
    parse_verifier_key,
    sign_note,
)
from venire.server.wiring import House

_file = click.Path(dir_okay=False, path_type=Path)
_there = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def beacon() -> None:
    """Where this site is now, signed by two of three people: for the day its name is gone."""


def _write_new(file: Path, content: bytes, mode: int) -> None:
    """Write a file that must not be there. Conflict `file_exists`."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as made:
            made.write(content)
    except FileExistsError as error:
        raise Conflict("file_exists", f"{file} is there already: nothing was changed") from error


def _signer(file: Path) -> Signer:
    """The key in a file: a name and a seed in hex on one line."""
    name, _, seed = file.read_text(errors="replace").strip().partition(" ")
    try:
        return Signer(name, bytes.fromhex(seed))
    except ValueError as error:
        hint = f"{file} holds no key of `venire beacon key`"
        raise Invalid("beacon_key_damaged", hint) from error


@beacon.command("key")
@click.argument("name")
@click.argument("out", type=_file)
def make_key(name: str, out: Path) -> None:
    """Make the key of one person who may sign; OUT is theirs alone, the line printed is public."""
    seed = SystemChance().token(SEED_BYTES)
    signer = Signer(name, seed)
    _write_new(out, f"{name} {seed.hex()}\n".encode(), 0o600)
    click.echo(str(signer.verifier))
    click.echo(f"Put this line into beacon_signers of venire.toml; keep {out} offline.", err=True)


@beacon.command("write")
@click.argument("out", type=_file)
@click.option("--site", required=True, help="What handles end with, or beacon_site.")
@click.option("--sequence", type=click.IntRange(1), required=True, help="One more than the last.")
@click.option(
    "--address", "addresses", multiple=True, required=True, help="https://...; the best first."
)
@click.option("--onion", default="", help="http://....onion")
@click.option("--days", type=click.IntRange(1, 400), default=90, show_default=True)
def write(
    out: Path, site: str, sequence: int, addresses: tuple[str, ...], onion: str, days: int
) -> None:
    """Write what a beacon is to say; nobody has signed it yet."""
    now_ms = SystemClock().now_ms()
    said = Whereabouts(site, sequence, now_ms, now_ms + days * DAY_MS, addresses, onion)
    _write_new(out, beacons.write(said).encode(), 0o644)
    click.echo(f"Now two of the three: venire beacon sign {out} --key KEY")


@beacon.command("sign")
@click.argument("file", type=_there)
@click.option("--key", "key_file", type=_there, required=True)
def sign(file: Path, key_file: Path) -> None:
    """Show what FILE says and add a signature to it."""
    content = file.read_bytes()
    text = content.decode(errors="replace")
    fresh = "\n\n" not in text
    said = beacons.read(text if fresh else beacons.text_of(content))
    signer = _signer(key_file)
    click.echo(_told(said))
    plain = beacons.write(said)
    signed = sign_note(plain, [signer]) if fresh else add_signatures(content, [signer.sign(plain)])
    fresh_file = file.with_name(f".{file.name}.unfinished")
    fresh_file.write_bytes(signed)
    fresh_file.replace(file)
    click.echo(f"signed by {signer.verifier.name}")


@beacon.command("check")
@click.argument("file", type=_there)
@click.option("--key", "keys", multiple=True, required=True, help="A public key, NAME+ID+BASE64.")
@click.option("--site", required=True)
def check(file: Path, keys: tuple[str, ...], site: str) -> None:
    """Check FILE against the public keys, as anybody may."""
    known = [parse_verifier_key(key) for key in keys]
    said = beacons.check(file.read_bytes(), known, site=site, now_ms=SystemClock().now_ms())
    click.echo(f"{_told(said)}\nTwo of the keys have signed it.")


@beacon.command("publish")
@click.argument("file", type=_there)
@data_option
def publish(file: Path, data: str | None) -> None:
    """Show FILE at this site from now on: at /.well-known/venire-beacon, and in its stores."""
    content = file.read_bytes()

    async def act(house: House) -> Whereabouts:
        return await whereabouts.publish(house.world, content)

    said = on_house(act, data=data)
    click.echo(f"{_told(said)}\npublished")


@beacon.command("onion")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--seed", "seed_file", type=_file, required=True, help="32 bytes in hex; made if absent."
)
def make_onion(folder: Path, seed_file: Path) -> None:
    """Write the files of a Tor onion service into FOLDER, from a seed that is kept offline."""
    if not seed_file.exists():
        _write_new(seed_file, SystemChance().token(onion.SEED_BYTES).hex().encode() + b"\n", 0o600)
    try:
        seed = bytes.fromhex(seed_file.read_text(errors="replace").strip())
    except ValueError as error:
        raise Invalid("beacon_key_damaged", f"{seed_file} holds no seed in hex") from error
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in onion.service_files(seed).items():
        _write_new(folder / name, content, 0o600)
    click.echo(f"http://{onion.hostname(seed)}")
    click.echo(
        f"In torrc: HiddenServiceDir {folder}\n          HiddenServicePort 80 127.0.0.1:8000",
        err=True,
    )


def _told(said: Whereabouts) -> str:
    lines = [
        f"site      {said.site}",
        f"sequence  {said.sequence}",
        f"issued    {iso_ms(said.issued_at_ms)}",
        f"expires   {iso_ms(said.expires_at_ms)}",
        *(f"address   {address}" for address in said.addresses),
        *([f"onion     {said.onion}"] if said.onion else []),
    ]
    return "\n".join(lines)


COMMANDS = (beacon,)
