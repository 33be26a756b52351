"""An authority's order reaches as far as it rules, after two people; demands stand apart."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.posts.media import files
from venire.cases import order_effects, orders
from venire.cases.policy import OrderPolicy
from venire.kernel.clock import DAY_MS, HOUR_MS, iso_ms, parse_iso_ms
from venire.kernel.errors import Unavailable
from venire.people import countries
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio

O = "/api/v1/admin/orders"  # noqa: E741 - as the other suites name their paths
D = "/api/v1/admin/data_demands"


@pytest.fixture
async def house(tmp_path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


async def finish(house: Courthouse) -> None:
    for _ in range(6):
        await house.settle()
        house.site.clock.advance(100)


async def the_people(house: Courthouse):
    policy = msgspec.structs.replace(
        house.court.policy,
        orders=msgspec.structs.replace(house.court.policy.orders, approvers=("Anna",)),
    )
    object.__setattr__(house.court, "policy", policy)
    moderator = await house.site.member("mona", "moderator")
    approver = await house.site.member("anna", "moderator")
    author = await house.site.member("author")
    return moderator, approver, author


def order(post: str, **more):
    return {
        "authority": "Kominfo",
        "country": "ID",
        "legal_ground": "Regulation 5/2020, Art. 14",
        "reference": "K-2026-17",
        "posts": [post],
        **more,
    }


async def living_in(house: Courthouse, name: str, country: str):
    member = await house.site.member(name)
    said = await member.put("/api/v1/accounts/country", json={"country": country})
    assert said.json() == {"country": country}
    return member


async def entries(house: Courthouse, **wanted) -> list[dict]:
    rows, _ = await house.site.storage.scan(ENTRIES)
    found = [
        decode_entry(row.entry).header
        for row in sorted(rows, key=lambda row: (row.bundle, row.leaf_index))
    ]
    return [one for one in found if wanted.items() <= one.items()]


async def messages(member) -> list[str]:
    told = (await member.get("/api/v1/notifications")).json()
    return [one["status"]["content"] for one in told if one["type"] == "mention"]


async def test_a_post_is_withheld_where_the_order_reaches_and_nowhere_else(house):
    moderator, approver, author = await the_people(house)
    picture = {"file": ("p.png", files.picture())}
    media = (await author.post("/api/v2/media", files=picture)).json()
    post = await house.post(author, "a word on the minister", media_ids=[media["id"]])
    there = await living_in(house, "budi", "ID")
    away = await living_in(house, "greta", "DE")
    silent = await house.site.member("nowhere")
    await author.post(f"/api/v1/accounts/{author.id}/follow")
    for reader in (there, away):
        await reader.post(f"/api/v1/accounts/{author.id}/follow")
        await reader.post(f"/api/v1/statuses/{post}/bookmark")
    made = await moderator.post(O, json=order(post))
    assert made.status_code == 202, made.text
    found = made.json()
    received = parse_iso_ms(found["received_at"])
    assert (found["state"], found["territory"]) == ("registered", ["ID"])
    assert found["due_at"] == iso_ms(received + 24 * HOUR_MS)
    await finish(house)
    assert any("waits for your decision" in text for text in await messages(approver))
    assert (await there.get(f"/api/v1/statuses/{post}")).status_code == 200
    assert (await entries(house, category="order")) == []

    refused = await moderator.post(f"{O}/{found['id']}/approve")
    assert (refused.status_code, refused.json()["code"]) == (403, "approver_only")
    assert (await approver.post(f"{O}/{found['id']}/approve")).is_success
    await finish(house)
    shown = (await moderator.get(f"{O}/{found['id']}")).json()
    assert shown["state"] == "carried_out"
    path = f"/api/v1/statuses/{post}"
    assert (await there.get(path)).status_code == 404
    for reader in (away, silent, author):
        assert (await reader.get(path)).status_code == 200
    assert (await house.site.client.get(path)).status_code == 200
    for listing in ("timelines/home", "timelines/public", "bookmarks"):
        ids = [one["id"] for one in (await there.get(f"/api/v1/{listing}")).json()]
        assert post not in ids, listing
        assert post in [one["id"] for one in (await away.get(f"/api/v1/{listing}")).json()]
    (entry,) = await entries(house, category="order")
    assert (entry["action"], entry["source"], entry["territory"]) == ("withhold", "order", ["ID"])
    (told,) = await messages(author)
    assert "Kominfo" in told
    assert "Regulation 5/2020" in told

    await approver.post(f"{O}/{found['id']}/lift", json={"reason": "annulled by the court"})
    await finish(house)
    assert (await there.get(path)).status_code == 200
    assert [one["action"] for one in await entries(house, category="order")] == ["withhold", "lift"]
    assert len(await messages(author)) == 2


async def test_the_country_that_a_trusted_proxy_tells_counts_for_strangers_and_their_pictures(
    house,
):
    moderator, approver, author = await the_people(house)
    media = (await author.post("/api/v2/media", files={"file": ("p.png", files.picture())})).json()
    post = await house.post(author, "a word on the minister", media_ids=[media["id"]])
    made = (await moderator.post(O, json=order(post, country="FR", territory=["EU"]))).json()
    assert parse_iso_ms(made["due_at"]) - parse_iso_ms(made["received_at"]) == HOUR_MS
    await approver.post(f"{O}/{made['id']}/approve")
    await finish(house)
    for country, status in (("PL", 404), ("fr", 404), ("US", 200), ("XX", 200), ("", 200)):
        countries.note_network_country(country)
        for path in (f"/api/v1/statuses/{post}", media["url"]):
            answer = await house.site.client.get(path)
            assert answer.status_code == status, (country, path)
    countries.note_network_country("")


async def test_clocks_reach_and_silence_are_those_of_the_law_named(house):
    moderator, *_, author = await the_people(house)
    post = await house.post(author, "a word on the minister")
    hours = {("ID", True): 4, ("ID", False): 24, ("DE", False): 1, ("US", False): 72}
    for (country, urgent), wanted in hours.items():
        made = await moderator.post(O, json=order(post, country=country, urgent=urgent))
        found = made.json()
        spent = parse_iso_ms(found["due_at"]) - parse_iso_ms(found["received_at"])
        assert spent == wanted * HOUR_MS, country
    for change, code in (
        ({"territory": ["ID", "SG"]}, "territory_too_wide"),
        ({"country": "ID", "territory": ["EU"]}, "territory_too_wide"),
        ({"country": "Indonesia"}, "country_unknown"),
        ({"posts": ["7"]}, "order_posts_unknown"),
        ({"posts": ["https://elsewhere.example/@a/7"]}, "order_posts_unknown"),
        ({"posts": []}, "order_incomplete"),
        ({"legal_ground": " "}, "order_incomplete"),
        ({"silent_ground": "a court said so"}, "silence_invalid"),
        ({"silent_until": "2027-01-01T00:00:00Z"}, "silence_invalid"),
    ):
        refused = await moderator.post(O, json=order(post, **change))
        assert (refused.status_code, refused.json()["code"]) == (422, code), change


async def test_whoever_may_not_be_told_is_told_once_the_silence_ends(house):
    moderator, approver, author = await the_people(house)
    post = await house.post(author, "a word on the minister")
    until = iso_ms(house.site.clock.now_ms() + 3 * DAY_MS)
    silence = {"silent_ground": "Art. 11", "silent_until": until}
    made = (await moderator.post(O, json=order(post, **silence))).json()
    await approver.post(f"{O}/{made['id']}/approve")
    await finish(house)
    assert (await moderator.get(f"{O}/{made['id']}")).json()["state"] == "carried_out"
    assert await messages(author) == []
    house.site.clock.advance(3 * DAY_MS)
    await finish(house)
    assert len(await messages(author)) == 1


async def test_a_refusal_and_a_dispute_stand_in_the_record(house):
    moderator, approver, author = await the_people(house)
    post = await house.post(author, "a word on the minister")
    first = (await moderator.post(O, json=order(post))).json()
    reason = {"reason": "no law is named that forbids this"}
    assert (await moderator.post(f"{O}/{first['id']}/refuse", json=reason)).status_code == 403
    assert (await approver.post(f"{O}/{first['id']}/refuse", json=reason)).is_success
    late = await approver.post(f"{O}/{first['id']}/approve")
    assert (late.status_code, late.json()["code"]) == (409, "transition_not_allowed")
    second = (await moderator.post(O, json=order(post))).json()
    await approver.post(f"{O}/{second['id']}/approve")
    disputed = await moderator.post(f"{O}/{second['id']}/dispute", json=reason)
    assert disputed.json()["disputed"] == reason["reason"]
    await finish(house)
    outcomes = [one.get("outcome") for one in await entries(house, category="order")]
    assert sorted(filter(None, outcomes)) == ["disputed", "refused"]


async def test_two_orders_on_one_post_end_one_by_one(house):
    moderator, approver, author = await the_people(house)
    post = await house.post(author, "a word on the minister")
    there = await living_in(house, "budi", "ID")
    path = f"/api/v1/statuses/{post}"
    ids = []
    for number in range(2):
        made = await moderator.post(O, json=order(post, reference=f"K-{number}"))
        ids.append(made.json()["id"])
        await approver.post(f"{O}/{ids[-1]}/approve")
        await finish(house)
    for one, status in zip(ids, (404, 200), strict=True):
        await approver.post(f"{O}/{one}/lift", json={"reason": "it was withdrawn"})
        await finish(house)
        assert (await there.get(path)).status_code == status


async def test_killed_anywhere_an_order_is_carried_out_whole_and_recorded_once(house, monkeypatch):
    moderator, approver, author = await the_people(house)
    made = [await house.post(author, f"word {n} on the minister") for n in range(12)]
    there = await living_in(house, "budi", "ID")
    body = {**order(made[0]), "posts": made}
    found = (await moderator.post(O, json=body)).json()
    await approver.post(f"{O}/{found['id']}/approve")
    real, calls = order_effects.carry_out, [0]

    async def dies(*asked, **how):
        calls[0] += 1
        await real(*asked, **how)
        if calls[0] % 4 == 0:
            raise Unavailable("killed_here")

    monkeypatch.setattr(order_effects, "carry_out", dies)
    for _ in range(10):
        with contextlib.suppress(Unavailable):
            await orders.go_on(house.court, found["id"])
        house.site.clock.advance(100)
    monkeypatch.setattr(order_effects, "carry_out", real)
    await finish(house)
    assert (await moderator.get(f"{O}/{found['id']}")).json()["state"] == "carried_out"
    for post in made:
        assert (await there.get(f"/api/v1/statuses/{post}")).status_code == 404
    assert len(await entries(house, category="order")) == 12


async def test_with_nobody_named_an_admin_approves_and_never_who_registered(house):
    policy = msgspec.structs.replace(house.court.policy, orders=OrderPolicy())
    object.__setattr__(house.court, "policy", policy)
    first, second = [await house.site.member(name, "admin") for name in ("one", "two")]
    author = await house.site.member("author")
    post = await house.post(author, "a word on the minister")
    made = (await first.post(O, json=order(post))).json()
    refused = await first.post(f"{O}/{made['id']}/approve")
    assert refused.json()["code"] == "second_person_needed"
    assert (await second.post(f"{O}/{made['id']}/approve")).is_success


def demand(account, **more):
    return {
        "authority": "Public prosecutor",
        "country": "NL",
        "legal_ground": "Art. 126n",
        "reference": "P-9",
        "asked_for": "all messages of the last year",
        "accounts": [str(account.id)],
        **more,
    }


async def test_a_demand_for_data_is_reviewed_narrowed_answered_and_told(house):
    one, two = [await house.site.member(name, "admin") for name in ("one", "two")]
    moderator = await house.site.member("mona", "moderator")
    person = await house.site.member("person")
    made = await one.post(D, json=demand(person))
    assert made.status_code == 202, made.text
    path = f"{D}/{made.json()['id']}"
    for outsider in (moderator, person):
        assert (await outsider.get(D)).status_code == 403
        assert (await outsider.get(path)).status_code == 403
        assert (await outsider.post(f"{path}/review", json={})).status_code == 403
    early = {"state": "answered", "reason": "x", "handed_over": ["all"]}
    assert (await two.post(f"{path}/review", json=early)).status_code == 409
    looked = {"state": "under_review", "reason": "our lawyer reads it"}
    assert (await one.post(f"{path}/review", json=looked)).is_success
    await finish(house)
    assert any("being reviewed" in text for text in await messages(person))
    narrow = {"state": "narrowed", "reason": "private messages need a warrant"}
    assert (await one.post(f"{path}/review", json=narrow)).json()["code"] == "narrowed_missing"
    narrow["narrowed_to"] = "the date of the sign-up"
    assert (await one.post(f"{path}/review", json=narrow)).is_success
    answer = {"state": "answered", "reason": "as narrowed", "handed_over": ["date of sign-up"]}
    own = await one.post(f"{path}/review", json=answer)
    assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
    nothing = await two.post(f"{path}/review", json={**answer, "handed_over": []})
    assert nothing.json()["code"] == "handed_over_missing"
    done = (await two.post(f"{path}/review", json=answer)).json()
    assert (done["state"], done["handed_over"]) == ("answered", ["date of sign-up"])
    assert [step["state"] for step in done["steps"]] == [
        "received",
        "under_review",
        "narrowed",
        "answered",
    ]
    await finish(house)
    assert any("We handed over: date of sign-up." in text for text in await messages(person))
    assert (await two.post(f"{path}/review", json=looked)).status_code == 409


async def test_who_may_not_be_told_of_a_demand_hears_of_it_when_the_silence_ends(house):
    one = await house.site.member("one", "admin")
    person = await house.site.member("person")
    until = iso_ms(house.site.clock.now_ms() + 5 * DAY_MS)
    silence = {"silent_ground": "Art. 3", "silent_until": until}
    made = (await one.post(D, json=demand(person, **silence))).json()
    refusal = {"state": "refused", "reason": "no such law"}
    assert (await one.post(f"{D}/{made['id']}/review", json=refusal)).is_success
    await finish(house)
    assert await messages(person) == []
    house.site.clock.advance(5 * DAY_MS)
    await finish(house)
    (told,) = await messages(person)
    assert "We refused, and handed nothing over." in told
