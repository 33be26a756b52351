"""What an operator decides: where it is said, which saying counts, what is refused and how."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from venire.kernel.errors import Invalid
from venire.record.note import Signer
from venire.server.settings import Settings, load_settings
from venire.server.wiring import open_house


def written(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "venire.toml").write_bytes(content)
    return folder


def refusal(folder: Path, environment=None, **flags) -> str:
    with pytest.raises(Invalid) as refused:
        load_settings({"data": str(folder), **flags}, environment or {})
    assert refused.value.code == "settings_invalid"
    assert "\n" not in refused.value.hint
    return refused.value.hint


def test_nothing_said_is_a_site_on_this_machine_alone(tmp_path):
    settings = load_settings({"data": str(tmp_path)}, {})
    assert settings == Settings(data=str(tmp_path))
    assert (settings.host, settings.port, settings.profile) == ("127.0.0.1", 8000, "default")
    assert (settings.url, settings.domain) == ("http://127.0.0.1:8000", "127.0.0.1:8000")


def test_the_acceptance_profile_is_at_localhost_unless_told_otherwise(tmp_path):
    flags = {"data": str(tmp_path), "profile": "acceptance", "port": 3000}
    assert load_settings(flags, {}).domain == "localhost:3000"
    said = {"VENIRE_BASE_URL": "http://127.0.0.1:3000"}
    assert load_settings(flags, said).domain == "127.0.0.1:3000"


def test_a_flag_counts_before_the_environment_and_that_before_the_file(tmp_path):
    written(tmp_path, 'title = "file"\nport = 1001\ncontact = "file"\n')
    environment = {"VENIRE_PORT": "1002", "VENIRE_CONTACT": "environment"}
    settings = load_settings({"data": str(tmp_path), "port": 1003, "title": None}, environment)
    assert (settings.title, settings.contact, settings.port) == ("file", "environment", 1003)


def test_the_file_read_is_that_of_the_folder_that_counts(tmp_path):
    mine = written(tmp_path / "mine", 'title = "mine"\ndata = "elsewhere"\n')
    other = written(tmp_path / "other", 'title = "other"\n')
    environment = {"VENIRE_DATA": str(other)}
    assert load_settings({}, environment).title == "other"
    settings = load_settings({"data": str(mine)}, environment)
    assert (settings.title, settings.folder) == ("mine", mine)


def test_the_environment_says_lists_with_commas_and_an_empty_one_says_nothing(tmp_path):
    def proxies(text):
        environment = {"VENIRE_TRUSTED_PROXIES": text}
        return load_settings({"data": str(tmp_path)}, environment).trusted_proxies

    assert proxies("10.0.0.1, 10.0.0.2") == ("10.0.0.1", "10.0.0.2")
    assert proxies("") == proxies(" , ") == ()


@pytest.mark.parametrize("proxy", ["*", "10.0.0.0/8x", "proxy.example", "10.0.0.1/8", "0.0.0.0/33"])
def test_a_proxy_that_is_no_network_is_refused(tmp_path, proxy):
    """`*` would let every caller say where they come from; a slip would believe no proxy at all."""
    hint = refusal(tmp_path, {"VENIRE_TRUSTED_PROXIES": f"127.0.0.1, {proxy}"})
    assert hint.startswith("trusted_proxies: ")
    for good in ("127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8"):
        environment = {"VENIRE_TRUSTED_PROXIES": good}
        assert load_settings({"data": str(tmp_path)}, environment).trusted_proxies == (good,)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("colour = 1", "colour"),
        ("port = 'x'", "$.port"),
        ("port = 65536", "port"),
        ("port = -1", "port"),
        ("profile = 'test'", "$.profile"),
        ("language = 'fr'", "$.language"),
        ("log_level = 'loud'", "$.log_level"),
        ("title = 'one'\ntitle = 'two'\n", "line 2"),
        ("title =\n", "line 1"),
        (b"title = '\xff'", "venire.toml"),
        ("record_origin = 'a b'", "record_origin"),
        ("record_origin = 'a+b'", "record_origin"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_the_place(tmp_path, text, place):
    said = refusal(written(tmp_path, text))
    assert place in said


def test_the_refusal_says_who_said_it(tmp_path):
    written(tmp_path, "title = 'x'")
    assert refusal(tmp_path, {"VENIRE_PORT": "x"}).startswith("environment")
    assert refusal(tmp_path, {}, port="x").startswith("flags")
    assert refusal(written(tmp_path, "port = 'x'")).startswith("venire.toml")
    (tmp_path / "venire.toml").unlink()
    (tmp_path / "venire.toml").mkdir()
    assert refusal(tmp_path).startswith("venire.toml")


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "ftp://example.org",
        "https://",
        "https://example.org/",
        "https://example.org/path",
        "https://example.org?x=1",
        "https://example.org#x",
        "https://name:word@example.org",
        "https://example.org:99999",
        "https://example.org:x",
        "https://[bad",
        "https://exa mple.org",
        "https://example.org\nX: y",
        "https://пример.example",
    ],
)
def test_a_base_url_is_scheme_and_host_and_nothing_else(tmp_path, url):
    assert "base_url" in refusal(tmp_path, {}, base_url=url)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://Example.ORG", "https://example.org"),
        ("HTTPS://example.org:443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("https://example.org:8443", "https://example.org:8443"),
    ],
)
def test_a_base_url_is_taken_as_browsers_write_it(tmp_path, written, url):
    # Else no form, passkey or consent would be known as one of this site's own pages.
    settings = load_settings({"data": str(tmp_path), "base_url": written}, {})
    assert settings.url == url


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://example.org", "example.org"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://xn--e1afmkfd.example", "xn--e1afmkfd.example"),
    ],
)
def test_handles_end_with_the_host_of_the_base_url(tmp_path, url, domain):
    settings = load_settings({"data": str(tmp_path), "base_url": url}, {})
    assert (settings.url, settings.domain) == (url, domain)


def test_without_a_base_url_it_is_where_it_listens(tmp_path):
    settings = load_settings({"data": str(tmp_path), "host": "::1", "port": 8001}, {})
    assert settings.url == "http://[::1]:8001"


def test_the_acceptance_profile_binds_loopback_and_believes_no_proxy(tmp_path):
    environment = {"VENIRE_PROFILE": "acceptance"}
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org", "127.0.0.1.example.org"):  # noqa: S104
        assert "host" in refusal(tmp_path, environment, host=host)
    assert "trusted_proxies" in refusal(
        tmp_path, {**environment, "VENIRE_TRUSTED_PROXIES": "127.0.0.1"}
    )
    for host in ("127.0.0.1", "::1", "localhost"):
        assert load_settings({"data": str(tmp_path), "host": host}, environment).acceptance


@pytest.mark.anyio
async def test_a_policy_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    settings = load_settings({"data": str(tmp_path / "data")}, {"VENIRE_POLICY": "mine.toml"})
    with pytest.raises(Invalid) as refused:
        async with open_house(settings):
            pass
    assert refused.value.code == "settings_invalid"
    assert "mine.toml" in refused.value.hint
    assert not (tmp_path / "data").exists()


_VENDOR = '[[vendors]]\nname = "first"\n'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('kind = "objects"\nadapter = "s3"', "a [[stores]] block is what is used"),
        ('kind = "hosting"\nadapter = "x"', "adapter: there is none of this kind"),
        ('kind = "push"\nadapter = "vapid"', "adapter: there is none of this kind"),
        ('kind = "bank"\nnotice_days = -1', "notice_days, lead_days: 0 to"),
        ('kind = "bank"\nlead_days = 99999999999999999999999', "notice_days, lead_days: 0 to"),
    ],
)
def test_a_vendor_that_could_never_be_used_or_shown_is_refused_with_its_name(tmp_path, text, hint):
    """Silence would be the worst: an operator who believes that a store is in use."""
    said = refusal(written(tmp_path, _VENDOR + text + "\n"))
    assert said.startswith("vendors: ")
    assert "'first'" in said
    assert hint in said


def test_a_store_and_a_vendor_of_one_name_are_refused(tmp_path):
    recipient = str(Identity.generate().to_public())
    store = f'[[stores]]\nname = "first"\nurl = "file://{tmp_path}/there"\n'
    text = f'backup_recipients = ["{recipient}"]\n{_VENDOR}kind = "objects"\n{store}'
    assert refusal(written(tmp_path, text)).startswith("vendors: objects 'first'")


def test_what_waits_for_stores_needs_one(tmp_path):
    said = refusal(written(tmp_path, 'durable = "remote"\n'))
    assert said == "durable: remote needs a [[stores]] block"


def test_beacons_that_nobody_could_publish_are_refused_on_the_good_day(tmp_path):
    said = refusal(written(tmp_path, 'beacon_site = "https://Example.org/"\n'))
    assert said.startswith("beacon_site: ")
    assert load_settings(
        {"data": str(written(tmp_path, 'beacon_site = "localhost:8000"\n'))}, {}
    ).beacon_site
    seeds = (bytes(32), bytes(32), bytes([1] * 32))
    keys = [str(Signer(f"p{n}", seed).verifier) for n, seed in enumerate(seeds)]
    said = refusal(written(tmp_path, f"beacon_signers = {keys}\n".replace("'", '"')))
    assert said == "beacon_signers: one key stands there under two names"


def test_how_often_it_ships_has_bounds(tmp_path):
    assert load_settings({"data": str(tmp_path)}, {}).ship_every_ms == 100
    for text in ("49", "5001", "0", "-1"):
        assert (
            refusal(written(tmp_path, f"ship_every_ms = {text}\n")) == "ship_every_ms: 50 to 5000"
        )
    for number in (50, 1_000, 5_000):
        found = load_settings(
            {"data": str(tmp_path / "none")}, {"VENIRE_SHIP_EVERY_MS": str(number)}
        )
        assert found.ship_every_ms == number
