"""Planned posts through the API, and by a client that others wrote."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

from tests.api.uploads import uploaded
from tests.kit.courthouse import Courthouse
from tests.kit.served import serve_site
from tests.kit.site import Member
from tests.posts.media import files
from venire.kernel.clock import HOUR_MS, iso_ms
from venire.people import standing

PLANS = "/api/v1/scheduled_statuses"
STATUSES = "/api/v1/statuses"


def moment(house: Courthouse, after_ms: int = HOUR_MS) -> str:
    return iso_ms(house.site.clock.now_ms() + after_ms)


async def planned(house: Courthouse, member: Member, text: str = "later", **more: Any) -> Any:
    house.site.clock.advance(1)
    body = {"status": text, "scheduled_at": moment(house), **more}
    answer = await member.post(STATUSES, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def posts_of(member: Member) -> list[Any]:
    return (await member.get(f"/api/v1/accounts/{member.id}/statuses")).json()


@pytest.mark.anyio
async def test_a_plan_is_made_shown_moved_and_taken_back(house):
    ani, eve = await house.site.member("ani"), await house.site.member("eve")
    poll = {"options": ["a", "b"], "expires_in": 300}
    made = await planned(house, ani, "later", spoiler_text="w", poll=poll, language="id")
    assert set(made) == {"id", "scheduled_at", "params", "media_attachments"}
    assert made["params"]["text"] == "later"
    assert made["params"]["visibility"] == "public"
    assert made["params"]["poll"] == {**poll, "multiple": False, "hide_totals": False}
    assert (await ani.get(PLANS)).json() == [made]
    path = f"{PLANS}/{made['id']}"
    assert (await ani.get(path)).json() == made
    later = moment(house, 3 * HOUR_MS)
    assert (await ani.put(path, json={"scheduled_at": later})).json()["scheduled_at"] == later
    assert [(await eve.get(p)).status_code for p in (path, PLANS)] == [404, 200]
    assert (await eve.put(path, json={"scheduled_at": later})).status_code == 404
    assert (await eve.delete(path)).status_code == 404
    assert (await ani.delete(path)).json() == {}
    assert (await ani.get(path)).status_code == 404
    assert (await ani.get(PLANS)).json() == await posts_of(ani) == []


@pytest.mark.anyio
async def test_what_is_due_is_published_and_heard_of(house):
    ani, bob = await house.site.member("ani"), await house.site.member("bob")
    await planned(house, ani, "hello @bob", visibility="unlisted")
    await house.settle()
    assert await posts_of(ani) == []
    house.site.clock.advance(HOUR_MS)
    await house.settle()
    (post,) = await posts_of(ani)
    assert (post["visibility"], post["mentions"][0]["username"]) == ("unlisted", "bob")
    (told,) = (await bob.get("/api/v1/notifications")).json()
    assert told["status"]["id"] == post["id"]
    assert (await ani.get(PLANS)).json() == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2020-01-01T00:00:00Z", "schedule_too_soon"),
        ("soon", "schedule_unreadable"),
        ("9" * 40, "schedule_unreadable"),
        ("9" * 41, "text_too_long"),
        ("2026-13-01", "schedule_unreadable"),
        (None, "parameter_missing"),
        (["2030-01-01"], "parameter_invalid"),
    ],
)
async def test_a_moment_that_is_none_is_refused_in_either_place(house, at, code):
    ani = await house.site.member("ani")
    made = await planned(house, ani)
    answer = await ani.put(f"{PLANS}/{made['id']}", json={"scheduled_at": at})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    if at is not None:
        answer = await ani.post(STATUSES, json={"status": "x", "scheduled_at": at})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await ani.get(PLANS)).json() == [made]


@pytest.mark.anyio
async def test_plans_are_walked_by_their_links(house):
    ani = await house.site.member("ani")
    made = [(await planned(house, ani, str(n)))["id"] for n in range(7)]
    seen, path = [], f"{PLANS}?limit=3"
    while path:
        answer = await ani.get(path)
        seen += [one["id"] for one in answer.json()]
        found = re.search(r'<([^>]*)>; rel="next"', answer.headers.get("link", ""))
        path = found[1] if found else ""
    assert seen == made[::-1]


@pytest.mark.anyio
async def test_an_author_suspended_meanwhile_is_told_in_a_message(house):
    ani = await house.site.member("ani")
    made = await planned(house, ani, "what I think of it")
    await standing.suspend(house.world, ani.id, "s", None, 1)
    object.__setattr__(house.world.site, "acceptance", False)
    house.site.clock.advance(HOUR_MS)
    await house.settle()
    object.__setattr__(house.world.site, "acceptance", True)
    assert await posts_of(ani) == []
    assert (await ani.get(PLANS)).json() == [made]
    (told,) = (await ani.get("/api/v1/notifications")).json()
    assert "what I think of it" in told["status"]["content"]
    assert "Your account is suspended" in told["status"]["content"]


@pytest.mark.anyio
async def test_media_of_a_plan_stay_until_it_is_published(house):
    ani = await house.site.member("ani")
    medium = await uploaded(ani, files.picture(), description="A hill")
    made = await planned(
        house, ani, "", media_ids=[medium["id"]], scheduled_at=moment(house, 72 * HOUR_MS)
    )
    assert made["params"]["media_ids"] == [medium["id"]]
    assert made["media_attachments"][0]["description"] == "A hill"
    house.site.clock.advance(71 * HOUR_MS)
    await house.settle()
    assert (await ani.get(f"/api/v1/media/{medium['id']}")).status_code == 200
    await ani.put(f"/api/v1/media/{medium['id']}", json={"description": "A green hill"})
    house.site.clock.advance(HOUR_MS)
    await house.settle()
    (post,) = await posts_of(ani)
    assert [one["description"] for one in post["media_attachments"]] == ["A green hill"]
    assert post["media_attachments"][0]["url"] == medium["url"]


@pytest.mark.anyio
async def test_media_of_another_are_not_planned(house):
    ani, eve = await house.site.member("ani"), await house.site.member("eve")
    medium = await uploaded(ani, files.picture())
    body = {"status": "x", "media_ids": [medium["id"]], "scheduled_at": moment(house)}
    answer = await eve.post(STATUSES, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "media_unknown")


@pytest.mark.anyio
async def test_an_edit_reorders_describes_and_brings_back_what_a_post_carries(house):
    ani = await house.site.member("ani")
    one, two, three = [await uploaded(ani, files.picture(width=400 + n)) for n in range(3)]
    made = await ani.post(STATUSES, json={"status": "x", "media_ids": [one["id"], two["id"]]})
    path = f"{STATUSES}/{made.json()['id']}"
    await house.settle()

    async def edit(**body: Any) -> list[tuple[str, str | None]]:
        house.site.clock.advance(1_000)
        answer = await ani.put(path, json={"status": "x", **body})
        assert answer.is_success, answer.text
        await house.settle()
        shown = answer.json()["media_attachments"]
        return [(medium["id"], medium["description"]) for medium in shown]

    described = [{"id": two["id"], "description": "Two", "focus": "0.5,-0.5"}, {"id": "1"}]
    wanted = [two["id"], one["id"]]
    assert await edit(media_ids=wanted, media_attributes=described) == [
        (two["id"], "Two"),
        (one["id"], None),
    ]
    assert await edit(media_ids=[three["id"]]) == [(three["id"], None)]
    assert await edit(media_ids=[two["id"]]) == [(two["id"], "Two")]
    assert await edit() == [(two["id"], "Two")]
    assert await edit(media_ids=[]) == []
    history = (await ani.get(f"{path}/history")).json()
    assert [len(one["media_attachments"]) for one in history] == [2, 2, 1, 1, 0]
    for body, code in (
        ({"media_ids": ["5"]}, "media_unknown"),
        (
            {"media_ids": [one["id"]], "poll": {"options": ["a", "b"], "expires_in": 300}},
            "poll_with_media",
        ),
        (
            {"media_ids": [two["id"]], "media_attributes": [{"id": two["id"], "focus": "9,9"}]},
            "focus_invalid",
        ),
        (
            {
                "media_ids": [two["id"]],
                "media_attributes": [{"id": two["id"], "description": "x" * 1_501}],
            },
            "description_too_long",
        ),
        ({"status": "", "media_ids": []}, "text_blank"),
    ):
        answer = await ani.put(path, json={"status": "x", **body})
        assert (answer.status_code, answer.json()["code"]) == (422, code), body


@pytest.mark.anyio
async def test_the_largest_post_there_can_be_is_published_and_edited(house):
    """Text, descriptions and what an edit keeps of them are one commit each."""
    ani = await house.site.member("ani")
    wide, family = "\U0001f33e" * 1_500, "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 400
    media = [await uploaded(ani, files.picture(width=400 + n), description=wide) for n in range(4)]
    ids = [one["id"] for one in media]
    made = await ani.post(STATUSES, json={"status": family, "media_ids": ids})
    assert made.status_code == 200, made.text
    await house.settle()
    path = f"{STATUSES}/{made.json()['id']}"
    changed = [{"id": one, "description": wide[1:]} for one in ids]
    for text, attributes, status in (
        (family[1:], changed, 413),
        (family, [{"id": ids[0], "description": ""}], 413),
        ("short", [], 413),
    ):
        body = {"status": text, "media_ids": ids, "media_attributes": attributes}
        answer = await ani.put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, "text_too_large"), text
    body = {"status": "short", "media_ids": ids[:1], "media_attributes": []}
    assert (await ani.put(path, json=body)).status_code == 200


@pytest.mark.loopback
@pytest.mark.enable_socket
def test_mastodon_py_plans_moves_and_takes_back(socket_enabled, tmp_path):
    with serve_site(tmp_path) as served:
        member = served.call(served.site.member("ani"))
        client = Mastodon(
            access_token=member.created.access_token,
            api_base_url=served.url,
            ratelimit_method="throw",
            request_timeout=10,
        )
        now = dt.datetime.fromtimestamp(served.site.clock.now_ms() / 1_000, tz=dt.UTC)
        made = client.status_post("later", scheduled_at=now + dt.timedelta(hours=1))
        assert made.params.text == "later"
        assert [one.id for one in client.scheduled_statuses()] == [made.id]
        assert client.scheduled_status(made).id == made.id
        moved = client.scheduled_status_update(made, now + dt.timedelta(hours=2))
        assert moved.scheduled_at == now + dt.timedelta(hours=2)
        with pytest.raises(MastodonAPIError):
            client.status_post("soon", scheduled_at=now + dt.timedelta(minutes=4))
        client.scheduled_status_delete(made)
        with pytest.raises(MastodonNotFoundError):
            client.scheduled_status(made)
        assert client.scheduled_statuses() == []
