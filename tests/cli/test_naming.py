"""An operator's day with names: two hosts, two authorities, by the commands; all of them real."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.calling import call, only_json, told
from tests.counterparts import names

ZONE = names.ZONES[2]
BLOCK = """
[[vendors]]
kind = "{kind}"
adapter = "{adapter}"
name = "{name}"
secret_file = "keys/{kind}"
options = {{ {options} }}
"""


def where(name):
    return os.environ[f"VENIRE_COUNTERPART_{name.upper()}"]


def _account():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def settled(folder):
    """A site with BIND and Knot, and both authorities; the first one is at a wrong address."""
    text = f'certificate_names = ["{ZONE}", "*.{ZONE}"]\n'
    for name in ("bind", "knot"):
        address, _, port = where(name).partition(":")
        options = f'server = "{address}", port = "{port}", zones = "{ZONE}"'
        text += BLOCK.format(kind="dns", adapter="rfc2136", name=name, options=options)
    gone = "https://127.0.0.1:9/dir"
    for name, directory in (("gone", gone), ("second", where("acme_b"))):
        options = f'directory = "{directory}", terms_agreed = "yes"'
        options += f', trusted_file = "{where("acme_b_root")}"'
        text += BLOCK.format(kind="certificates", adapter="acme", name=name, options=options)
    (folder / "venire.toml").write_text(text)
    (folder / "keys" / "dns").write_text(f"hmac-sha256:{names.KEY}:{names.SECRET}\n")
    (folder / "keys" / "certificates").write_bytes(_account())
    return folder


@pytest.mark.vendors("bind", "knot", "acme_b")
def test_records_are_set_at_both_hosts_and_a_certificate_comes_from_who_is_there(settled):
    data = ("--data", settled, "--json", "-")
    name = f"moved.{ZONE}"
    done = only_json(call("names", "set", name, "A", "192.0.2.7", "--ttl", "60", *data))
    assert done == {"set_at": ["bind", "knot"], "faults": {}}
    both = {"bind": ["192.0.2.7"], "knot": ["192.0.2.7"]}
    assert only_json(call("names", "look", name.upper() + ".", "a", *data)) == both
    only_json(call("names", "set", name, "A", *data))
    assert only_json(call("names", "look", name, "A", *data)) == {"bind": [], "knot": []}

    empty = only_json(call("certificate", "look", *data))
    # The zone's CAA records name others; "gone" does not answer, so nothing is known of it.
    assert empty == {"authority": None, "shut_out": [f"second for *.{ZONE}", f"second for {ZONE}"]}
    mended = ("CAA", '0 issue "a.example"', '0 issue "pebble.letsencrypt.org"')
    only_json(call("names", "set", ZONE, *mended, *data))
    assert only_json(call("certificate", "look", *data))["shut_out"] == []
    made = only_json(call("certificate", "renew", *data))
    assert made["authority"] == "second"
    shown = only_json(call("certificate", "look", *data))
    assert shown["authority"] == "second"
    assert shown["covers_all"] is True
    assert made["from"] < shown["renew_at"] < made["until"]
    assert (settled / "tls" / "site.pem").stat().st_mode & 0o777 == 0o600


def test_without_a_host_of_names_there_is_nothing_to_set(folder):
    for command in (
        ("names", "set", f"www.{ZONE}", "A", "192.0.2.1"),
        ("names", "look", f"www.{ZONE}", "A"),
        ("certificate", "renew"),
        ("certificate", "look"),
    ):
        told(call(*command, "--data", folder), "settings_invalid")
