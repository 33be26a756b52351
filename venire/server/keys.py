"""The site's own keys: made at first start, one file each, readable by the owner alone.

`record.key` signs the record; its public half is written to DATA/record.pub, since a key fetched
from the server that it checks proves nothing. Custody, rotation and restore: docs/keys.md.
"""

from __future__ import annotations

import os
from pathlib import Path

from venire.kernel.chance import Chance
from venire.kernel.errors import Unavailable
from venire.record.note import Signer

_SEED_BYTES = 32
_ACCEPTANCE_MARK = "acceptance-profile"


def read_or_make(folder: Path, name: str, chance: Chance) -> bytes:
    """Return a secret of 32 bytes, making it once; survives a crash between any two steps."""
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = keys / name
    if not path.exists():
        fresh = keys / f".{name}.{os.getpid()}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, chance.token(_SEED_BYTES))
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            # Linking fails if another process was first: then its key is the key.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    secret = path.read_bytes()
    if len(secret) != _SEED_BYTES:
        raise Unavailable("key_damaged", f"{name} does not have 32 bytes: restore it", key=name)
    return secret


def record_signer(folder: Path, origin: str, chance: Chance) -> Signer:
    """The record's signer. Its name is fixed at first start and read from record.pub later."""
    public = folder / "record.pub"
    seed = read_or_make(folder, "record.key", chance)
    if public.exists():
        origin = public.read_text().split("+", 1)[0].strip() or origin
    signer = Signer(origin, seed)
    line = f"{signer.verifier}\n"
    if not public.exists():
        public.write_text(line)
    elif public.read_text() != line:
        raise Unavailable(
            "record_key_changed",
            "record.pub does not belong to keys/record.key: restore the key this record began with",
        )
    return signer


def claim_folder(folder: Path, *, acceptance: bool) -> None:
    """Make the data folder; the acceptance profile takes an empty one or its own, nothing else.

    Raises Unavailable `folder_not_for_acceptance`: real people's data must never be served with
    cheap passwords and no limits.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = folder / _ACCEPTANCE_MARK
    if not acceptance or mark.exists():
        return
    if any(folder.iterdir()):
        raise Unavailable(
            "folder_not_for_acceptance",
            "the acceptance profile needs an empty data folder, or one it made itself",
        )
    mark.write_text("This folder was made by the acceptance profile. It holds no real people.\n")
