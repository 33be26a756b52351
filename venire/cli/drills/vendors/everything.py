"""January 2021: every vendor of one country gone in the same moment; and the way back."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from venire.cli.drills import site
from venire.cli.drills.people import Member
from venire.cli.drills.vendors import messages, money, stores
from venire.cli.drills.vendors import population as people
from venire.cli.drills.vendors.population import Population
from venire.cli.drills.vendors.stage import (
    Caller,
    Serving,
    Stage,
    vendor_state,
    wait_until,
    write_settings,
)
from venire.kernel.errors import Unavailable

_AUTHORS: Final = 40
_JURORS: Final = 16
_LATE: Final = 8
_PAYERS: Final = 6
_NEW: Final = 4
_ROUNDS: Final = 4
_REACHED_S: Final = 30.0
_FILLED_S: Final = 150.0


class World(NamedTuple):
    """A whole site and all whom it depends on."""

    serving: Serving
    data: Path
    key: Path
    population: Population
    late: list[Member]
    texts: Any
    payments: money.Payments


def found(stage: Stage) -> World:
    """A site at work: people, posts, cases, members who pay, jurors who are paid."""
    key, public = stores.offline_key(stage)
    data = stage.data()
    first, second, text_blocks = messages.texts(stage, data)
    standing = money.payments(stage, data)
    plain = {
        "durable": "remote",
        "backup_recipients": [public],
        "phone_countries": ["ID"],
    }
    shelves = [stage.shelf(data, name).block for name in "ab"]
    blocks = (*shelves, *text_blocks, *standing.blocks)
    write_settings(data, {**plain, "durable": "local"}, *blocks)
    serving = stage.serve(data)
    keeper = stage.account(data, "keeper", "admin")
    population = asyncio.run(
        people.settle_people(serving.url, keeper, authors=_AUTHORS, jurors=_JURORS)
    )
    # The years before: they need not wait for a store, one by one.
    stores.write_days(stage, serving, population, stage.posts)
    site.stop(serving.process)
    write_settings(data, plain, *blocks)
    serving = stage.serve(data)
    admin = stage.caller(serving.url, keeper)
    money.hire(stage, serving, population, admin)
    stores.busy(stage, serving, population)
    paid = [
        money.pay_by(standing, admin, stage.caller(serving.url, one))
        for one in population.authors[:_PAYERS]
    ]
    stage.log.step("members have paid", good=all(paid), note=f"{len(paid)}")
    late = [stage.account(data, f"late_{number}") for number in range(_LATE)]
    for one in late:
        caller = stage.caller(serving.url, one)
        messages.prove_phone(caller, (first, second))
        caller.ask("POST", "/api/v1/jury/opt_in", json={"consent": True})
        chosen = {"channels": ["sms", "message"]}
        caller.ask("POST", "/api/v1/jury/alerts", json=chosen)
    stage.log.step("jurors can be reached by text", note=f"{_LATE}")
    return World(serving, data, key, population, late, (first, second), standing)


def lose_a(stage: Stage, world: World) -> None:
    """Everything of the first country goes, while people write."""
    with stores.living(world.serving.url, world.population):
        before = len(world.population.known.posts)
        wait_until(
            "posts under way",
            lambda: len(world.population.known.posts) > before + 10,
            most_s=60,
        )
        stores.pull_the_plug(world.serving)
        world.texts[0].closed = True
        world.payments.first.closed = True
        stage.shelf(world.data, "a").vanish()
        stage.log.gone("the machine, its store, texts and payments: all of one country")
    url, population = world.serving.url, world.population
    wait_until("the loss is seen", lambda: not stores.takes_posts(url, population))
    stage.log.detected()


def come_back(stage: Stage, world: World) -> tuple[Serving, Path]:
    """A new machine builds itself from the store that is left, and serves."""
    new = stores.restored(stage, stage.shelf(world.data, "b"), world.key, "new")
    stage.log.step("restored from the other store")
    again = stage.serve(new)
    wait_until(
        "the new site takes posts",
        lambda: stores.takes_posts(again.url, world.population),
        most_s=120,
    )
    stage.log.switched()
    return again, new


def look_after(stage: Stage, world: World, again: Serving, new: Path) -> None:
    """Everything that was acknowledged is there; cases, texts, money and jurors go on."""
    log, population = stage.log, world.population
    admin = stage.caller(again.url, population.admin)
    stores.count(stage, again.url, population)
    members = [stage.caller(again.url, one) for one in population.authors]
    log.lost["payments"] += sum(not money.is_member(one) for one in members[:_PAYERS])
    log.step("members who paid are members", good=not log.lost["payments"])
    decided = asyncio.run(stores.judge(again.url, population, least=stores.OPEN))
    log.step("open cases go on", good=decided >= stores.OPEN, note=f"{decided} decided")
    _reach_jurors(stage, world, again, admin)
    good = money.pay_by(world.payments, admin, members[_PAYERS])
    log.step("members can pay, by whichever processor there is", good=good)
    money.pay_jurors(stage, again, population, admin)
    log.step("sound", good="sound" in site.run_command("fsck", "--data", str(new)))


def _reach_jurors(stage: Stage, world: World, again: Serving, admin: Caller) -> None:
    """Jurors who could be reached before are reached, by whichever vendor there is."""

    def sent() -> int:
        return sum(len(one.sent) for one in world.texts)

    before = sent()
    admin.ask("POST", "/api/v1/admin/epochs")
    first = stores.THREATS + stores.OPEN
    for more in range(_ROUNDS):
        # Lots decide who is asked, and not every juror has a phone.
        at = first + more * _NEW
        asyncio.run(people.post_threats(again.url, world.population, at, _NEW))
        with contextlib.suppress(Unavailable):
            wait_until("a juror is reached", lambda: sent() > before, most_s=_REACHED_S)
            break
    wait_until("a juror is reached", lambda: sent() > before, most_s=_REACHED_S)
    shut = vendor_state(admin, "sms", "a-texts")
    stage.log.step(
        "jurors are reached by text", note=f"{sent() - before} texts; the first vendor is {shut}"
    )


def january_2021(stage: Stage) -> None:
    """Host, store, texts and payments of one country at once, on a site that is at work."""
    world = found(stage)
    lose_a(stage, world)
    again, new = come_back(stage, world)
    look_after(stage, world, again, new)


def back_again(stage: Stage) -> None:
    """The first country's vendors take us back: everything returns to them, nothing is lost."""
    world = found(stage)
    lose_a(stage, world)
    refuge, there = come_back(stage, world)
    stage.log.step("in the refuge")
    world.texts[0].closed = False
    world.payments.first.closed = False
    admin = stage.caller(refuge.url, world.population.admin)
    for kind, name in (("sms", "a-texts"), ("payments", "a-cards")):
        admin.ask("POST", f"/api/v1/admin/vendors/{kind}/{name}/reset")
    first = stage.shelf(world.data, "a")
    first.come_back()
    wait_until("the first store is filled", lambda: first.suffices, most_s=_FILLED_S)
    stage.log.step("the first store holds everything again")
    home = stage.folder / "home"
    with stores.living(refuge.url, world.population):
        stage.log.gone("nothing: the site moves back at work")
        stage.log.detected()
        site.run_command(
            "relocate", "--to", str(home), "--store", "a", "--data", str(there), "--json", "-"
        )
        again = stage.serve(stage.data("home"))
        wait_until(
            "the site at home takes posts",
            lambda: stores.takes_posts(again.url, world.population),
            most_s=60,
        )
        stage.log.switched()
    moved = Serving(again.url, again.process)
    look_after(stage, world, moved, home)
    states = {
        name: vendor_state(stage.caller(again.url, world.population.admin), kind, name)
        for kind, name in (("sms", "a-texts"), ("payments", "a-cards"))
    }
    stage.log.step("the first vendors serve", good=set(states.values()) == {"serving"})
