"""Who judges is seen nowhere: the whole API is walked, and so are pages, record and archive."""

from __future__ import annotations

import io
import re
import tarfile

import httpx
import pytest

from tests.kit.courthouse import THREAT, open_courthouse
from tests.kit.site import BASE_URL
from venire.api.app import create_app
from venire.api.routes import ROUTES
from venire.api.settings import ApiSettings
from venire.cases import exports, store
from venire.jury import actions as jury
from venire.people import sessions
from venire.people.store import load_account
from venire.web.routes import PAGES, web_routes

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

CANARY = "a canary that sang to nobody"
OWN = re.compile(r"^/(api/v1/)?jury(/|$)")
"""What a juror alone is shown, under a token of their own."""
STREAMS = ("streaming",)


async def town(folder):
    """A case judged by paid jurors, one of whom has a twin in everything else."""
    async with open_courthouse(folder) as house:
        site = house.site
        await house.seat_pool(8, bench=0)
        author = await site.member("author")
        for juror in house.jurors:
            await jury.appoint(house.world, juror.id, bench=False, paid=True)
        post = await house.post(author, THREAT)
        cast = []
        while waiting := await house.summoned():
            for juror, summons in waiting:
                path = f"/api/v1/jury/summons/{summons['id']}"
                if (await juror.post(f"{path}/accept")).is_success:
                    body = {"vote": "violates", "reason": CANARY}
                    done = await juror.post(f"{path}/ballot", json=body)
                    cast += [juror] if done.is_success else []
                await house.settle()
        case = await house.case_on(post)
        assert case.verdict == "violates"
        assert len(cast) >= 3
        yield house, author, cast[0], post, case


def paths(post, case, account_id):
    """Every address that can be asked, with what there is to name in it."""
    known = {
        "id": [str(account_id), post],
        "case": [case.public_id],
        "account_id": [str(account_id)],
        "epoch": ["0", "1", "2"],
    }
    for route in ROUTES:
        if route.method != "GET" or any(part in route.path for part in STREAMS):
            continue
        names = re.findall(r"\{(\w+)\*?\}", route.path)
        for value in known.get(names[0], ["1"]) if names else [""]:
            path = re.sub(r"\{\w+\*?\}", value, route.path, count=1)
            yield route, re.sub(r"\{\w+\*?\}", "1", path)


async def test_no_answer_of_the_api_to_anybody_else_tells_who_judged(tmp_path):
    async for house, author, juror, post, case in town(tmp_path):
        site = house.site
        twin = await site.member("twin")
        moderator = await site.member("mod", role="moderator")
        admin = await site.member("boss", role="admin")
        viewers = {
            "nobody": {},
            "author": author.headers,
            "twin": twin.headers,
            "moderator": moderator.headers,
            "admin": admin.headers,
        }
        words = re.compile(
            r"juror|jury|ballot|seated|summons|payable|bench_|paid|hit_rate", re.IGNORECASE
        )
        asked = 0
        for name, headers in viewers.items():
            for route, path in paths(post, case, juror.id):
                if OWN.match(route.path):
                    continue
                answer = await site.client.get(path, headers=headers)
                asked += answer.is_success
                assert CANARY not in answer.text, f"{name}: {path}"
                if not answer.is_success or not answer.headers["content-type"].startswith("appl"):
                    continue
                where = [match.start() for match in re.finditer(str(juror.id), answer.text)]
                near = "".join(answer.text[max(0, at - 400) : at + 400] for at in where)
                # The name of the juror is what the test calls it.
                said = words.findall(near.replace(juror.username, "X"))
                assert not said, f"{name}: {path}: {said}"
        assert asked > 300
        # One who judges and one who does not look alike, whoever looks.
        for name, headers in viewers.items():
            for path in ("", "/statuses", "/followers", "/lists"):
                shown = []
                for member in (juror, twin):
                    address = f"/api/v1/accounts/{member.id}{path}"
                    answer = await site.client.get(address, headers=headers)
                    plain = answer.text.replace(str(member.id), "ID")
                    shown.append(
                        re.sub(r'"created_at":"[^"]*"', "", plain.replace(member.username, "NAME"))
                    )
                assert shown[0] == shown[1], f"{name}: {path}"


async def test_what_is_shown_to_one_juror_tells_nothing_of_another(tmp_path):
    async for house, _, juror, post, case in town(tmp_path):
        seats = await store.seats(house.site.storage, case.id)
        others = {str(seat.juror_id) for seat in seats} - {str(juror.id)}
        assert others
        for route, path in paths(post, case, juror.id):
            if OWN.match(route.path):
                answer = await juror.get(path)
                assert not [one for one in others if one in answer.text], path
                assert case.public_id not in answer.text or "summons" in path, path


async def test_no_page_tells_who_judged(tmp_path):
    async for house, author, juror, post, case in town(tmp_path):
        settings = ApiSettings(confirmed_contact_required=False, minimum_age=0, rate_limits=False)
        app = create_app(house.court, settings, extra_routes=web_routes(house.court, settings))
        moderator = await house.site.member("mod", role="moderator")
        opened = 0
        for member in (None, author, moderator):
            transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 40_000))
            headers = {"Accept": "text/html"}
            async with httpx.AsyncClient(
                transport=transport, base_url=BASE_URL, headers=headers
            ) as browser:
                if member is not None:
                    secret = await sessions.start_session(house.world, member.id)
                    browser.cookies.set("venire_session", secret)
                for page in PAGES:
                    if page.method != "GET" or OWN.match(page.path):
                        continue
                    path = page.path.replace("{public_id}", case.public_id)
                    path = path.replace("{post_id}", post).replace("{username}", juror.username)
                    path = re.sub(r"\{[^}]*\}", "1", path)
                    answer = await browser.get(path)
                    opened += answer.is_success
                    assert CANARY not in answer.text, path
                    assert str(juror.id) not in answer.text, path
        assert opened > 25


async def test_the_record_and_every_archive_are_silent(tmp_path):
    async for house, author, juror, _, case in town(tmp_path):
        for path in ("/record/checkpoint", "/record/tile/entries/000.p/1", "/record/pool/1"):
            answer = await house.site.client.get(path)
            assert str(juror.id) not in answer.text
            assert juror.username not in answer.text
        for member in (author, juror):
            account = await load_account(house.world, member.id)
            with io.BytesIO() as held:
                await exports.write_archive(house.court, account, held)
                held.seek(0)
                with tarfile.open(fileobj=held) as opened:
                    files = {
                        info.name: file.read().decode(errors="replace")
                        for info in opened
                        if (file := opened.extractfile(info)) is not None
                    }
            assert len(files) > 5
            for name, text in files.items():
                assert not re.search(r"juror|ledger|payout|served|summons|seat", name), name
                assert CANARY not in text
                if member is juror:
                    assert case.public_id not in text, name
                else:
                    assert str(juror.id) not in text, name
