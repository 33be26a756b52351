"""Where a restore may read from: a store's name in a settings file, an address, a local backup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from venire.adapters.objects.named import Place, open_store
from venire.continuity.journal.stores import Store
from venire.kernel.errors import Invalid, NotFound
from venire.server import backups
from venire.server.settings import Settings, load_settings
from venire.server.store_settings import StoreSettings, check_store, check_stores, store_secret

_SCHEMES = frozenset({"s3", "gs", "az", "file"})


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How an address on the command line is reached; the secret lies in a file, never here."""

    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    secret_file: str = ""
    allow_http: bool = False


def store_of(folder: Path, store: StoreSettings) -> Store:
    """A store of the settings, opened. Unavailable `store_secret_missing`; Invalid."""
    place = Place(
        url=store.url,
        endpoint=store.endpoint,
        region=store.region,
        key_id=store.key_id,
        secret=store_secret(folder, store),
        allow_http=store.allow_http,
    )
    return Store(store.name, open_store(place), store.owner, store.country)


def stores_of(settings: Settings) -> list[Store]:
    """All stores of a site's settings."""
    return [store_of(settings.folder, store) for store in settings.stores]


def local_backup(sources: Sequence[str]) -> Path | None:
    """The one source, where it is a folder that `venire snapshot` made."""
    if len(sources) == 1 and (Path(sources[0]) / backups.MANIFEST).is_file():
        return Path(sources[0])
    return None


def open_sources(sources: Sequence[str], settings_file: Path | None, access: Access) -> list[Store]:
    """The stores that these words mean. NotFound `source_unknown`; Invalid `settings_invalid`."""
    known: dict[str, StoreSettings] = {}
    folder = Path()
    if settings_file is not None:
        folder = settings_file.resolve().parent
        if not settings_file.is_file():
            raise NotFound("settings_missing", f"there is no {settings_file}")
        known = {one.name: one for one in _written(settings_file)}
    found: list[Store] = []
    for source in sources:
        if source in known:
            found.append(store_of(folder, known[source]))
        elif urlsplit(source).scheme in _SCHEMES:
            found.append(_by_address(source, access, len(found)))
        elif Path(source).is_dir():
            address = f"file://{Path(source).resolve()}"
            found.append(_by_address(address, access, len(found)))
        else:
            raise NotFound(
                "source_unknown",
                "a source is the name of a store (with --settings venire.toml), an address such"
                " as s3://bucket/prefix, or the folder of a backup",
                source=source,
                stores=sorted(known),
            )
    return found


def _written(file: Path) -> list[StoreSettings]:
    """The stores that a settings file names, whatever else it says."""
    try:
        written = msgspec.toml.decode(file.read_bytes())
        stores = msgspec.convert(written.get("stores", []), list[StoreSettings])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise Invalid("settings_invalid", f"{file.name}: {error}") from error
    check_stores(stores, written.get("backup_recipients", ()))
    return stores


def _by_address(address: str, access: Access, number: int) -> Store:
    store = StoreSettings(
        name=f"source-{number + 1}",
        url=address,
        endpoint=access.endpoint,
        region=access.region,
        key_id=access.key_id,
        secret_file=access.secret_file,
        allow_http=access.allow_http,
    )
    _check_address(store)
    return store_of(Path(), store)


def _check_address(store: StoreSettings) -> None:
    if store.url.startswith("file://"):
        folder = Path(urlsplit(store.url).path)
        # Else a slip of the finger makes an empty folder, which then holds no backup.
        if not folder.is_dir():
            raise NotFound("source_missing", f"there is no folder {folder}")
    check_store(store)


def settings_beside(data: str) -> Settings:
    """The settings that lie in a data folder."""
    return load_settings({"data": data})
