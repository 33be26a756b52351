"""The site's own keys: made at first start, one file each, readable by the owner alone.

`record.key` signs the record; its public half is written to DATA/record.pub, since a key fetched
from the server that it checks proves nothing. Custody, rotation and restore: docs/keys.md.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from venire.continuity.objects.revocation_lists import signer_name
from venire.kernel.chance import Chance
from venire.kernel.errors import Invalid, Unavailable
from venire.kernel.vault import Vault
from venire.record.note import Signer, parse_verifier_key
from venire.server.settings import Settings

_SEED_BYTES = 32
_ACCEPTANCE_MARK = "acceptance-profile"


def read_or_make(folder: Path, name: str, chance: Chance) -> bytes:
    """Return a secret of 32 bytes, making it once; survives a crash between any two steps."""
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = keys / name
    if not path.exists():
        make_once(path, chance.token(_SEED_BYTES), 0o600, chance)
    secret = path.read_bytes()
    if len(secret) != _SEED_BYTES:
        raise Unavailable("key_damaged", f"{name} does not have 32 bytes: restore it", key=name)
    return secret


def make_once(path: Path, content: bytes, mode: int, chance: Chance) -> None:
    """Write a file that is there whole or not at all; of several processes the first one does.

    The name on the way is a new one each time: what a crash left must not stop the next start.
    """
    fresh = path.with_name(f".{path.name}.{chance.token(8).hex()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        # Linking fails if another process was first: then its file is the one.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    # A record that outlived a loss of power, and its key that did not, would be a record no more.
    place = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def record_signer(folder: Path, origin: str, chance: Chance) -> Signer:
    """The record's signer. Its name is fixed at first start and read from record.pub later."""
    public = folder / "record.pub"
    seed = read_or_make(folder, "record.key", chance)
    if not public.exists():
        first = Signer(origin, seed)
        make_once(public, f"{first.verifier}\n".encode(), 0o644, chance)
    text = public.read_text(errors="replace")
    try:
        signer = Signer(parse_verifier_key(text).name, seed)
    except Invalid as error:
        raise _another_key() from error
    if text != f"{signer.verifier}\n":
        raise _another_key()
    return signer


def revocation_signer(folder: Path, origin: str, chance: Chance) -> Signer:
    """Who signs the list that mirrors follow: the record's key, under a name of its own."""
    return Signer(signer_name(origin), read_or_make(folder, "record.key", chance))


def _another_key() -> Unavailable:
    return Unavailable(
        "record_key_changed",
        "record.pub does not belong to keys/record.key: restore the key this record began with",
    )


def mail_password(settings: Settings) -> str:
    """What letters are handed over with. Raises Unavailable `mail_password_missing`."""
    path = settings.folder / settings.mail_password_file
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            "mail_password_missing",
            f"{settings.mail_password_file} cannot be read: venire init --mail-password-file FILE",
        ) from error


def vapid_secret(folder: Path, chance: Chance) -> bytes:
    """The key by which push services know this site; another one loses every subscription."""
    return read_or_make(folder, "vapid.key", chance)


def vault(folder: Path, chance: Chance) -> Vault:
    """What seals secrets in rows (`keys/vault.key`); without it each has to be given anew."""
    return Vault(read_or_make(folder, "vault.key", chance))


def objects_secret(folder: Path, chance: Chance) -> bytes:
    """What objects are sealed with before they leave the host; without it no store's copy opens."""
    return read_or_make(folder, "objects.key", chance)


def bounce_secret(folder: Path, chance: Chance) -> str:
    """What a mail server shows when it brings letters back (`keys/bounce.key`), in hex."""
    return read_or_make(folder, "bounce.key", chance).hex()


def claim_folder(folder: Path, *, acceptance: bool) -> None:
    """Make the data folder; the acceptance profile takes an empty one or its own, nothing else.

    Raises Unavailable `folder_not_for_acceptance`: real people's data must never be served with
    cheap passwords and no limits.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "keys").exists():
        # At first start also a folder made beforehand becomes the owner's alone; one that belongs
        # to somebody else stays what they made it.
        with contextlib.suppress(PermissionError):
            folder.chmod(0o700)
    mark = folder / _ACCEPTANCE_MARK
    if not acceptance or mark.exists():
        return
    if any(folder.iterdir()):
        raise Unavailable(
            "folder_not_for_acceptance",
            "the acceptance profile needs an empty data folder, or one it made itself",
        )
    mark.write_text("This folder was made by the acceptance profile. It holds no real people.\n")
