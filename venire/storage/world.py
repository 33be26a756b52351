"""What every action is given first: the ports that a house needs, built in `server/wiring`."""

from __future__ import annotations

import dataclasses
import functools
from urllib.parse import urlsplit

from venire.kernel.chance import Chance
from venire.kernel.clock import Clock
from venire.kernel.errors import Refused
from venire.kernel.ids import Ids
from venire.kernel.own_names import OwnNames
from venire.kernel.vault import Vault
from venire.kernel.vendors import Listed
from venire.storage.verbs import Storage


@dataclasses.dataclass(frozen=True)
class Site:
    """What a site is called. `base_url` has no trailing slash and is never stored in a row.

    `domain`: what handles end with. It stays where the site moves; `host` is where it is now.
    """

    domain: str
    base_url: str
    title: str = "Venire"
    language: str = "en"
    acceptance: bool = False
    contact: str = ""
    letters: bool = False
    """Whether letters by e-mail can be sent."""
    vendors: tuple[Listed, ...] = ()
    """Whom the site depends on, in the order in which they are asked."""
    beacon_signers: tuple[str, ...] = ()
    """The keys of the three who may say where the site is, two of them together."""
    beacon_site: str = ""
    """What a beacon calls this site, whatever address it has now; empty: its domain."""
    passkey_domains: tuple[str, ...] = ()
    """Standby domains for which members may make passkeys, besides `domain`."""
    bounces: str = ""
    """The domain to which letters that cannot be delivered come back; empty where they do not."""
    names: tuple[str, ...] = ()
    """Where else it is or was reached: earlier addresses are still its own."""
    signed_out_before_ms: int = 0
    """Sessions and members' tokens that are older count for nothing: a name was lost."""

    @property
    def host(self) -> str:
        """The host (and port, if it is not the usual one) at which the site is reached."""
        return urlsplit(self.base_url).netloc

    @functools.cached_property
    def own(self) -> OwnNames:
        """All names that are this site's, in handles and in addresses."""
        return OwnNames((self.domain, self.host, *self.names, *self.passkey_domains))


@dataclasses.dataclass(frozen=True)
class World:
    """Storage, time, chance, ids, and the site's own name."""

    storage: Storage
    clock: Clock
    chance: Chance
    ids: Ids
    site: Site
    complete_since_ms: int = 0
    """Since when rebuildable feeds are whole; below it they are read from their source."""
    sealing: Vault | None = None
    """What seals secrets in rows; None where nothing secret is kept."""

    @property
    def vault(self) -> Vault:
        """What seals secrets in rows."""
        if self.sealing is None:
            raise Refused("vault_missing")
        return self.sealing

    def now_ms(self) -> int:
        """The present moment."""
        return self.clock.now_ms()
