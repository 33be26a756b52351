"""State machines as data, checked when they are built, which is at import.

A wrong machine stops the process before it can strand a case in a state that nothing ends.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from venire.kernel.errors import Conflict, Refused


class State(msgspec.Struct, frozen=True):
    """A state: where it may go, the name of the clock that ends its wait, and what else does.

    A terminal state has no exits and no deadline. Every other state waits, so it has both, and a
    line that says what ends it.
    """

    name: str
    exits: tuple[str, ...]
    deadline: str | None
    ends_when: str


class StateMachine(msgspec.Struct, frozen=True):
    """States with one start. Raises Refused `state_machine_invalid` when it cannot work."""

    name: str
    start: str
    states: tuple[State, ...]

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise Refused("state_machine_invalid", fault, machine=self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """The states' names, as declared."""
        return tuple(state.name for state in self.states)

    def state(self, name: str) -> State:
        """One state. Raises Refused `state_unknown`."""
        for state in self.states:
            if state.name == name:
                return state
        raise Refused("state_unknown", "no such state", machine=self.name, state=name)

    def is_terminal(self, name: str) -> bool:
        """Whether nothing follows."""
        return not self.state(name).exits

    def allows(self, before: str, after: str) -> bool:
        """Whether one step leads from `before` to `after`. Raises Refused `state_unknown`."""
        return self.state(after).name in self.state(before).exits

    def check(self, before: str, after: str) -> None:
        """Raise Conflict `transition_not_allowed` unless one step leads there."""
        if not self.allows(before, after):
            raise Conflict(
                "transition_not_allowed",
                f"{self.name}: {before} does not lead to {after}",
                machine=self.name,
                before=before,
                after=after,
            )


def _faults(machine: StateMachine) -> Iterable[str]:
    """What makes a machine unusable; nothing when it is sound."""
    exits = {state.name: state.exits for state in machine.states}
    if len(exits) != len(machine.states):
        yield "a state is declared twice"
    if machine.start not in exits:
        yield f"the start {machine.start} is not among its states"
    for state in machine.states:
        yield from _state_faults(state, exits.keys())
    if unreached := exits.keys() - _reached(machine.start, exits):
        yield f"nothing leads to {', '.join(sorted(unreached))}: a second start"
    ends = {name for name, onward in exits.items() if not onward}
    for name in exits:
        if not ends & _reached(name, exits):
            yield f"{name} never ends"


def _state_faults(state: State, known: Iterable[str]) -> Iterable[str]:
    if strangers := set(state.exits) - set(known):
        yield f"{state.name} leads to {', '.join(sorted(strangers))}, which is not declared"
    if len(set(state.exits)) != len(state.exits):
        yield f"{state.name} names an exit twice"
    if state.exits and not (state.deadline and state.ends_when):
        yield f"{state.name} waits without a deadline, or without saying what ends it"
    if not state.exits and state.deadline is not None:
        yield f"{state.name} is terminal, yet has a deadline"


def _reached(start: str, exits: dict[str, tuple[str, ...]]) -> set[str]:
    """Every state that can follow `start`, itself included."""
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(exits.get(name, ()))
    return reached
