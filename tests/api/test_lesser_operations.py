"""Operations that few ask for: each does what it is for, for those whom it is for."""

from __future__ import annotations

import pytest

from tests.kit.town import open_town


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


@pytest.fixture(scope="module")
def ids(town):
    """Ids of the accounts by name."""
    own = "/api/v1/accounts/verify_credentials"
    return {
        name: town.send("GET", own, headers=town.viewers[name]).json()["id"]
        for name in ("author", "member", "juror", "admin")
    }


def test_the_pictures_that_stand_for_missing_ones_are_pictures(town):
    for answer in (
        town.send("GET", "/avatars/original/missing.png"),
        town.send("GET", "/headers/original/missing.png"),
        town.send("GET", "/thumbnail.png"),
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")


def test_a_code_for_an_app_without_a_browser_is_shown_on_a_page(town):
    shown = town.send("GET", "/oauth/authorize/native?code=abc%3Cb%3E")
    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("text/html")
    assert "abc&lt;b&gt;" in shown.text


def test_who_one_is_can_be_asked_by_either_method(town, ids):
    headers = town.viewers["member"]
    asked = town.send("POST", "/oauth/userinfo", headers=headers).json()
    assert asked == town.send("GET", "/oauth/userinfo", headers=headers).json()
    assert asked["preferred_username"] == "member"


def test_a_statement_is_shown_to_whom_it_is_addressed_alone(town):
    author, member = town.viewers["author"], town.viewers["member"]
    statement = town.send("GET", "/api/v1/statements", headers=author).json()[0]
    path = f"/api/v1/statements/{statement['id']}"
    assert town.send("GET", path, headers=author).json()["id"] == statement["id"]
    assert town.send("GET", path, headers=member).status_code == 404


def test_what_waits_for_the_operator_is_shown_to_operators_alone(town):
    waiting = town.send("GET", "/api/v1/admin/queue", headers=town.viewers["admin"])
    assert {"case", "subject_id", "hold"} <= waiting.json()[0].keys()
    refused = town.send("GET", "/api/v1/admin/queue", headers=town.viewers["member"])
    assert refused.status_code == 403


def test_the_pool_of_an_epoch_is_published(town):
    assert town.send("GET", "/record/pool/999999").status_code == 404
    shown = town.send("GET", "/record/pool/1")
    assert shown.status_code == 200, shown.text


def test_streams_are_for_members_alone(town):
    for path in (
        "/api/v1/streaming/user/notification",
        "/api/v1/streaming/direct",
        "/api/v1/streaming/list?list=1",
        "/api/v1/streaming/public",
        "/api/v1/streaming/public/local",
        "/api/v1/streaming/public/remote",
        "/api/v1/streaming/hashtag?tag=x",
        "/api/v1/streaming/hashtag/local?tag=x",
    ):
        assert town.send("GET", path).status_code == 401, path
        assert town.send("GET", path, headers=town.viewers["forged"]).status_code == 401, path


def test_the_policy_of_notifications_is_set_by_either_method_and_version(town):
    member = town.viewers["member"]
    wanted = {"for_new_accounts": "accept", "for_not_following": "filter"}
    changed = town.send("PUT", "/api/v2/notifications/policy", json=wanted, headers=member).json()
    assert (changed["for_new_accounts"], changed["for_not_following"]) == ("accept", "filter")
    wanted = {"filter_not_following": False}
    older = town.send("PATCH", "/api/v1/notifications/policy", json=wanted, headers=member).json()
    assert older["filter_not_following"] is False


def test_a_profile_shows_whom_its_owner_puts_forward(town, ids):
    author, member = town.viewers["author"], town.viewers["member"]
    assert town.send("POST", f"/api/v1/accounts/{ids['member']}/follow", headers=author).is_success
    put = town.send("POST", f"/api/v1/accounts/{ids['member']}/endorse", headers=author)
    assert put.json()["endorsed"]
    shown = town.send("GET", f"/api/v1/accounts/{ids['author']}/endorsements", headers=member)
    assert [one["username"] for one in shown.json()] == ["member"]


def test_an_operator_corrects_what_a_report_is_about(town):
    admin = town.viewers["admin"]
    report = town.send("GET", "/api/v1/admin/reports", headers=admin).json()[0]
    path = f"/api/v1/admin/reports/{report['id']}"
    changed = town.send("PUT", path, json={"category": "spam"}, headers=admin)
    assert changed.json()["category"] == "spam"
    refused = town.send("PUT", path, json={"category": "weather"}, headers=admin)
    assert refused.status_code == 422
    assert town.send("PUT", path, json={}, headers=town.viewers["member"]).status_code == 403


def test_nobody_asks_for_the_consent_of_an_adults_guardian(town, ids):
    admin = town.viewers["admin"]
    path = f"/api/v1/admin/accounts/{ids['member']}/consent"
    assert town.send("GET", path, headers=admin).status_code == 404
    assert town.send("POST", path, headers=admin).status_code in {404, 409, 422}


def test_no_hashtag_waits_for_an_operator(town):
    admin = town.viewers["admin"]
    assert town.send("GET", "/api/v1/admin/tags/1", headers=admin).status_code == 404
    assert town.send("PUT", "/api/v1/admin/tags/1", headers=admin).status_code == 404


def test_a_juror_can_leave_the_pool_and_an_admin_appoints_the_bench(town, ids):
    admin, member = town.viewers["admin"], town.viewers["member"]
    wanted = {"account_id": ids["member"], "bench": True}
    assert town.send("POST", "/api/v1/admin/jurors", json=wanted, headers=admin).is_success
    refused = town.send("POST", "/api/v1/admin/jurors", json=wanted, headers=member)
    assert refused.status_code == 403
    assert town.send("POST", "/api/v1/jury/opt_out", headers=member).is_success
