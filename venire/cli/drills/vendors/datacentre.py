"""The drill of a whole place: everything of the site's that stands in one datacentre, at once."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from venire.cli.drills import site
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.smtp import Submission
from venire.cli.drills.people import Member
from venire.cli.drills.vendors import names, objects, stores
from venire.cli.drills.vendors import population as people
from venire.cli.drills.vendors.casting import Block, authority, name_host
from venire.cli.drills.vendors.messages import ask_letter, mails
from venire.cli.drills.vendors.names import ZONE
from venire.cli.drills.vendors.population import Population
from venire.cli.drills.vendors.shelves import Shelf
from venire.cli.drills.vendors.stage import (
    Serving,
    Stage,
    vendor_state,
    wait_until,
    write_settings,
)
from venire.continuity.names import certificate_files
from venire.server import certifying

_HERE: Final = "127.0.0.1"
_THERE: Final = "127.0.0.2"
_AUTHORS: Final = 4
_JURORS: Final = 14
_BENCH: Final = 2
_POSTS: Final = 200
_PICTURES: Final = 2
_LETTER_S: Final = 60.0
_FIRST_S: Final = 150.0


class Place(NamedTuple):
    """What stands at one place besides the host."""

    shelf: Shelf
    names: NameServer
    relay: Submission


class World(NamedTuple):
    """A site whose vendors stand at two places: the first is lost."""

    serving: Serving
    data: Path
    key: Path
    population: Population
    first: Place
    other: Place
    pictures: dict[str, bytes]
    at_hand: Path


def _two_places(stage: Stage, data: Path) -> tuple[Place, Place, list[Block]]:
    shelves = [stage.shelf(data, name) for name in "ab"]
    (one, first), (two, second) = (name_host(stage, data, place, ZONE) for place in (0, 1))
    # An authority stands in no place of ours.
    _, third = authority(stage, data, 1, (one, two))
    relay, other_relay, letters = mails(stage)
    blocks = [*(shelf.block for shelf in shelves), first, second, third, *letters]
    return Place(shelves[0], one, relay), Place(shelves[1], two, other_relay), blocks


def _found(stage: Stage) -> World:
    """A usual site at work: posts, cases, pictures, letters, a name that leads to it over TLS."""
    key, public = stores.offline_key(stage)
    data = stage.data("first-host")
    first, other, blocks = _two_places(stage, data)
    plain = {
        "durable": "remote",
        "backup_recipients": [public],
        "certificate_names": [ZONE],
        "check_mail_hosts": False,
        "workers": 1,
    }
    # Letters are sent by a usual site alone; the acceptance profile is for its people's first day,
    # on which usual ones may not say so much. Its settings must not lie in the stores.
    population = _people(stage, data)
    stage.lift_mark(data)
    write_settings(data, plain, *blocks)
    serving = stage.serve(data, profile="default")
    caller = stage.caller(serving.url, population.authors[0])
    paths = [objects.upload(caller)[1] for _ in range(_PICTURES)]
    pictures = {path: objects.fetched(caller, path) for path in paths}
    wait_until("pictures lie in both stores", lambda: _are_in(first, other))
    wait_until("a snapshot lies in the other store", lambda: other.shelf.suffices, most_s=_FIRST_S)
    wait_until("the site has a certificate", lambda: certificate_files.read(data) is not None)
    # As an operator does who thinks of the day: the second host is made ready while all is well.
    at_hand = stage.folder / "at-hand.pem"
    shutil.copy(data / certificate_files.FILE, at_hand)
    _lead(data, _HERE)
    stage.log.step(
        "pictures in both stores, a certificate, a name that leads here",
        good=first.names.values(ZONE, "A") == other.names.values(ZONE, "A") == [_HERE],
        note=f"{len(pictures)} pictures",
    )
    ask_letter(serving.url, _mailbox(population.authors[0]))
    wait_until("a letter goes out", lambda: bool(first.relay.letters or other.relay.letters))
    return World(serving, data, key, population, first, other, pictures, at_hand)


def _people(stage: Stage, data: Path) -> Population:
    """People with a mailbox each, posts, cases that are judged and cases that are open."""
    keeper = stage.account(data, "keeper", "admin")
    # New members may write little on a usual site: those who write here are its moderators.
    authors = [stage.account(data, f"author_{one}", "moderator") for one in range(_AUTHORS)]
    jurors = [stage.account(data, f"juror_{one}") for one in range(_JURORS)]
    bench = [stage.account(data, f"bench_{one}") for one in range(_BENCH)]
    population = Population(authors, jurors, bench, keeper)
    write_settings(data, {"workers": 1})
    serving = stage.serve(data)
    asyncio.run(people.seat(serving.url, population))
    stores.write_days(stage, serving, population, _POSTS)
    stores.busy(stage, serving, population)
    site.stop(serving.process)
    return population


def _mailbox(member: Member) -> str:
    return f"{member.name}@drill.invalid"


def _are_in(*places: Place) -> bool:
    counts = {len(place.shelf.names("objects")) for place in places}
    return len(counts) == 1 and counts.pop() >= _PICTURES


def _lead(data: Path, address: str) -> None:
    """Lead the site's name to a host, at every host of names that answers."""
    site.run_command("names", "set", ZONE, "A", address, "--ttl", "60", "--data", str(data))


def _lose(stage: Stage, world: World) -> None:
    """The power of a whole place goes, while people write."""
    known = world.population.known
    with stores.living(world.serving.url, world.population):
        before = len(known.posts)
        wait_until("posts under way", lambda: len(known.posts) > before + 10, most_s=60)
        stores.pull_the_plug(world.serving)
        world.first.shelf.vanish()
        # Nobody refuses anything there: nobody is there to say so.
        world.first.names.silent = True
        world.first.relay.refuses = "hang"
        stage.log.gone("a datacentre: the host, its store, its name server, its mail relay")
    wait_until(
        "the loss is seen", lambda: not stores.takes_posts(world.serving.url, world.population)
    )
    stage.log.detected()


def _rebuild(stage: Stage, world: World) -> tuple[Serving, Path]:
    """The second host builds itself from the store of the other place, and is the site."""
    new = stores.restored(stage, world.other.shelf, world.key, "second-host", acceptance=False)
    stage.log.step("restored from the store in the other place")
    kept = new / certificate_files.FILE
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(world.at_hand, kept)
    again = stage.serve(new, profile="default")
    wait_until(
        "the second host takes posts", lambda: stores.takes_posts(again.url, world.population)
    )
    stage.log.step("the second host takes posts")
    _lead(new, _THERE)
    there = world.other.names.values(ZONE, "A")
    held = certificate_files.read(new)
    good = held is not None and certifying.covers(held, [ZONE])
    stage.log.step("its certificate is at hand", good=good)
    if stage.log.step("the name leads there", good=there == [_THERE], note=", ".join(there)):
        stage.log.switched()
    return again, new


def datacentre_lost(stage: Stage) -> None:
    """Host, store, name server and mail relay of one place go; the other place is the site."""
    world = _found(stage)
    _lose(stage, world)
    again, new = _rebuild(stage, world)
    stores.count(stage, again.url, world.population)
    decided = asyncio.run(stores.judge(again.url, world.population, least=stores.OPEN))
    stage.log.step("open cases go on", good=decided >= stores.OPEN, note=f"{decided} decided")
    caller = stage.caller(again.url, world.population.authors[0])
    # A picture's address is of the host that it was shown by.
    shown = [
        objects.fetched(caller, path.replace(world.serving.url, again.url)) == held
        for path, held in world.pictures.items()
    ]
    stage.log.step("every picture is shown, byte for byte", good=all(shown))
    before = len(world.other.relay.letters)
    began_s = stage.log.now_s()
    ask_letter(again.url, _mailbox(world.population.authors[1]))
    wait_until(
        "a letter goes by the other relay",
        lambda: len(world.other.relay.letters) > before,
        most_s=_LETTER_S,
    )
    took_s = stage.log.now_s() - began_s
    stage.log.step("a letter goes by the other relay", note=f"{took_s:.3f} s")
    made, took_s = names.renew(new)
    good = made["authority"] == "b-ca"
    stage.log.step("a new certificate, by the name server left", good=good, note=f"{took_s:.3f} s")
    admin = stage.caller(again.url, world.population.admin)
    states = {kind: vendor_state(admin, kind, f"a-{word}") for kind, word in _LOST}
    stage.log.step("the site shows what it has lost", note=str(states))
    stage.log.step("sound", good="sound" in site.run_command("fsck", "--data", str(new)))


_LOST: Final = (("dns", "names"), ("mail", "mail"))
