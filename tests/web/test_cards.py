"""What a card shows besides its text, and what members do with it: all without scripts."""

from __future__ import annotations

import re

import pytest

from tests.api.uploads import uploaded
from tests.posts.media import files
from venire.people import standing, ties
from venire.posts import actions, marks
from venire.posts.model import HELD, REMOVED

pytestmark = pytest.mark.anyio
POLL = {"options": ["Beans", "<b>Peas</b>"], "expires_in": 300}


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


async def act(browser, page: str, path: str, name: str, **fields):
    sent = await browser.send(page, f"{path}/{name}", **fields)
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


async def test_a_boost_shows_the_boosted_post_and_who_boosted_it(town):
    path = await town.post("ayu", "Mangoes.")
    bayu, cat = await town.member("bayu"), await town.member("cat")
    await cat.send("/@bayu", "/@bayu/follow")
    assert await act(bayu, path, path, "boost") == f"{path}#post-{id_of(path)}"
    await town.house.settle()
    for page in ("/home", "/@bayu"):
        shown = await cat.get(page)
        text = await cat.text(page)
        assert "bayu boosted" in text
        assert "Mangoes." in text
        assert f'href="{path}"' in shown.text
        (place,) = re.findall(r'<article class="post" id="post-(\d+)"', shown.text)
        assert place != id_of(path)
    # The address of the boost leads to what it shows.
    moved = await cat.client.get(f"/@bayu/{place}")
    assert (moved.status_code, moved.headers["location"]) == (303, f"/posts/{id_of(path)}")
    # From a boost one acts on what it shows, and comes back to the boost.
    assert await act(cat, "/home", path, "favourite") == f"/home#post-{place}"
    await act(bayu, path, path, "boost")
    assert "boosted" not in await cat.text("/@bayu")


@pytest.mark.parametrize("hidden", [HELD, REMOVED, "deleted", "blocked"])
async def test_a_boost_of_what_is_hidden_is_not_shown(town, hidden):
    path = await town.post("ayu", "Mangoes.")
    bayu, cat = await town.member("bayu"), await town.member("cat")
    await act(bayu, path, path, "boost")
    world = town.house.world
    if hidden == "deleted":
        await actions.delete(world, town.known["ayu"].id, int(id_of(path)))
    elif hidden == "blocked":
        await ties.block(world, town.known["ayu"].id, town.known["cat"].id)
    else:
        await actions.set_state(world, int(id_of(path)), hidden, case_id=1, rule=1, at_ms=1)
    page = await cat.text("/@bayu")
    assert "Mangoes." not in page
    assert "boosted" not in page


@pytest.mark.parametrize(
    ("name", "kind"),
    [("favourite", marks.FAVOURITE), ("boost", marks.REBLOG), ("bookmark", marks.BOOKMARK)],
)
async def test_each_mark_is_made_counted_and_taken_back(town, name, kind):
    path = await town.post("ayu", "Mangoes.")
    bayu, stranger = await town.member("bayu"), await town.stranger()
    world, post_id, who = town.house.world, int(id_of(path)), town.known["bayu"].id

    async def marked() -> bool:
        row = await marks.mark_of(world, who, post_id)
        return getattr(row, f"{kind}_id") is not None

    await act(bayu, path, path, name)
    await town.house.settle()
    assert await marked()
    seen = (await stranger.get(path)).text
    counted = re.search(r'<span title="(?:Boosts|Favourites)">.*?</span>(\d+)</span>', seen)
    assert (counted is not None) is (name != "bookmark")
    form = re.search(rf'action="{path}/{name}".*?</form>', (await bayu.get(path)).text, re.DOTALL)
    assert "done" in form[0]
    await act(bayu, path, path, name)
    await town.house.settle()
    assert not await marked()
    assert not re.search(r'title="(?:Boosts|Favourites)"', (await stranger.get(path)).text)


async def test_a_stranger_finds_counts_and_no_buttons(town):
    path = await town.post("ayu", "Mangoes.", poll=POLL)
    page = (await (await town.stranger()).get(path)).text
    for name in ("favourite", "boost", "bookmark", "vote"):
        assert f"{path}/{name}" not in page


async def test_a_form_leads_back_to_this_site_alone(town):
    path = await town.post("ayu", "Mangoes.")
    bayu = await town.member("bayu")
    for back in (
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "/x\r\nSet-Cookie: a=b",
        "/x#y",
        "/" + "x" * 350,
        "",
        "javascript:alert(1)",
    ):
        sent = await bayu.send(path, f"{path}/bookmark", back=back, place="7")
        assert sent.headers["location"] == f"/posts/{id_of(path)}#post-7", back
    sent = await bayu.send(path, f"{path}/bookmark", back="/home?before=5", place="<x>")
    assert sent.headers["location"] == f"/home?before=5#post-{id_of(path)}"


async def test_what_is_not_for_everyone_has_no_boost_button(town):
    ayu, bayu = await town.member("ayu"), await town.member("bayu")
    await bayu.send("/@ayu", "/@ayu/follow")
    path = await town.post("ayu", "Among us.", visibility="private")
    assert f"{path}/boost" not in (await bayu.get(path)).text
    assert f"{path}/favourite" in (await bayu.get(path)).text
    assert f"{path}/boost" in (await ayu.get(path)).text


async def test_pictures_are_shown_with_their_words_and_sensitive_ones_behind_a_curtain(town):
    await town.member("ayu")
    author = town.known["ayu"]
    one = await uploaded(author, files.picture(width=500), description='A "hill" <b>')
    two = await uploaded(author, files.picture(width=501))
    plain = await town.post("ayu", "Look.", media_ids=[one["id"], two["id"]])
    wordy = await town.post("ayu", "Nothing to see.", sensitive=True)
    stranger = await town.stranger()
    page = (await stranger.get(plain)).text
    assert 'alt="A &#34;hill&#34; &lt;b&gt;"' in page
    assert 'alt="No description"' in page
    assert len(re.findall(r'<img src="/media/\d+/[0-9a-f]{32}-small\.\w+"', page)) == 2
    assert 'width="' in page
    address = re.search(r'<a href="(/media/[^"]+)"><img', page)[1]
    assert (await stranger.client.get(address)).headers["content-type"].startswith("image/")
    assert "media-src 'self'" in (await stranger.get(plain)).headers["content-security-policy"]
    assert "<details" not in (await stranger.get(wordy)).text
    three = await uploaded(author, files.picture(width=502))
    curtain = await town.post("ayu", "Look away.", media_ids=[three["id"]], sensitive=True)
    page = (await stranger.get(curtain)).text
    assert re.search(
        r"<details class=\"curtain\"><summary>Sensitive: show it</summary>.*?<img", page, re.DOTALL
    )
    four = await uploaded(author, files.picture(width=503))
    warned = await town.post("ayu", "It ends so.", spoiler_text="The end", media_ids=[four["id"]])
    page = (await stranger.get(warned)).text
    assert re.search(
        r"<details><summary[^>]*>The end</summary>.*It ends so\..*<img.*</details>", page, re.DOTALL
    )


async def test_a_poll_is_voted_in_without_scripts(town):
    path = await town.post("ayu", "Which?", poll=POLL)
    bayu, cat = await town.member("bayu"), await town.member("cat", language="id")
    page = (await bayu.get(path)).text
    assert "&lt;b&gt;Peas&lt;/b&gt;" in page
    assert page.count('type="radio" name="choice"') == 2
    empty = await bayu.send(path, f"{path}/vote")
    assert (empty.status_code, "Choose an answer first" in empty.text) == (422, True)
    for wrong in ("7", "x"):
        assert (await bayu.send(path, f"{path}/vote", choice=wrong)).status_code == 422
    await act(bayu, path, path, "vote", choice="1")
    await town.house.settle()
    text = await bayu.text(path)
    assert "100 %" in text
    assert "your vote" in text
    assert "1 person voted" in text
    assert f"{path}/vote" not in (await bayu.get(path)).text
    token = re.search(r'name="form_token" value="(\w+)"', (await bayu.get(path)).text)[1]
    again = await bayu.client.post(f"{path}/vote", data={"form_token": token, "choice": "0"})
    assert again.status_code == 422
    # Its author sees how it stands, everyone how it went.
    ayu = await town.member("ayu")
    assert f"{path}/vote" not in (await ayu.get(path)).text
    town.house.site.clock.advance(300_000)
    assert "Jajak pendapat telah berakhir" in await cat.text(path)
    assert f"{path}/vote" not in (await cat.get(path)).text


async def test_several_answers_are_boxes_and_hidden_totals_stay_hidden(town):
    asked = {**POLL, "multiple": True, "hide_totals": True}
    path = await town.post("ayu", "Which?", poll=asked)
    bayu = await town.member("bayu")
    page = (await bayu.get(path)).text
    assert page.count('type="checkbox" name="choice"') == 2
    await act(bayu, path, path, "vote", choice=["0", "1"])
    await town.house.settle()
    text = await bayu.text(path)
    assert text.count("your vote") == 2
    assert "%" not in text
    town.house.site.clock.advance(300_000)
    assert "100 %" in await bayu.text(path)


async def test_the_poll_of_what_one_may_not_see_takes_no_vote(town):
    path = await town.post("ayu", "Which?", poll=POLL)
    bayu = await town.member("bayu")
    token = re.search(r'name="form_token" value="(\w+)"', (await bayu.get(path)).text)[1]
    await actions.set_state(town.house.world, int(id_of(path)), HELD, case_id=1, rule=1, at_ms=1)
    for name in ("vote", "favourite", "boost", "bookmark"):
        sent = await bayu.client.post(f"{path}/{name}", data={"form_token": token, "choice": "0"})
        assert sent.status_code == 404, name


async def test_a_quote_is_an_inset_card_and_what_is_hidden_is_not_in_it(town):
    path = await town.post("ayu", "Mangoes.")
    quote = await town.post("bayu", "Look.", quoted_status_id=id_of(path))
    cat = await town.member("cat")
    page = (await cat.get(quote)).text
    assert re.search(rf'<div class="quoted">.*href="{path}".*Mangoes\..*</div>', page, re.DOTALL)
    world, ayu, cat_id = town.house.world, town.known["ayu"].id, town.known["cat"].id
    await ties.mute(world, cat_id, ayu, notifications=True, lasts_s=0)
    text = await cat.text(quote)
    assert "by someone whom you hide" in text
    assert "Mangoes." not in text
    await ties.unmute(world, cat_id, ayu)
    await actions.set_state(world, int(id_of(path)), HELD, case_id=1, rule=1, at_ms=1)
    text = await cat.text(quote)
    assert "The quoted post cannot be shown." in text
    assert "Mangoes." not in text
    await actions.delete(world, ayu, int(id_of(path)))
    assert "The quoted post was deleted." in await cat.text(quote)


async def test_whoever_is_suspended_takes_back_and_does_not_begin(town):
    path = await town.post("ayu", "Mangoes.")
    bayu = await town.member("bayu")
    await act(bayu, path, path, "favourite")
    world, who = town.house.world, town.known["bayu"].id
    await standing.suspend(world, who, "s", None, 1)
    object.__setattr__(world.site, "acceptance", False)
    assert (await bayu.send(path, f"{path}/boost")).status_code == 403
    await act(bayu, path, path, "favourite")
    assert (await marks.mark_of(world, who, int(id_of(path)))).favourite_id is None
