from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Conflict, Refused
from venire.kernel.states import State, StateMachine

DOOR = StateMachine(
    name="door",
    start="shut",
    states=(
        State("shut", ("open", "bricked_up"), "evening", "someone opens it"),
        State("open", ("shut",), "morning", "someone shuts it"),
        State("bricked_up", (), None, "nothing"),
    ),
)


def test_a_declared_step_is_allowed():
    DOOR.check("shut", "open")
    assert DOOR.allows("open", "shut")


def test_any_other_step_is_a_conflict_that_names_both_ends():
    with pytest.raises(Conflict) as refusal:
        DOOR.check("open", "bricked_up")
    assert refusal.value.code == "transition_not_allowed"
    assert refusal.value.data == {"machine": "door", "before": "open", "after": "bricked_up"}


def test_a_terminal_state_leads_nowhere_not_even_to_itself():
    assert DOOR.is_terminal("bricked_up")
    assert not DOOR.is_terminal("open")
    for name in DOOR.names:
        with pytest.raises(Conflict, match="transition_not_allowed"):
            DOOR.check("bricked_up", name)


@pytest.mark.parametrize(("before", "after"), [("shut", "ajar"), ("ajar", "shut")])
def test_a_state_that_was_never_declared_is_a_bug_and_not_a_conflict(before: str, after: str):
    with pytest.raises(Refused) as refusal:
        DOOR.check(before, after)
    assert refusal.value.code == "state_unknown"
    assert refusal.value.data == {"machine": "door", "state": "ajar"}


@pytest.mark.parametrize(("what", "field"), [(DOOR, "start"), (DOOR.states[0], "exits")])
def test_a_machine_stays_as_it_was_checked(what: object, field: str):
    with pytest.raises(AttributeError):
        setattr(what, field, "open")


WAITING = State("waiting", ("over",), "noon", "the bell")
OVER = State("over", (), None, "nothing")


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        ((State("begin", ("over",), None, "the bell"), OVER), "without a deadline"),
        ((State("begin", ("over",), "", "the bell"), OVER), "without a deadline"),
        ((State("begin", ("over",), "noon", ""), OVER), "without saying what ends it"),
        ((State("begin", ("over",), "noon", "x"), State("over", (), "noon", "x")), "terminal"),
        ((State("begin", ("over", "gone"), "noon", "x"), OVER), "leads to gone"),
        ((State("begin", ("over", "over"), "noon", "x"), OVER), "exit twice"),
        ((State("begin", ("over",), "noon", "x"), WAITING, OVER), "nothing leads to waiting"),
        ((State("begin", ("over",), "noon", "x"), OVER, OVER), "declared twice"),
        ((State("begin", ("loop",), "n", "x"), State("loop", ("begin",), "n", "x")), "never ends"),
        ((WAITING, OVER), "start begin"),
        ((), "start begin"),
    ],
)
def test_a_machine_that_could_strand_someone_is_refused_when_built(
    states: tuple[State, ...], fault: str
):
    with pytest.raises(Refused) as refusal:
        StateMachine(name="broken", start="begin", states=states)
    assert refusal.value.code == "state_machine_invalid"
    assert refusal.value.data == {"machine": "broken"}
    assert fault in refusal.value.hint


def test_a_trap_beside_a_way_out_is_found():
    with pytest.raises(Refused, match="trap never ends"):
        StateMachine(
            name="broken",
            start="begin",
            states=(
                State("begin", ("over", "trap"), "noon", "x"),
                State("trap", ("trap",), "noon", "x"),
                OVER,
            ),
        )


_NAMES = st.sampled_from("abcde")


@given(
    exits=st.dictionaries(_NAMES, st.lists(_NAMES, unique=True, max_size=4), min_size=1),
    start=_NAMES,
)
def test_a_machine_that_was_accepted_can_be_walked_to_an_end_from_everywhere(
    exits: dict[str, list[str]], start: str
):
    states = tuple(
        State(name, tuple(onward), "clock" if onward else None, "an end")
        for name, onward in exits.items()
    )
    try:
        machine = StateMachine(name="any", start=start, states=states)
    except Refused:
        return
    ends = {name for name in machine.names if machine.is_terminal(name)}
    # Backwards from the ends, one step at a time: an oracle that shares nothing with the check.
    for _ in machine.names:
        ends |= {name for name in exits if ends & set(exits[name])}
    assert ends == set(exits)
    assert start in exits
    assert {onward for name in exits for onward in exits[name]} | {start} == set(exits)
