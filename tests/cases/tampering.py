"""A published record as its operator would rather have it, signed anew; each way with its fault."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kit.beacons import QUICKNET
from venire.record import tree
from venire.record.checkpoint import sign_checkpoint
from venire.record.model import ENTRIES, Checkpoint, Tile
from venire.record.note import Signer
from venire.record.tiles import encode_bundle, parse_bundle, tile_path, tiles_for, width_at

Leaf = dict[str, Any]
Edit = Callable[[list[Leaf]], None]


def leaves_of(folder: Path) -> list[Leaf]:
    size = int((folder / "checkpoint").read_text().split("\n")[1])
    tile = Tile(ENTRIES, 0, width_at(ENTRIES, 0, size))
    return [
        json.loads(leaf) for leaf in parse_bundle((folder / tile_path(tile)).read_bytes(), size)
    ]


def write(folder: Path, leaves: list[Leaf]) -> None:
    """The record as the operator would sign it, if these were its entries."""
    entries = [json.dumps(leaf, sort_keys=True, separators=(",", ":")).encode() for leaf in leaves]
    hashes = [tree.leaf_hash(entry) for entry in entries]
    shutil.rmtree(folder / "tile")
    for tile, content in tiles_for(0, hashes, lambda _: b"").items():
        path = folder / tile_path(tile)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    bundle = Tile(ENTRIES, 0, len(entries))
    path = folder / tile_path(bundle)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_bundle(entries))
    signer = Signer("venire.test/record", b"k" * 32)
    head = Checkpoint(signer.verifier.name, len(entries), tree.root_of(hashes))
    (folder / "checkpoint").write_bytes(sign_checkpoint(head, signer))


def first(leaves: list[Leaf], kind: str) -> Leaf:
    return next(leaf["header"] for leaf in leaves if leaf["header"]["type"] == kind)


def place(leaves: list[Leaf], kind: str) -> int:
    return next(at for at, leaf in enumerate(leaves) if leaf["header"]["type"] == kind)


def drop_a_drawn_juror(leaves: list[Leaf]) -> None:
    first(leaves, "seat")["indices"].pop(0)


def swap_two_seats(leaves: list[Leaf]) -> None:
    first(leaves, "seat")["indices"].reverse()


def ask_somebody_else(leaves: list[Leaf]) -> None:
    seats = [leaf["header"] for leaf in leaves if leaf["header"]["type"] == "seat"]
    asked = {index for seat in seats for index in seat["indices"]}
    barred = set(first(leaves, "draw")["excluded"])
    stranger = next(index for index in range(14) if index not in asked | barred)
    seats[0]["indices"][0] = stranger


def exclude_a_drawn_juror(leaves: list[Leaf]) -> None:
    draw = first(leaves, "draw")
    draw["excluded"] = sorted({*draw["excluded"], first(leaves, "seat")["indices"][0]})


def let_an_excluded_one_in(leaves: list[Leaf]) -> None:
    first(leaves, "draw")["excluded"].clear()
    drop_a_drawn_juror(leaves)


def exclude_beyond_the_pool(leaves: list[Leaf]) -> None:
    first(leaves, "draw")["excluded"].append(14)


def name_another_case(leaves: list[Leaf]) -> None:
    for leaf in leaves:
        if leaf["header"].get("case"):
            leaf["header"]["case"] = leaf["header"]["case"][::-1]


def change_the_randomness(leaves: list[Leaf]) -> None:
    chance = first(leaves, "chance")
    chance["randomness"] = chance["randomness"][::-1]


def know_it_before_the_exclusions(leaves: list[Leaf]) -> None:
    at = place(leaves, "draw")
    leaves.insert(at, leaves.pop(place(leaves, "chance")))


def ask_before_the_order_is_known(leaves: list[Leaf]) -> None:
    at = place(leaves, "chance")
    leaves.insert(at, leaves.pop(place(leaves, "seat")))


def freeze_the_pool_afterwards(leaves: list[Leaf]) -> None:
    leaves.append(leaves.pop(1))


def forget_the_randomness(leaves: list[Leaf]) -> None:
    leaves.pop(place(leaves, "chance"))


def give_it_twice(leaves: list[Leaf]) -> None:
    leaves.append(leaves[place(leaves, "chance")])


def draw_again(leaves: list[Leaf]) -> None:
    leaves.append(leaves[place(leaves, "draw")])


def let_somebody_decline_who_was_not_asked(leaves: list[Leaf]) -> None:
    first(leaves, "decline")["indices"] = first(leaves, "draw")["excluded"][:1]


def freeze_fewer(leaves: list[Leaf]) -> None:
    leaves[1]["header"]["size"] -= 1


def freeze_other_sheets(leaves: list[Leaf]) -> None:
    leaves[1]["header"]["sheets_root"] = "ab" * 32


def other_nonces(leaves: list[Leaf]) -> None:
    leaves[1]["header"]["nonces_root"] = "ab" * 32


def use_another_sheet(leaves: list[Leaf]) -> None:
    for leaf in leaves:
        if leaf["header"].get("case"):
            leaf["header"]["epoch"] += 1


def hide_the_rules(leaves: list[Leaf]) -> None:
    leaves.pop(place(leaves, "policy"))


def tell_the_rules_afterwards(leaves: list[Leaf]) -> None:
    leaves.append(leaves.pop(place(leaves, "policy")))


def leave_a_bound_out(leaves: list[Leaf]) -> None:
    del first(leaves, "policy")["contested_keeps_at"]


def judge_by_another_rule(leaves: list[Leaf]) -> None:
    first(leaves, "draw")["panel_rule"] = "four_of_five"


def say_nothing_of_the_rule(leaves: list[Leaf]) -> None:
    del first(leaves, "draw")["panel_rule"]


def freeze_it_twice(leaves: list[Leaf]) -> None:
    leaves.append(json.loads(json.dumps(leaves[1])))
    leaves[-1]["header"]["root"] = "ab" * 32


def use_a_pool_of_days_ago(leaves: list[Leaf]) -> None:
    for number in (1, 2):
        newer = json.loads(json.dumps(leaves[1]))
        newer["header"] |= {"epoch": 1_000 * number, "root": f"{number:02d}" * 32}
        leaves.insert(place(leaves, "draw"), newer)


def leave_the_strength_out(leaves: list[Leaf]) -> None:
    del first(leaves, "draw")["strength"]


def name_two_sources(leaves: list[Leaf]) -> None:
    first(leaves, "chance").update({"seed": "ab" * 32, "signature": QUICKNET[1001]})


def order_another_batch(leaves: list[Leaf]) -> None:
    first(leaves, "chance")["batch"] = 2


def draw_the_next_round_before_this_one_is_over(leaves: list[Leaf]) -> None:
    """Two orders side by side: the operator goes on with the one that suits."""
    for kind in ("draw", "chance"):
        more = json.loads(json.dumps(leaves[place(leaves, kind)]))
        more["header"] |= {"round": 2, "batch": 2}
        more["header"].pop("beacon_round", None)
        leaves.insert(place(leaves, "seat"), more)


EDITS: dict[Edit, tuple[str, ...]] = {
    hide_the_rules: ("policy_not_recorded",),
    tell_the_rules_afterwards: ("policy_not_recorded",),
    leave_a_bound_out: ("policy_not_recorded",),
    judge_by_another_rule: ("policy_not_recorded",),
    say_nothing_of_the_rule: ("draw_malformed",),
    freeze_it_twice: ("epoch_frozen_twice",),
    use_a_pool_of_days_ago: ("pool_out_of_force",),
    leave_the_strength_out: ("draw_malformed",),
    name_two_sources: ("draw_malformed",),
    order_another_batch: ("chance_changed",),
    draw_the_next_round_before_this_one_is_over: (
        *("rounds_overlap", "draw_malformed", "randomness_mismatch", "draw_not_followed"),
        "beacon_round_changed",
    ),
    drop_a_drawn_juror: ("draw_not_followed", "departure_of_nobody"),
    swap_two_seats: ("draw_not_followed",),
    ask_somebody_else: ("draw_not_followed", "departure_of_nobody"),
    exclude_a_drawn_juror: ("draw_not_followed",),
    let_an_excluded_one_in: ("draw_not_followed", "departure_of_nobody"),
    exclude_beyond_the_pool: ("excluded_out_of_range",),
    name_another_case: ("case_not_drawn",),
    change_the_randomness: ("randomness_mismatch",),
    know_it_before_the_exclusions: ("chance_too_early",),
    ask_before_the_order_is_known: ("seat_before_chance",),
    freeze_the_pool_afterwards: ("epoch_not_frozen",),
    forget_the_randomness: ("draw_of_older_kind",),
    give_it_twice: ("chance_changed",),
    draw_again: ("draw_changed",),
    let_somebody_decline_who_was_not_asked: ("departure_of_nobody",),
    freeze_fewer: ("pool_not_of_the_record",),
    freeze_other_sheets: ("pool_not_of_the_record",),
    other_nonces: ("pool_not_of_the_record",),
    use_another_sheet: ("pool_not_there",),
}
