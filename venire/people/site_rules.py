"""Rules that operators make: blocked mail domains, mail addresses and networks, other sites.

One list is one `kind`. A rule has an id and a value; a value has one rule in its list. Each change
is one commit with its line in the operators' log.
"""

from __future__ import annotations

import msgspec

from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.people.admin_log import log_line
from venire.storage.tables.defences import (
    SITE_RULE_VALUES,
    SITE_RULES,
    SiteRuleRow,
    SiteRuleValueRow,
)
from venire.storage.verbs import Delete, Put, Write
from venire.storage.world import World

EMAIL_DOMAIN = "email_domain_block"
CANONICAL_EMAIL = "canonical_email_block"
NETWORK = "ip_block"
DOMAIN_BLOCK = "domain_block"
DOMAIN_ALLOW = "domain_allow"
KINDS = (EMAIL_DOMAIN, CANONICAL_EMAIL, NETWORK, DOMAIN_BLOCK, DOMAIN_ALLOW)

COMMENT_CHARACTERS = 2_000
MOST = 10_000
"""Of one list: it is read whole where it is matched."""
_CLAIM_MS = 60_000


class Rule(msgspec.Struct, frozen=True):
    """A rule of a list; what `severity` and `options` mean is the list's own."""

    kind: str
    id: int
    value: str
    severity: str = ""
    comment: str = ""
    public_comment: str = ""
    options: dict[str, object] = {}
    created_by: int = 0
    created_at_ms: int = 0
    until_ms: int | None = None


def _rule(row: SiteRuleRow) -> Rule:
    values = msgspec.structs.asdict(row)
    return Rule(**{**values, "options": msgspec.json.decode(row.options)})


def _writes(rule: Rule) -> list[Write]:
    values = msgspec.structs.asdict(rule)
    row = SiteRuleRow(**{**values, "options": msgspec.json.encode(rule.options)})
    return [
        Put(SITE_RULES, row, rule.until_ms),
        Put(SITE_RULE_VALUES, SiteRuleValueRow(rule.kind, rule.value, rule.id), rule.until_ms),
    ]


async def load_rule(world: World, kind: str, rule_id: int) -> Rule:
    """One rule. NotFound `record_not_found`."""
    row = await world.storage.get(SITE_RULES, (kind, rule_id))
    if row is None:
        raise NotFound("record_not_found", "Record not found")
    return _rule(row)


async def find_rule(world: World, kind: str, value: str) -> Rule | None:
    """The rule about a value; a claim without its rule is none."""
    there = await world.storage.get(SITE_RULE_VALUES, (kind, value))
    row = None if there is None else await world.storage.get(SITE_RULES, (kind, there.id))
    return None if row is None else _rule(row)


async def rule_page(
    world: World,
    kind: str,
    *,
    above: int | None = None,
    below: int | None = None,
    limit: int = 100,
    reverse: bool = False,
) -> list[Rule]:
    """Rules of a list, newest first; bounds are rule ids, exclusive."""
    rows = await world.storage.range(
        SITE_RULES,
        (kind,),
        above=None if above is None else (above,),
        below=None if below is None else (below,),
        limit=limit,
        reverse=reverse,
    )
    return [_rule(row) for row in rows]


async def add_rule(world: World, rule: Rule, *, actor_id: int) -> Rule:
    """Make a rule; its id and moments are filled in. Invalid `rule_exists`, `too_many_rules`."""
    if len(rule.comment) > COMMENT_CHARACTERS or len(rule.public_comment) > COMMENT_CHARACTERS:
        raise Invalid("text_too_long", "A comment has 2,000 characters at most")
    if len(await rule_page(world, rule.kind, limit=MOST)) >= MOST:
        raise Invalid("too_many_rules", "This list is full")
    now_ms = world.now_ms()
    made = msgspec.structs.replace(
        rule, id=world.ids.next(), created_by=actor_id, created_at_ms=now_ms
    )
    await _claim(world, made)
    line = log_line(
        world,
        actor_id=actor_id,
        action=f"create_{made.kind}",
        target=made.value,
        reason=made.comment,
        aggregate=f"rule:{made.id}",
    )
    await world.storage.commit(f"rule:{made.id}", [*_writes(made), line])
    return made


async def _claim(world: World, rule: Rule) -> None:
    """Claim a value for a rule: of two who block one domain at once, one does."""
    mine = SiteRuleValueRow(rule.kind, rule.value, rule.id)
    until_ms = world.now_ms() + _CLAIM_MS
    there = await world.storage.put_if_absent(SITE_RULE_VALUES, mine, expires_at_ms=until_ms)
    if there is None or there.id == rule.id:
        return
    if await find_rule(world, rule.kind, rule.value) is None:
        raise Conflict("try_again", "This changed meanwhile: try again")
    raise Invalid("rule_exists", "Validation failed: there is such a rule already")


async def change_rule(world: World, rule: Rule, *, actor_id: int, **changes: object) -> Rule:
    """Change a rule. Invalid `rule_exists` where another is about the new value."""
    new = msgspec.structs.replace(rule, **changes)
    if len(new.comment) > COMMENT_CHARACTERS or len(new.public_comment) > COMMENT_CHARACTERS:
        raise Invalid("text_too_long", "A comment has 2,000 characters at most")
    writes = _writes(new)
    if new.value != rule.value:
        await _claim(world, new)
        writes.append(Delete(SITE_RULE_VALUES, SiteRuleValueRow(rule.kind, rule.value, rule.id)))
    line = log_line(
        world,
        actor_id=actor_id,
        action=f"update_{new.kind}",
        target=new.value,
        reason=new.comment,
        aggregate=f"rule:{new.id}",
    )
    await world.storage.commit(f"rule:{new.id}", [*writes, line])
    return new


async def remove_rule(world: World, rule: Rule, *, actor_id: int) -> None:
    """Take a rule away."""
    line = log_line(
        world,
        actor_id=actor_id,
        action=f"destroy_{rule.kind}",
        target=rule.value,
        reason="",
        aggregate=f"rule:{rule.id}",
    )
    writes: list[Write] = [Delete(each.table, each.row) for each in _writes(rule)]
    await world.storage.commit(f"rule:{rule.id}", [*writes, line])
