# ruff: noqa: T201, UP031 - a program of its own, which says what it found
"""Checks the draws of a case. Written from docs/draw.md alone; imports nothing of the house.

    python independent_draw.py FOLDER CASE

FOLDER holds `checkpoint`, `tile/entries/…` and `pool/EPOCH` as a site serves them under /record.
Prints a line for each round and exits 0, or one line for the first thing that is wrong and exits 1.
The beacon's BLS signature needs a pairing, which the standard library has not: here only its hash
is checked.
"""

import base64
import hashlib
import hmac
import itertools
import json
import sys
from datetime import UTC, datetime
from pathlib import Path


class Wrong(Exception):  # noqa: N818
    pass


def need(holds, what):
    if not holds:
        raise Wrong(what)


def sha(data):
    return hashlib.sha256(data).digest()


def sized(data):
    return len(data).to_bytes(4, "big") + data


def merkle(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return sha(b"\x01" + merkle(leaves[:left]) + merkle(leaves[left:]))


def bundle_name(number):
    text = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03d}/{text}"
    return text


def read_log(folder):
    lines = (folder / "checkpoint").read_text().split("\n")
    size, root = int(lines[1]), base64.b64decode(lines[2])
    leaves = []
    for number in range((size + 255) // 256):
        width = min(256, size - number * 256)
        name = bundle_name(number) + ("" if width == 256 else f".p/{width}")
        data = (folder / "tile" / "entries" / name).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            leaves.append(data[2 : 2 + length])
            data = data[2 + length :]
    need(len(leaves) == size, "the log is not as long as its checkpoint says")
    need(merkle(leaves) == root, "the entries do not give the root of the checkpoint")
    return [json.loads(leaf)["header"] for leaf in leaves]


def check_rules(log, draw, before):
    policies = [header for header in log[:before] if header["type"] == "policy"]
    need(policies, "no rules were in the record before the draw")
    numbers = ("prior", "violates_at", "keeps_at", "min_ballots", "max_ballots")
    for key in numbers:
        need(key in policies[-1], "the rules leave a number out")
        if key != "prior":
            need("contested_" + key in policies[-1], "the rules leave a number out")
    need("weight_cap" in policies[-1], "the rules leave a number out")
    need(draw["rules"] == policies[-1]["rules"], "drawn under other rules")
    need(draw["panel_rule"] == policies[-1]["panel_rule"], "judged by another rule")
    need(draw["judged_by"] in ("panel", "appeal") and "contested" in draw, "not said who judges")


def frozen_for(log, epoch, before):
    pools = [(place, header) for place, header in enumerate(log) if header["type"] == "epoch"]
    have = [
        number
        for number, (_, header) in enumerate(pools)
        if header["epoch"] <= epoch < header["epoch"] + header.get("sheets", 0)
    ]
    need(len(have) == 1, "not exactly one pool was frozen for this draw")
    need(pools[have[0]][0] < before, "the pool was frozen after the draw")
    newer, root = 0, pools[have[0]][1]["root"]
    for place, header in pools[have[0] + 1 :]:
        if place < before and (header["frozen_by"] != "draw" or header["root"] != root):
            newer += 1
        root = header["root"]
    need(newer < 2, "newer pools were in force")
    return pools[have[0]][1], pools[have[0] - 1][1] if have[0] else None


def read_sheet(folder, draw, frozen):
    sheet = json.loads((folder / "pool" / str(draw["epoch"])).read_bytes())
    names = [bytes.fromhex(name) for name in sheet["pseudonyms"]]
    roots = [bytes.fromhex(root) for root in sheet["roots"]]
    need(sheet["epoch"] == draw["epoch"] and sheet["pool"] == frozen["epoch"], "another pool")
    need(len(names) == sheet["size"] == frozen["size"], "another size")
    need(all(a < b for a, b in itertools.pairwise(names)), "the pseudonyms do not ascend")
    need(merkle(names).hex() == sheet["root"] == draw["root"], "another root")
    need(roots[draw["epoch"] - frozen["epoch"]].hex() == draw["root"], "not a sheet of the pool")
    need(len(roots) == frozen["sheets"], "more or fewer sheets than were frozen")
    need(merkle(roots).hex() == frozen["sheets_root"], "other sheets than were frozen")
    need(sheet["nonces_root"] == frozen["nonces_root"], "other nonces")
    return names


def exclusions(parts, size):
    first = parts[0]
    for number, part in enumerate(parts, 1):
        need(part.get("part", 1) == number, "the draw was made twice")
        same = {key for key in first if key not in ("part", "excluded", "hour")}
        need(all(part[key] == first[key] for key in same), "two parts of the draw disagree")
    need(len(parts) == first.get("parts", 1), "a part of the draw is missing")
    listed = [place for part in parts for place in part["excluded"]]
    need(len(set(listed)) == len(listed), "a place is excluded twice")
    need(all(place < size for place in listed), "a place that is not in the pool")
    return set(listed)


def check_hour(parts, chance):
    signed = 1692803367 + 3 * (parts[0]["beacon_round"] - 1)
    now, *hours = (
        datetime.fromtimestamp(signed - early, tz=UTC).strftime("%Y-%m-%dT%HZ")
        for early in (0, 36, 39)
    )
    need(parts[0]["hour"] in hours, "the round does not fit the hour of the draw")
    if chance["strength"] == "beacon":
        late = [part for part in parts[1:] if part["hour"] not in (now, *hours)]
        need(not late, "a part of the draw was written after its round")


def randomness(parts, chance, frozen, before):
    draw = parts[0]
    need(chance.get("beacon_round") == draw.get("beacon_round"), "another round of the beacon")
    need((draw["strength"] == "beacon") == ("beacon_round" in draw), "not the strength it says")
    other = "seed" if chance["strength"] == "beacon" else "signature"
    need(other not in chance, "two sources of randomness")
    if "beacon_round" in draw:
        check_hour(parts, chance)
    if chance["strength"] == "beacon":
        need("fallback" not in chance, "both the beacon and what replaces it")
        value = sha(bytes.fromhex(chance["signature"]))
    else:
        need(("beacon_round" in draw) == ("fallback" in chance), "the beacon was not used")
        need(before is not None, "nobody had committed to a seed")
        seed = link = bytes.fromhex(chance["seed"])
        for _ in range(draw["epoch"] - frozen["epoch"] + 1):
            link = sha(sized(b"venire-seed/1") + sized(link))
        need(link.hex() == before["seed_commitment"], "not the seed that was committed to")
        nonces = bytes.fromhex(frozen["nonces_root"])
        value = sha(sized(b"venire-weaker-randomness/1") + sized(seed) + sized(nonces))
    need(value.hex() == chance["randomness"], "the randomness is not what its source gives")
    return value


def order(names, value, draw):
    key = sha(
        sized(b"venire-draw/1")
        + sized(value)
        + sized(draw["case"].encode())
        + sized(bytes.fromhex(draw["root"]))
        + sized(draw["batch"].to_bytes(4, "big"))
    )
    lots = [hmac.new(key, name, hashlib.sha256).digest() for name in names]
    return sorted(range(len(names)), key=lambda place: lots[place])


def check_round(folder, log, said):
    draws = [(place, header) for place, header in said if header["type"] == "draw"]
    need(draws, "seats without a draw")
    draw = draws[0][1]
    need(draw["batch"] == draw["round"], "another batch")
    check_rules(log, draw, draws[0][0])
    frozen, before = frozen_for(log, draw["epoch"], draws[0][0])
    names = read_sheet(folder, draw, frozen)
    excluded = exclusions([header for _, header in draws], len(names))
    chances = [(place, header) for place, header in said if header["type"] == "chance"]
    need(len(chances) == 1, "not exactly one randomness")
    known_at, chance = chances[0]
    need(known_at > draws[-1][0], "the randomness was known before the exclusions")
    for key in ("epoch", "batch"):
        need(chance[key] == draw[key], "the randomness of another draw")
    by_beacon = chance["strength"] == "beacon"
    for header in log[: draws[-1 if by_beacon else 0][0]]:
        if header["type"] == "chance" and header["strength"] == "beacon":
            known = header["beacon_round"]
            need(draw.get("beacon_round", known + 1) > known, "the round was known already")
    value = randomness([header for _, header in draws], chance, frozen, before)
    due = [place for place in order(names, value, draw) if place not in excluded]
    asked, left = [], set()
    for place, header in said:
        if header["type"] in ("seat", "decline", "timeout"):
            need(place > known_at, "somebody was asked before the order was known")
            need(header["epoch"] == draw["epoch"], "a seat of another draw")
        if header["type"] == "seat":
            asked += header["indices"]
        elif header["type"] in ("decline", "timeout"):
            for index in header["indices"]:
                need(index in asked and index not in left, "somebody left who was not there")
                left.add(index)
    need(asked == due[: len(asked)], "somebody was asked who was not the next")
    return draw["round"], chance["strength"], len(names), len(excluded), asked


def main(folder, case):
    try:
        log = read_log(folder)
        rounds = {}
        for place, header in enumerate(log):
            if header.get("case") == case:
                rounds.setdefault(header["round"], []).append((place, header))
        need(rounds, "no draw of this case")
        for number, later in itertools.pairwise(sorted(rounds)):
            need(rounds[number][-1][0] < rounds[later][0][0], "drawn before the last was over")
        for number in sorted(rounds):
            said = check_round(folder, log, rounds[number])
            print("round %d: %s, %d members, %d excluded, asked %s" % said)
    except (Wrong, OSError, KeyError, ValueError, IndexError, TypeError) as error:
        print(f"WRONG: {error!r}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
