"""`[[stores]]`: what cannot be meant is refused at the start, by the name of its block."""

from __future__ import annotations

import pyrage
import pytest

from venire.kernel.errors import Invalid, Unavailable
from venire.server.settings import load_settings
from venire.server.store_settings import StoreSettings, store_secret

RECIPIENT = str(pyrage.x25519.Identity.generate().to_public())
GOOD = """
name = "first"
url = "s3://bucket/venire"
endpoint = "https://s3.example.net"
owner = "Example SA"
country = "CH"
key_id = "AK"
secret_file = "keys/store-first.secret"
"""


def loaded(tmp_path, *blocks, recipients=f'["{RECIPIENT}"]'):
    text = f"backup_recipients = {recipients}\n"
    text += "".join(f"[[stores]]\n{block}\n" for block in blocks)
    (tmp_path / "venire.toml").write_text(text)
    return load_settings({"data": str(tmp_path)}, {})


def test_stores_are_read_from_the_file(tmp_path):
    folder = 'name = "second"\nurl = "file:///mnt/venire"'

    settings = loaded(tmp_path, GOOD, folder)

    assert [store.name for store in settings.stores] == ["first", "second"]
    assert settings.stores[0].country == "CH"
    assert settings.backup_recipients == (RECIPIENT,)
    assert load_settings({"data": str(tmp_path / "none")}, {}).stores == ()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (('name = "first"', 'name = "First!"'), "name"),
        (('"s3://bucket/venire"', '"ftp://bucket"'), "url"),
        (('"s3://bucket/venire"', '"s3://"'), "url"),
        (('"s3://bucket/venire"', '"s3://key:secret@bucket"'), "url"),
        (('"s3://bucket/venire"', '"s3://bucket/../other"'), "url"),
        (('"s3://bucket/venire"', '"s3://bucket?x=1"'), "url"),
        (('"s3://bucket/venire"', '"file://relative"'), "url"),
        (('"s3://bucket/venire"', '"file:///"'), "url"),
        (('"s3://bucket/venire"', '"file:///a/../../etc"'), "url"),
        (('"s3://bucket/venire"', '"memory:///"'), "url"),
        (('"https://s3.example.net"', '"http://s3.example.net"'), "endpoint"),
        (('"https://s3.example.net"', '"http://10.0.0.1"\nallow_http = true'), "endpoint"),
        (('"https://s3.example.net"', '"http://127.0.0.1:1"'), "endpoint"),
        (('"https://s3.example.net"', '"https://a.example/path"'), "endpoint"),
        (('"https://s3.example.net"', '"https://k@a.example"'), "endpoint"),
        (('country = "CH"', 'country = "Switzerland"'), "country"),
        (('key_id = "AK"', ""), "key_id"),
        (('secret_file = "keys/store-first.secret"', ""), "secret_file"),
    ],
)
def test_a_block_that_cannot_be_meant_is_refused_by_its_name(tmp_path, change, place):
    with pytest.raises(Invalid) as refused:
        loaded(tmp_path, GOOD.replace(*change))

    assert refused.value.code == "settings_invalid"
    assert "stores" in refused.value.hint
    assert place in refused.value.hint


def test_http_is_for_this_machine_alone(tmp_path):
    block = GOOD.replace('"https://s3.example.net"', '"http://127.0.0.1:9000"\nallow_http = true')
    assert loaded(tmp_path, block).stores[0].allow_http


def test_two_stores_of_one_name_are_refused(tmp_path):
    with pytest.raises(Invalid, match="two of this name"):
        loaded(tmp_path, GOOD, GOOD)


def test_stores_need_a_key_that_lies_elsewhere(tmp_path):
    with pytest.raises(Invalid, match="backup_recipients"):
        loaded(tmp_path, GOOD, recipients="[]")
    for wrong in ('["age1xyz"]', '["AGE-SECRET-KEY-1QQ"]', '[""]'):
        with pytest.raises(Invalid, match="backup_recipients"):
            loaded(tmp_path, GOOD, recipients=wrong)


def test_a_field_that_nobody_knows_is_refused(tmp_path):
    with pytest.raises(Invalid):
        loaded(tmp_path, GOOD + 'secret = "x"')


def test_the_secret_lies_in_a_file_and_a_missing_one_is_told_of(tmp_path):
    store = StoreSettings(name="first", url="s3://b", secret_file="keys/s")
    with pytest.raises(Unavailable) as missing:
        store_secret(tmp_path, store)
    assert missing.value.code == "store_secret_missing"

    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "s").write_text("very secret\n")
    assert store_secret(tmp_path, store) == "very secret"
    assert store_secret(tmp_path, StoreSettings(name="f", url="file:///x")) == ""
