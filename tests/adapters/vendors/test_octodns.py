"""Zone files that the real octodns carries to a name server, by its plugin for RFC 2136."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.counterparts import names
from venire.adapters.dns.octodns import Octodns
from venire.kernel.vendors import VendorUnavailable
from venire.kernel.zones import DnsRecord

pytestmark = [pytest.mark.anyio, pytest.mark.vendors("bind", "oracles")]
ZONE = names.ZONES[0]
APEX = [
    DnsRecord(ZONE, "A", ("127.0.0.1",)),
    DnsRecord(ZONE, "CAA", ('0 issue "a.example"', '0 issue "b.example"')),
    DnsRecord(f"ns.{ZONE}", "A", ("127.0.0.1",)),
]
RECORDS = [DnsRecord(f"www.{ZONE}", "A", ("192.0.2.1", "192.0.2.2"))]


@pytest.fixture
def host(tmp_path):
    process, where = names.bind(tmp_path / "bind")
    yield where.partition(":")[::2]
    process.stop()


@pytest.fixture
def folder(tmp_path, host):
    """A folder with a configuration for this name server, and a zone file without records."""
    address, port = host
    server = {"class": "octodns_bind.Rfc2136Provider", "host": address, "port": int(port)}
    key = {"key_name": names.KEY, "key_secret": names.SECRET, "key_algorithm": "hmac-sha256"}
    files = {"class": "octodns.provider.yaml.YamlProvider", "directory": "."}
    settings = {
        "providers": {"files": {**files, "enforce_order": False}, "server": {**server, **key}},
        "zones": {f"{ZONE}.": {"sources": ["files"], "targets": ["server"]}},
    }
    made = tmp_path / "zones"
    made.mkdir()
    (made / "octodns.yaml").write_text(json.dumps(settings))
    (made / f"{ZONE}.yaml").write_text("{}")
    return made


def service(folder, name="octodns-sync", **more):
    program = Path(os.environ["VENIRE_COUNTERPART_ORACLES"]).with_name(name)
    command = (str(program), "--config-file", "octodns.yaml", "--doit")
    return Octodns(folder, command, (ZONE,), **more)


async def test_what_octodns_does_not_carry_over_is_not_in_the_file_either(folder):
    before = (folder / f"{ZONE}.yaml").read_bytes()
    settings = (folder / "octodns.yaml").read_text()
    (folder / "octodns.yaml").write_text(settings.replace(names.SECRET, "A" * 44))
    with pytest.raises(VendorUnavailable) as caught:
        await service(folder).replace([*APEX, *RECORDS])
    assert caught.value.said.startswith("octodns_exit_")
    assert json.loads((folder / f"{ZONE}.yaml").read_bytes()) == json.loads(before)


async def test_without_octodns_or_a_zone_file_nothing_is_believed_to_be_set(folder):
    with pytest.raises(VendorUnavailable) as caught:
        await service(folder, "octodns-missing").replace(APEX)
    assert caught.value.said == "octodns_missing"
    (folder / f"{ZONE}.yaml").write_text("www:\n  type: A\n")
    with pytest.raises(VendorUnavailable) as caught:
        await service(folder).replace(APEX)
    assert caught.value.said == "zone_file_not_json"
    (folder / f"{ZONE}.yaml").unlink()
    with pytest.raises(VendorUnavailable) as caught:
        await service(folder).check()
    assert caught.value.said == "zone_file_missing"


async def test_an_octodns_that_hangs_is_ended(folder):
    slow = Octodns(folder, ("sleep", "60"), (ZONE,), whole_s=0.5)
    with pytest.raises(VendorUnavailable) as caught:
        await slow.replace(APEX)
    assert (caught.value.said, caught.value.in_doubt) == ("octodns_timeout", True)
