"""What every page has in common: nobody too many comes in, nothing is inline, both languages."""

from __future__ import annotations

import re

import pytest

from tests.kit.courthouse import THREAT
from tests.web.browser import check_page
from venire.kernel.errors import Problem
from venire.web import problem_words, words
from venire.web.problems import STATUS, status_of
from venire.web.routes import PAGES
from venire.web.routing import Page
from venire.web.static_files import every_file

pytestmark = pytest.mark.anyio

_HALF_WAY = "/sign-in/second"
"""Shown to whoever took the first step; `test_security_pages.py` does."""
_PLAIN = [
    page
    for page in PAGES
    if page.method == "GET" and "{" not in page.path and page.path != _HALF_WAY
]


def _address(page: Page) -> str:
    return re.sub(r"\{[a-z_:]+\}", "1", page.path)


async def test_a_stranger_is_led_to_the_sign_in_page_from_whatever_is_for_members(town):
    browser = await town.stranger()
    closed = [page for page in PAGES if page.who != "anyone"]
    assert len(closed) > 20
    for page in closed:
        response = await browser.client.request(page.method, _address(page))
        assert response.status_code == 303, page.path
        assert response.headers["location"].startswith("/sign-in?to=/")


async def test_the_desks_are_closed_to_members_before_anything_is_read(town):
    browser = await town.member("ayu")
    closed = [page for page in PAGES if page.who == "moderator"]
    assert len(closed) > 10
    for page in closed:
        response = await browser.client.request(page.method, _address(page), content=b"x" * 10)
        assert response.status_code == 403, page.path
        assert "role_required" in response.text


async def test_every_form_is_refused_without_its_token(town):
    browser = await town.member("chief", "admin")
    forms = [page for page in PAGES if page.method == "POST" and not page.signed]
    assert len(forms) > 15
    for page in forms:
        response = await browser.client.post(_address(page), data={"text": "x"})
        assert response.status_code == 403, page.path
        assert "form_out_of_date" in response.text


@pytest.mark.parametrize("language", ["en", "id"])
async def test_every_plain_page_opens_in_both_languages(town, language):
    await town.post("ayu", "Something to see.")
    chief = await town.member("chief", "admin", language)
    stranger = await town.stranger(language)
    assert len(_PLAIN) > 10
    for page in _PLAIN:
        browser = stranger if page.path.startswith("/sign-") else chief
        response = await browser.get(page.path)
        assert response.headers["content-language"] == language


async def test_the_switch_changes_the_language_and_is_remembered(town):
    browser = await town.stranger()
    page = (await browser.get("/rules")).text
    switch = re.search(r'href="(/rules\?lang=id)"[^>]*>([^<]+)', page)
    assert switch[2] == "Bahasa Indonesia"
    assert check_page(await browser.get(switch[1])) == "id"
    assert check_page(await browser.get("/about")) == "id"
    assert "Ancaman dan hasutan kekerasan" in await browser.text("/rules")
    assert check_page(await browser.get("/about?lang=en")) == "en"
    assert check_page(await browser.get("/about?lang=xx")) == "en"


async def test_a_browser_that_asks_for_indonesian_gets_it_and_others_the_sites_language(town):
    for asked, given in (("id-ID,en;q=0.5", "id"), ("fr", "en"), ("", "en"), ("in", "id")):
        browser = await town.stranger(asked)
        assert check_page(await browser.get("/")) == given


async def test_what_stands_in_the_address_is_never_said_by_the_page(town):
    browser = await town.stranger()
    page = (await browser.get("/?done=<b>You are hacked</b>&before=x")).text
    assert "hacked" not in page
    assert words.DONE["signed_out"] in await browser.text("/?done=signed_out")


async def test_nothing_is_kept_of_what_a_member_sees(town):
    member, stranger = await town.member("ayu"), await town.stranger()
    assert (await member.get("/")).headers["cache-control"] == "no-store"
    public = await stranger.get("/")
    assert public.headers["cache-control"] == "no-cache"
    assert "set-cookie" not in public.headers
    assert "Cookie" in public.headers["vary"]


async def test_a_path_that_leads_nowhere_is_a_page_for_browsers_and_json_for_programs(town):
    browser = await town.stranger("id")
    page = await browser.get("/no/such/page", 404)
    assert "Tidak ada apa-apa di sini" in page.text
    program = await browser.client.get("/no/such/page", headers={"Accept": "application/json"})
    assert program.json()["code"] == "record_not_found"
    wrong = await browser.client.post("/about")
    assert wrong.status_code == 405
    api = await browser.client.get("/api/v1/no/such")
    assert api.headers["content-type"].startswith("application/json")


async def test_a_fault_of_ours_tells_nothing_of_its_inside(town, caplog):
    browser = await town.member("ayu")

    async def broken() -> int:
        raise RuntimeError("secret of the house")

    object.__setattr__(town.house.court.sequencer, "size", broken)
    page = await browser.text("/record", 500)
    assert "Something went wrong on our side." in page
    assert "internal_error" in page
    assert "secret of the house" not in page
    assert "page_failed" in caplog.text


async def test_each_static_file_is_served_with_its_type_and_kept(town):
    browser = await town.stranger()
    assert len(every_file()) > 15
    for name, file in every_file().items():
        plain = await browser.client.get(f"/static/{name}")
        assert plain.content == file.content
        assert plain.headers["content-type"] == file.media_type
        assert "immutable" not in plain.headers["cache-control"]
        named = await browser.client.get(f"/static/{name}?v={file.version}")
        assert "immutable" in named.headers["cache-control"]


async def test_a_static_path_leads_nowhere_else(town):
    browser = await town.stranger()
    for path in ("../rendering.py", "%2e%2e/rendering.py", "venire.css/", "", "icons"):
        response = await browser.client.get(f"/static/{path}")
        assert response.status_code == 404


def test_the_style_sheet_fetches_nothing_from_elsewhere_and_names_only_what_is_there():
    sheet = every_file()["venire.css"].content.decode()
    assert "http" not in sheet
    assert "@import" not in sheet
    for name in re.findall(r'url\("([^"]+)"\)', sheet):
        assert name in every_file()


def test_every_icon_that_a_template_names_is_in_the_style_sheet():
    from venire.web.rendering import TEMPLATES

    sheet = every_file()["venire.css"].content.decode()
    used = set()
    for template in TEMPLATES.glob("*.html"):
        used |= set(re.findall(r"icon-([a-z-]+)", template.read_text()))
        used |= set(re.findall(r'parts\.tab\([^,]+(?:, *)?"([a-z-]+)"', template.read_text()))
    for name in used:
        assert f".icon-{name} " in sheet, name


def test_every_kind_of_problem_has_a_status_a_title_and_a_sentence():
    own = [each for each in Problem.__subclasses__() if each.__module__ == Problem.__module__]
    kinds = {each.kind for each in own}
    assert kinds - STATUS.keys() == {"refused"}
    for status in {*STATUS.values(), 405, 500}:
        assert status in problem_words.PROBLEM_TITLES
    assert kinds - {"refused"} <= problem_words.PROBLEM_KINDS.keys()
    assert status_of(Problem("x")) == 500


async def test_no_page_of_an_author_names_who_reported(jury_town):
    await jury_town.member("rudi")
    made = await jury_town.known["rudi"].post("/api/v1/statuses", json={"status": THREAT})
    post_id = made.json()["id"]
    await jury_town.member("zebadiah")
    report = {
        "account_id": jury_town.known["rudi"].id,
        "status_ids": [post_id],
        "rule_ids": [1],
        "comment": "I recognise his handwriting.",
    }
    (await jury_town.known["zebadiah"].post("/api/v1/reports", json=report)).raise_for_status()
    await jury_town.house.settle()
    author = await jury_town.member("rudi")
    case = await jury_town.house.case_on(post_id)
    pages = [f"/@rudi/{post_id}", "/inbox", "/@rudi", "/", f"/cases/{case.public_id}", "/record"]

    async def look() -> None:
        statements = re.findall(r'href="(/statements/\d+)"', (await author.get("/inbox")).text)
        assert statements
        for page in [*pages, *statements]:
            text = (await author.get(page)).text
            for secret in ("zebadiah", "handwriting", str(jury_town.known["zebadiah"].id)):
                assert secret not in text, page

    await look()
    await jury_town.house.vote("violates")
    await look()
