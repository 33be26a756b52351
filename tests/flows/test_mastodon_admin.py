"""Mastodon.py as a moderator's tool, against the site that `venire run` serves."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

from venire.cli.drills.site import create_account, running_site

pytestmark = [pytest.mark.loopback]

PASSWORD = "long enough to be one"
SCOPES = ["read", "write", "follow", "admin:read", "admin:write"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("site") / "data"


@pytest.fixture(scope="module")
def operator(folder):
    return create_account(folder, "operator", "admin", "acceptance")


@pytest.fixture(scope="module")
def served(folder, operator):
    with running_site(folder) as opened:
        yield opened


@pytest.fixture
def url(served, socket_enabled):
    return served


@pytest.fixture
def admin(url, operator) -> Mastodon:
    return a_client(url, access_token=operator["access_token"])


def a_client(url: str, **more: str) -> Mastodon:
    return Mastodon(
        api_base_url=url,
        ratelimit_method="throw",
        request_timeout=10,
        version_check_mode="none",
        **more,
    )


def signed_up(url: str, name: str) -> Mastodon:
    client_id, secret = Mastodon.create_app("Flow", scopes=SCOPES[:3], api_base_url=url)
    client = a_client(url, client_id=client_id, client_secret=secret)
    client.create_account(name, PASSWORD, f"{name}@mail.test", agreement=True, scopes=SCOPES[:3])
    return client


def eventually(find):
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def test_accounts_are_listed_limited_and_freed(url, admin):
    member = signed_up(url, "budi")
    mine = member.me().id
    found = admin.admin_accounts_v2(username="budi")
    assert [one.username for one in found] == ["budi"]
    # The library takes the first version to answer with one account: these stay dicts.
    assert [one["username"] for one in admin.admin_accounts_v1(username="budi")] == ["budi"]
    for kind, flag, undo in (
        ("silence", "silenced", admin.admin_account_unsilence),
        ("sensitive", "sensitized", admin.admin_account_unsensitive),
        ("disable", "disabled", admin.admin_account_enable),
        ("suspend", "suspended", admin.admin_account_unsuspend),
    ):
        admin.admin_account_moderate(mine, action=kind, text="for a while")
        assert admin.admin_account(mine)[flag], kind
        freed = undo(mine)
        assert not freed[flag], kind
    admin.admin_account_moderate(mine, text="a word of warning")
    eventually(lambda: [n for n in member.notifications() if n.type == "moderation_warning"])
    admin.admin_account_moderate(mine, action="suspend")
    eventually(lambda: admin.admin_accounts_v2(status="suspended"))
    assert admin.admin_account_delete(mine).username == "budi"
    with pytest.raises(MastodonAPIError):
        member.me()


def test_reports_are_worked_through(url, admin):
    author, reporter = signed_up(url, "author"), signed_up(url, "reporter")
    post = author.status_post("Buy two lamps and get one chair.")
    filed = reporter.report(author.me().id, status_ids=post.id, comment="spam", category="spam")
    found = eventually(admin.admin_reports)
    assert [one.id for one in found] == [filed.id]
    assert admin.admin_report(filed.id).target_account.username == "author"
    assert admin.admin_report_assign(filed.id).assigned_account.username == "operator"
    assert admin.admin_report_unassign(filed.id).assigned_account is None
    assert admin.admin_report_resolve(filed.id).action_taken
    assert admin.admin_reports() == []
    assert [one.id for one in admin.admin_reports(resolved=True)] == [filed.id]
    assert not admin.admin_report_reopen(filed.id).action_taken


def test_lists_of_closed_doors_are_kept(admin):
    block = admin.admin_create_ip_block("8.8.8.8/24", "sign_up_block", comment="wave")
    assert block.ip == "8.8.8.0/24"
    assert admin.admin_update_ip_block(block.id, severity="no_access").severity == "no_access"
    assert [one.id for one in admin.admin_ip_blocks()] == [block.id]
    assert admin.admin_ip_block(block.id).comment == "wave"
    admin.admin_delete_ip_block(block.id)
    with pytest.raises(MastodonNotFoundError):
        admin.admin_ip_block(block.id)

    domain = admin.admin_create_email_domain_block("bad.example")
    assert admin.admin_email_domain_block(domain.id).domain == "bad.example"
    assert len(admin.admin_email_domain_blocks()) == 1
    admin.admin_delete_email_domain_block(domain.id)

    box = admin.admin_create_canonical_email_block(email="t.roll+1@b.example")
    assert admin.admin_test_canonical_email_block("troll@b.example")[0].id == box.id
    assert admin.admin_canonical_email_block(box.id).canonical_email_hash
    assert len(admin.admin_canonical_email_blocks()) == 1
    admin.admin_delete_canonical_email_block(box.id)

    other = admin.admin_create_domain_block("bad.example", severity="silence", obfuscate=True)
    assert admin.admin_update_domain_block(other.id, severity="suspend").severity == "suspend"
    assert admin.admin_domain_blocks(other.id).domain == "bad.example"
    assert len(admin.admin_domain_blocks()) == 1
    admin.admin_delete_domain_block(other.id)

    allowed = admin.admin_create_domain_allow("good.example")
    assert admin.admin_domain_allow(allowed.id).domain == "good.example"
    assert len(admin.admin_domain_allows()) == 1
    admin.admin_delete_domain_allow(allowed.id)


def test_figures_are_read(admin):
    now = dt.datetime.now(dt.UTC)
    since = now - dt.timedelta(days=2)
    measures = admin.admin_measures(since, now, new_users=True, opened_reports=True)
    assert {one.key for one in measures} == {"new_users", "opened_reports"}
    dimensions = admin.admin_dimensions(since, now, software_versions=True, languages=True)
    assert {one.key for one in dimensions} == {"software_versions", "languages"}
    assert admin.admin_retention(since, now) == []
    for trending in (
        admin.admin_trending_tags,
        admin.admin_trending_links,
        admin.admin_trending_statuses,
    ):
        assert trending() == []
