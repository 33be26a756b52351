"""The policy as a rule: what it lets through, whatever the facts."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from venire.posts.notification_policy import (
    ABOUT_THE_READER,
    ACCEPT,
    CHOICES,
    DROP,
    Facts,
    Policy,
    decide,
)

_CHOICE = st.sampled_from(CHOICES)
POLICIES = st.builds(Policy, _CHOICE, _CHOICE, _CHOICE, _CHOICE, _CHOICE)
FACTS = st.builds(
    Facts, *([st.booleans()] * 6)
)  # fmt: skip
KIND = st.sampled_from(["mention", "follow", "favourite", "reblog", "quote", "follow_request"])
ALL_ACCEPT = Policy(ACCEPT, ACCEPT, ACCEPT, ACCEPT, ACCEPT)


@given(POLICIES, KIND, FACTS)
def test_a_stricter_choice_never_lets_more_through(policy, kind, facts):
    before = CHOICES.index(decide(policy, kind, facts))
    for name in msgspec.structs.asdict(ALL_ACCEPT):
        if name != "chosen":
            stricter = msgspec.structs.replace(policy, **{name: DROP})
            assert CHOICES.index(decide(stricter, kind, facts)) >= before


@given(POLICIES, KIND, FACTS)
def test_whom_the_reader_let_through_is_always_heard(policy, kind, facts):
    assert decide(policy, kind, msgspec.structs.replace(facts, permitted=True)) == ACCEPT


@given(POLICIES, st.sampled_from(sorted(ABOUT_THE_READER)), FACTS)
def test_what_concerns_the_reader_is_never_held_back(policy, kind, facts):
    assert decide(policy, kind, facts) == ACCEPT


@given(KIND, FACTS)
def test_who_accepts_everything_hears_everything(kind, facts):
    assert decide(ALL_ACCEPT, kind, facts) == ACCEPT


@given(POLICIES, KIND, FACTS)
def test_whom_the_reader_follows_passes_but_for_one_choice(policy, kind, facts):
    followed = msgspec.structs.replace(facts, following=True)
    expected = ACCEPT if facts.follower or facts.permitted else policy.for_not_followers
    assert decide(policy, kind, followed) == expected


@given(KIND, FACTS)
def test_dropping_strangers_drops_whoever_is_one(kind, facts):
    policy = msgspec.structs.replace(ALL_ACCEPT, for_not_following=DROP)
    stranger = not facts.following and not facts.permitted
    assert (decide(policy, kind, facts) == DROP) is stranger
