"""Submissions, standby domains and bounces as an operator writes them."""

from __future__ import annotations

import pytest

from venire.continuity.vendors.mail_routes import MailRoutes
from venire.kernel.errors import Invalid, Problem
from venire.server.mail import mail_services, open_mail
from venire.server.settings import Settings, check_settings
from venire.server.vendor_settings import VendorSettings
from venire.server.wiring import site_of


def block(name="second", **more):
    given = {"kind": "mail", "adapter": "smtp", "name": name, "options": {"url": "smtp://[::1]:25"}}
    return VendorSettings(**{**given, **more})


def settings(tmp_path, *blocks, **more):
    return Settings(data=str(tmp_path), base_url="https://venire.example", vendors=blocks, **more)


def test_the_setting_is_the_first_submission_and_each_block_one_more(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "b").write_text("correct horse\n")
    options = {"url": "smtps://me@mail.example:465", "from": "no-reply@other.example"}
    third = block("third", secret_file="keys/b", options=options)
    services = mail_services(settings(tmp_path, block(), third, mail="smtp://127.0.0.1:25"))
    assert list(services) == ["mail", "second", "third"]
    assert services["mail"]._sender == "no-reply@venire.example"
    assert services["third"]._sender == "no-reply@other.example"
    assert services["third"]._server.password == "correct horse"


def test_a_block_alone_is_enough_for_letters_and_acceptance_sends_none(tmp_path):
    assert settings(tmp_path, block()).letters
    assert not settings(tmp_path).letters
    assert not settings(tmp_path, block(), profile="acceptance").letters
    assert not settings(tmp_path, block(adapter="")).letters
    assert mail_services(settings(tmp_path, block(), profile="acceptance")) == {}


def test_one_way_out_is_in_the_register_as_several_are_with_more_time_for_each_letter(tmp_path):
    one = open_mail(settings(tmp_path, mail="smtp://127.0.0.1:25"), None)
    assert isinstance(one, MailRoutes)
    assert one.failover.names == ("mail",)
    two = open_mail(settings(tmp_path, block(), mail="smtp://127.0.0.1:25"), None)
    assert isinstance(two, MailRoutes)
    assert one.failover._try_s > one.failover.services["mail"]._whole_s > two.failover._try_s
    assert open_mail(settings(tmp_path), None) is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (block(adapter="pigeon"), "settings_invalid"),
        (block("mail"), "settings_invalid"),
        (block(options={}), "settings_invalid"),
        (block(options={"url": "smtps://me@mail.example:465"}), "settings_invalid"),
        (block(options={"url": "http://mail.example"}), "mail_invalid"),
        (block(secret_file="keys/none"), "vendor_secret_missing"),
    ],
)
def test_a_block_that_cannot_be_meant_is_refused(tmp_path, wrong, code):
    with pytest.raises(Problem) as refused:
        mail_services(settings(tmp_path, wrong, mail="smtp://127.0.0.1:25"))
    assert refused.value.code == code
    assert wrong.name in refused.value.hint


@pytest.mark.parametrize(
    "more",
    [
        {"mail_bounces": "https://bounces.example"},
        {"mail_bounces": "bounces"},
        {"mail_bounces": "a@b.example"},
        {"passkey_domains": ("https://standby.example",)},
        {"passkey_domains": ("standby.example:8443",)},
        {"passkey_domains": ("UPPER.example",)},
        {"passkey_domains": ("10.0.0.1",)},
        {"passkey_domains": tuple(f"d{n}.example" for n in range(11))},
    ],
)
def test_what_is_no_domain_is_refused_at_start(tmp_path, more):
    check_settings(settings(tmp_path, passkey_domains=("a.example",), mail_bounces="b.example"))
    with pytest.raises(Invalid):
        check_settings(settings(tmp_path, **more))


def test_the_submission_of_the_setting_is_in_the_register_where_it_can_be_let_back(tmp_path):
    """One that refuses us and is listed nowhere would be shut for ever."""
    first = settings(tmp_path, block(), mail="smtp://127.0.0.1:25")
    listed = [(one.kind, one.name, one.usable) for one in site_of(first).vendors]
    assert listed == [("mail", "mail", True), ("mail", "second", True)]
    assert site_of(settings(tmp_path)).vendors == ()
