"""Sexual abuse of children: one named person reads the words, nobody sees a picture, all is logged.

Every reading route and page is asked by everyone else, with every id there is, at every stage of
the case. Text, description, comment, file name and hash each carry a canary.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.kit.courthouse import Courthouse, open_courthouse
from tests.kit.reader import Reader
from tests.kit.site import Member
from tests.posts.media import files
from venire.api.app import create_app
from venire.api.routes import ROUTES
from venire.api.settings import ApiSettings
from venire.cases import appeals_filing, child_safety, erasure
from venire.cases.policy import ChildSafetyPolicy
from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people import departures, sessions
from venire.posts import actions as posts
from venire.web.routes import PAGES, lost_page, web_routes

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

CANARY = "zebracanary"
TEXT = f"{CANARY} words that nobody else may read #harmless"
_PARAMETER = re.compile(r"\{([a-z_]+)(?:\*|:path|:int)?\}")
SETTINGS = ApiSettings(confirmed_contact_required=False, minimum_age=0, rate_limits=False)
S = "/api/v1/admin/sealed"
NAMED = ChildSafetyPolicy(person="nina", deputy="Dora", authority="NCMEC", keep_days=400)


class Sealed:
    """A post that was reported, and everyone around it."""

    def __init__(self, house: Courthouse) -> None:
        self.house = house
        self.people: dict[str, Member] = {}
        self.post = ""
        self.media: dict[str, Any] = {}
        self.hash = ""
        self.case = ""
        self.candidates: list[str] = []

    async def gather(self) -> None:
        policy = msgspec.structs.replace(self.house.court.policy, child_safety=NAMED)
        object.__setattr__(self.house.court, "policy", policy)
        await self.house.seat_pool(6)
        roles = {"nina": "moderator", "dora": "moderator", "mona": "moderator", "boss": "admin"}
        for name in ("author", "reporter", "target", "friend", *roles):
            self.people[name] = await self.house.site.member(name, roles.get(name, "member"))
        author, friend = self.people["author"], self.people["friend"]
        await friend.post(f"/api/v1/accounts/{author.id}/follow")
        picture = files.picture()
        made = await author.post(
            "/api/v2/media",
            files={"file": (f"{CANARY}.png", picture)},
            data={"description": f"{CANARY} in a picture"},
        )
        self.media = made.json()
        body = {"status": f"@target {TEXT}", "media_ids": [self.media["id"]]}
        post = await author.post("/api/v1/statuses", json=body)
        assert post.is_success, post.text
        self.post = post.json()["id"]
        await self.house.settle()
        for act in ("favourite", "bookmark", "reblog"):
            await friend.post(f"/api/v1/statuses/{self.post}/{act}")
        quoting = {"status": "look at this", "quoted_status_id": self.post}
        await friend.post("/api/v1/statuses", json=quoting)
        await self.house.settle()
        attachment = (await posts.load(self.house.world, int(self.post))).attachments[0]
        self.hash = attachment.original

    async def report(self) -> None:
        filed = {
            "account_id": str(self.people["author"].id),
            "status_ids": [self.post],
            "rule_ids": ["6"],
            "comment": f"{CANARY} is what it says",
        }
        assert (await self.people["reporter"].post("/api/v1/reports", json=filed)).is_success
        await self.house.settle()

    async def notice(self) -> None:
        body = {
            "provider": "host",
            "reference": "N-1",
            "kind": "items",
            "category": "csam",
            "items": [{"n": 1, "text": f"@target {TEXT}"}],
        }
        part = {"notice": ("notice.json", json.dumps(body).encode(), "application/json")}
        sent = await self.people["mona"].post("/api/v1/notices", files=part)
        assert sent.status_code == 202, sent.text
        self.candidates.append(sent.json()["ref"])
        await self.house.settle()

    async def found(self) -> None:
        case = await self.house.case_on(self.post)
        assert case is not None
        self.case = case.public_id
        ids = [self.post, self.media["id"], self.case, str(case.id), f"{self.case}-1", "1"]
        ids += [str(one.id) for one in self.people.values()][:2]
        statements = (await self.people["author"].get("/api/v1/statements")).json()
        reports = (await self.people["boss"].get("/api/v1/admin/reports")).json()
        ids += [one["id"] for one in (*statements, *reports)]
        told = (await self.people["target"].get("/api/v1/notifications")).json()
        ids += [one["id"] for one in told[:2]]
        self.candidates = list(dict.fromkeys([*self.candidates, *ids]))

    async def leaks(self, more: list[str]) -> list[str]:
        """Every reading route and page, to everyone but the named: what repeats a canary."""
        app = create_app(
            self.house.court,
            SETTINGS,
            extra_routes=web_routes(self.house.court, SETTINGS),
            routes=ROUTES,
            problem_page=lost_page(self.house.court, SETTINGS),
        )
        client = Reader(app)
        found: list[str] = []
        paths = self._addresses() + more
        readers: dict[str, Member | None] = {
            name: one for name, one in self.people.items() if name not in {"nina", "dora"}
        }
        juror = self.house.jurors[0]
        for name, reader in {**readers, "juror": juror, "stranger": None}.items():
            headers = {}
            if reader is not None:
                secret = await sessions.start_session(self.house.world, reader.id)
                headers = {**reader.headers, "Cookie": f"venire_session={secret}"}
            for path in paths:
                answer = await client.get(path, headers=headers)
                assert answer.status_code in range(200, 500) or answer.status_code == 503, path
                said = answer.text.replace(quote(path), "")
                if CANARY in said or self.hash in said:
                    found.append(f"{name} at {path}")
        for url in (self.media["url"], self.media["preview_url"]):
            status = (await client.get(url)).status_code
            assert status == 404, url
        return found

    def _addresses(self) -> list[str]:
        found = []
        listed = [route.path for route in ROUTES if route.method == "GET"]
        listed += [page.path for page in PAGES if page.method == "GET"]
        for path in dict.fromkeys(listed):
            names = [match[1] for match in _PARAMETER.finditer(path)]
            values = [["author", "target"] if n == "name" else self.candidates for n in names]
            for chosen in itertools.product(*values):
                filled = iter(chosen)
                found.append(_PARAMETER.sub(lambda _, given=filled: quote(next(given)), path))
        return found


MORE = [
    "/api/v2/search?q=words%20that%20nobody&resolve=true",
    "/api/v2/search?q=%23harmless",
    "/api/v1/timelines/tag/harmless",
    "/api/v1/admin/reports?resolved=true&unresolved=true",
    "/api/v1/notifications?limit=80",
    "/api/v2/notifications?limit=80&include_filtered=true",
    "/moderation?lang=id",
]


@pytest.fixture
async def sealed(tmp_path):
    async with open_courthouse(tmp_path) as house:
        scene = Sealed(house)
        await scene.gather()
        yield scene


async def test_from_report_to_authority_nobody_but_the_named_person_is_shown_anything(sealed):
    nina, mona = sealed.people["nina"], sealed.people["mona"]
    house = sealed.house
    seen = (await sealed.people["mona"].get(f"/api/v1/statuses/{sealed.post}")).text
    assert CANARY in seen, "it was there to be read"
    await sealed.report()
    await sealed.notice()
    await sealed.found()
    case = await house.case_on(sealed.post)
    assert (case.hold, case.waits_for) == ("held", "named_person")
    assert not await house.summoned()
    author = sealed.people["author"]
    assert (await author.get(f"/api/v1/statuses/{sealed.post}")).status_code == 404
    assert (await author.delete(f"/api/v1/statuses/{sealed.post}")).status_code == 404
    assert not await sealed.leaks(MORE)

    listed = (await nina.get(S)).json()
    assert [one["case"] for one in listed] == [sealed.case]
    assert CANARY not in json.dumps(listed)
    before = (await nina.get(f"{S}/{sealed.case}")).json()
    assert before["trail"] == []
    assert CANARY not in json.dumps(before)
    opened = await nina.post(f"{S}/{sealed.case}/open")
    shown = opened.json()
    assert CANARY in shown["post"]["text"]
    assert shown["comments"] == [f"{CANARY} is what it says"]
    assert shown["post"]["media"][0]["sha256"] == sealed.hash
    assert "url" not in shown["post"]["media"][0]
    assert opened.headers["cache-control"] == "no-store"
    for name in ("mona", "boss", "author", "reporter"):
        for act in ("open", "decide", "packet", "reported"):
            answer = await sealed.people[name].post(
                f"{S}/{sealed.case}/{act}",
                json={"verdict": "keeps", "reason": "x", "reference": "1"},
            )
            assert answer.status_code == 403, (name, act)
            assert CANARY not in answer.text
    keeps = {"action": "keep", "reason": "as I see it"}
    refused = await mona.post(f"/api/v1/cases/{sealed.case}/actions", json=keeps)
    assert (refused.status_code, refused.json()["code"]) == (403, "named_person_only")

    verdict = {"verdict": "violates", "reason": "It is what was said."}
    assert (await nina.post(f"{S}/{sealed.case}/decide", json=verdict)).is_success
    await house.settle()
    case = await house.case_on(sealed.post)
    assert (case.measure, case.judged_by) == ("remove", "named_person")
    await sealed.found()
    assert not await sealed.leaks(MORE)
    await it_goes_to_the_authority(sealed)


async def it_goes_to_the_authority(sealed):
    nina, house = sealed.people["nina"], sealed.house
    packet = (await nina.post(f"{S}/{sealed.case}/packet")).json()
    assert packet["authority"] == "NCMEC"
    assert packet["account"]["email"] == "author@mail.test"
    assert packet["post"]["media"][0]["sha256"] == sealed.hash
    kept = await house.court.media.objects.get(sealed.hash)
    assert hashlib.sha256(kept).hexdigest() == sealed.hash, "the evidence itself is still there"
    assert "reporter" not in json.dumps(packet)
    missing = await nina.post(f"{S}/{sealed.case}/reported", json={})
    assert (missing.status_code, missing.json()["code"]) == (422, "reference_missing")
    sent = await nina.post(f"{S}/{sealed.case}/reported", json={"reference": "R-77"})
    assert (sent.json()["state"], sent.json()["reference"]) == ("reported", "R-77")
    acts = [line["act"] for line in sent.json()["trail"]]
    assert acts == ["opened", "violates", "took_packet", "reported"]
    assert {line["actor_id"] for line in sent.json()["trail"]} == {str(nina.id)}
    assert (await nina.get(S)).json() == []
    again = await nina.post(f"{S}/{sealed.case}/reported", json={"reference": "R-78"})
    assert again.json()["code"] == "reported_already"


async def test_what_was_reported_outlives_its_author_for_as_long_as_the_law_asks(sealed):
    house, nina = sealed.house, sealed.people["nina"]
    await sealed.report()
    await sealed.found()
    found = {"verdict": "violates", "reason": "It is."}
    assert (await nina.post(f"{S}/{sealed.case}/decide", json=found)).is_success
    await house.settle()
    await nina.post(f"{S}/{sealed.case}/reported", json={"reference": "R-1"})
    await departures.leave(house.world, sealed.people["author"].id, returnable=False)
    for _ in range(12):
        house.site.clock.advance(32 * DAY_MS)
        for _ in range(4):
            await house.settle()
            house.site.clock.advance(HOUR_MS)
    assert CANARY in (await posts.load(house.world, int(sealed.post))).text
    assert CANARY in (await nina.post(f"{S}/{sealed.case}/packet")).text
    house.site.clock.advance(60 * DAY_MS)
    case = await house.case_on(sealed.post)
    assert not await child_safety.is_kept(house.world, case.id)
    for _ in range(3):
        await house.settle()
        house.site.clock.advance(32 * DAY_MS)
    assert (await posts.load(house.world, int(sealed.post))).text == ""
    assert "sealed_cases" in erasure.KEPT


async def test_an_appeal_is_heard_by_the_other_of_the_two(sealed):
    house, nina, dora = sealed.house, sealed.people["nina"], sealed.people["dora"]
    author = sealed.people["author"]
    await sealed.report()
    await sealed.found()
    found = {"verdict": "violates", "reason": "It is."}
    assert (await nina.post(f"{S}/{sealed.case}/decide", json=found)).is_success
    await house.settle()
    await appeals_filing.appeal_case(house.court, author.id, sealed.case, "It is a drawing.")
    await house.settle()
    assert (await house.case_on(sealed.post)).waits_for == "named_person"
    kept = {"verdict": "keeps", "reason": "It is harmless."}
    for one, act in ((nina, kept), (nina, found)):
        refused = await one.post(f"{S}/{sealed.case}/decide", json=act)
        assert (refused.status_code, refused.json()["code"]) == (403, "second_person_needed")
    assert (await dora.post(f"{S}/{sealed.case}/decide", json=kept)).is_success
    await house.settle()
    back = await sealed.house.site.client.get(f"/api/v1/statuses/{sealed.post}")
    assert back.status_code == 200
    assert back.json()["favourites_count"] == 1
    assert (await house.site.client.get(sealed.media["url"])).status_code == 200


async def test_a_post_that_was_held_for_something_else_is_locked_once_it_is_sealed(sealed):
    house, mona = sealed.house, sealed.people["mona"]
    order = {"action": "hold", "reason": "wait", "category": "hate"}
    await mona.post(f"/api/v1/admin/posts/{sealed.post}/actions", json=order)
    await house.settle()
    author = sealed.people["author"]
    assert (await author.get(f"/api/v1/statuses/{sealed.post}")).status_code == 200
    await sealed.notice()
    await sealed.found()
    assert (await author.get(f"/api/v1/statuses/{sealed.post}")).status_code == 404
    assert not await sealed.leaks([])


async def test_an_author_who_deletes_first_does_not_take_the_case_away(sealed):
    house, author, nina = sealed.house, sealed.people["author"], sealed.people["nina"]
    # Over their daily holds, a report hides nothing at once: so the author can still be faster.
    for number in range(6):
        other = await house.post(author, f"harmless {number}")
        filed = {"account_id": str(author.id), "status_ids": [other], "rule_ids": ["4"]}
        await sealed.people["reporter"].post("/api/v1/reports", json=filed)
        await house.settle()
    assert (await house.case_on(other)).hold == "none"
    await sealed.report()
    assert (await author.delete(f"/api/v1/statuses/{sealed.post}")).is_success
    await house.settle()
    await sealed.found()
    assert sealed.case in [one["case"] for one in (await nina.get(S)).json()]
    assert CANARY in (await nina.post(f"{S}/{sealed.case}/open")).text


async def test_with_nobody_named_an_admin_is_the_one(sealed):
    house = sealed.house
    policy = msgspec.structs.replace(house.court.policy, child_safety=ChildSafetyPolicy())
    object.__setattr__(house.court, "policy", policy)
    assert (await sealed.people["nina"].get(S)).status_code == 403
    assert (await sealed.people["boss"].get(S)).status_code == 200
