from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from venire.continuity.names import onion
from venire.kernel.errors import Refused


@given(st.binary(min_size=32, max_size=32))
def test_an_address_holds_its_key_a_checksum_and_its_version(seed):
    name = onion.hostname(seed)
    assert len(name) == 62
    content = base64.b32decode(name.removesuffix(".onion").upper())
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert content[:32] == public
    assert content[34:] == b"\x03"
    assert content[32:34] == hashlib.sha3_256(b".onion checksum" + public + b"\x03").digest()[:2]


def test_the_files_are_as_long_as_tor_reads_them():
    files = onion.service_files(bytes(32))
    assert {name: len(content) for name, content in files.items()} == {
        "hs_ed25519_secret_key": 96,
        "hs_ed25519_public_key": 64,
        "hostname": 63,
    }


def test_a_seed_has_32_bytes():
    with pytest.raises(Refused, match="key_seed"):
        onion.hostname(b"short")


@pytest.mark.vendors("tor")
def test_tor_itself_finds_the_same_address_from_the_files(tmp_path):
    tor = os.environ["VENIRE_COUNTERPART_TOR"]
    libraries = os.environ["VENIRE_COUNTERPART_TOR_LIBRARIES"]
    environment = {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
    place = tmp_path / "service"
    place.mkdir(mode=0o700)
    seed = bytes(range(32))
    for name, content in onion.service_files(seed).items():
        if name != "hostname":
            (place / name).touch(mode=0o600)
            (place / name).write_bytes(content)
    options = {
        "DisableNetwork": "1",
        "SocksPort": "0",
        "DataDirectory": str(tmp_path / "data"),
        "HiddenServiceDir": str(place),
        "HiddenServicePort": "80 127.0.0.1:9",
    }
    spoken = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = subprocess.Popen([tor, *spoken], stdout=subprocess.DEVNULL, env=environment)
    try:
        until_s = time.monotonic() + 20
        while not (place / "hostname").exists() and time.monotonic() < until_s:
            time.sleep(0.05)
        assert (place / "hostname").read_text().strip() == onion.hostname(seed)
    finally:
        process.terminate()
        process.wait(10)
