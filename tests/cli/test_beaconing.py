from __future__ import annotations

import pytest

from tests.cli.calling import call, told


def _run(*arguments: str) -> str:
    done = call("beacon", *arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture
def keys(tmp_path):
    """The files of three people's keys, and what is public of them."""
    found = {}
    for name in ("one", "two", "three"):
        file = tmp_path / f"{name}.key"
        found[file] = _run("key", name, str(file)).splitlines()[0]
        assert file.stat().st_mode & 0o777 == 0o600
    return found


def test_a_beacon_is_written_signed_by_two_and_checked_by_anybody(tmp_path, keys):
    out = tmp_path / "beacon"
    _run(
        "write", str(out), "--site", "example.org", "--sequence", "3",
        "--address", "https://example.net",
    )  # fmt: skip
    first, second, _ = keys
    known = [part for key in keys.values() for part in ("--key", key)]
    _run("sign", str(out), "--key", str(first))
    alone = call("beacon", "check", out, *known, "--site", "example.org")
    told(alone, "beacon_too_few_signers")
    _run("sign", str(out), "--key", str(second))
    shown = _run("check", str(out), *known, "--site", "example.org")
    assert "https://example.net" in shown
    assert "Two of the keys have signed it." in shown
    elsewhere = call("beacon", "check", out, *known, "--site", "example.com")
    told(elsewhere, "beacon_of_another_site")


def test_nothing_that_is_there_is_written_over(tmp_path, keys):
    first = next(iter(keys))
    before = first.read_bytes()
    told(call("beacon", "key", "one", first), "file_exists")
    assert first.read_bytes() == before


def test_an_onion_address_comes_from_a_seed_that_stays_the_same(tmp_path):
    seed = tmp_path / "seed"
    first = _run("onion", str(tmp_path / "a"), "--seed", str(seed)).splitlines()[0]
    again = _run("onion", str(tmp_path / "b"), "--seed", str(seed)).splitlines()[0]
    assert first == again
    assert first.endswith(".onion")
    assert (tmp_path / "a" / "hs_ed25519_secret_key").stat().st_mode & 0o777 == 0o600
