"""Events, who hears them, and the state machines."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Callable
from typing import Any, cast

import msgspec

import venire
from tools.pages.markdown import code, first_sentence, names, table
from tools.pages.source import called_name, module_name, nodes
from venire import events
from venire.cases.court import Court
from venire.kernel.states import StateMachine
from venire.server.subscriptions import subscriptions
from venire.storage.relay import Subscription

_EVENTS = """\
# Events

Written in the same commit as the rows that made them true; told at least once, in order per
aggregate. Ids only: no text, no name.

"""

_SUBSCRIPTIONS = """\
# Subscriptions

The one table of who hears what (`venire/server/subscriptions.py`). Each subscriber has its own
cursor, so a slow one holds up nobody. An event that keeps failing is parked, told to the operator
in the log, and tried again at the next start.

"""

_STATES = """\
# States

Machines are data, checked when they are built: one start, no state that nothing ends, a deadline
for each wait.
"""


def every_event() -> tuple[type[events.Happened], ...]:
    """The members of the union, as declared."""
    return cast("tuple[type[events.Happened], ...]", typing.get_args(events.Event))


def _heard() -> tuple[Subscription, ...]:
    # The table only closes over the court; nothing in it is used until an event is told.
    nobody = types.SimpleNamespace(world=None, search=None)
    return subscriptions(cast("Court", nobody))


def tellers() -> dict[str, list[str]]:
    """Which modules make each event."""
    wanted = {event.__name__ for event in every_event()}
    found: dict[str, list[str]] = {name: [] for name in wanted}
    for path, there in nodes().items():
        made = {called_name(node) for node in there if isinstance(node, ast.Call)}
        for name in made & wanted:
            found[name].append(module_name(path).removeprefix("venire."))
    return found


def events_page() -> str:
    """docs/map/events.md."""
    told_by, heard = tellers(), _heard()
    rows = []
    for event in every_event():
        hearers = [each.name for each in heard if event in each.hears]
        fields = [field.name for field in msgspec.structs.fields(event)]
        rows.append(
            (
                code(event.__name__),
                first_sentence(event),
                names(fields),
                names(told_by[event.__name__]),
                names(hearers),
            )
        )
    whole = names(each.name for each in heard if not each.hears)
    told = f"{_EVENTS}These read every page of the journal besides: {whole}.\n\n"
    return told + table(("Event", "What happened", "Fields", "Told by", "Heard by"), rows)


def _handler(subscription: Subscription) -> tuple[str, str]:
    """The function behind a subscription and its first sentence.

    The table wraps each handler in a lambda that binds the court: the handler itself is what the
    lambda closed over, or what its code names.
    """
    wrapped = subscription.handler or subscription.page
    function = cast("types.FunctionType", wrapped)
    for held in function.__closure__ or ():
        if inspect.isfunction(held.cell_contents):
            return _named(held.cell_contents)
    module, _, attribute = ".".join(function.__code__.co_names[:2]).partition(".")
    found = getattr(function.__globals__.get(module), attribute, None)
    if not inspect.isfunction(found):
        return ".".join(function.__code__.co_names), ""
    return _named(found)


def _named(function: Callable[..., Any]) -> tuple[str, str]:
    module = function.__module__.removeprefix("venire.")
    return f"{module}.{function.__name__}", first_sentence(function)


def subscriptions_page() -> str:
    """docs/map/subscriptions.md."""
    rows = []
    for each in _heard():
        handler, says = _handler(each)
        hears = names(event.__name__ for event in each.hears) or "everything"
        rows.append((code(each.name), hears, code(handler), says))
    return _SUBSCRIPTIONS + table(("Cursor", "Hears", "Handler", "What it does"), rows)


def machines() -> list[tuple[str, StateMachine]]:
    """Every state machine of the house and the module that declares it."""
    found: dict[int, tuple[str, StateMachine]] = {}
    for info in pkgutil.walk_packages(venire.__path__, "venire."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if isinstance(value, StateMachine):
                found.setdefault(id(value), (info.name, value))
    declared = _declarations()
    return sorted(
        ((declared.get(machine.name, name), machine) for name, machine in found.values()),
        key=lambda pair: pair[1].name,
    )


def _declarations() -> dict[str, str]:
    """Which module builds the machine of a name; others only import it."""
    found: dict[str, str] = {}
    for path, there in nodes().items():
        for node in there:
            if isinstance(node, ast.Call) and called_name(node) == "StateMachine":
                for keyword in node.keywords:
                    if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                        found[str(keyword.value.value)] = module_name(path)
    return found


def _drawing(start: str, exits: dict[str, tuple[str, ...]]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {start}"]
    for name, onward in exits.items():
        lines += [f"    {name} --> {after}" for after in onward or ("[*]",)]
    return "\n".join([*lines, "```"]) + "\n"


def states_page() -> str:
    """docs/map/states.md."""
    parts = [_STATES]
    for module, machine in machines():
        exits = {state.name: state.exits for state in machine.states}
        rows = (
            (code(each.name), names(each.exits), code(each.deadline or ""), each.ends_when)
            for each in machine.states
        )
        parts.append(
            f"\n## {machine.name}\n\n`{module}`\n\n{_drawing(machine.start, exits)}\n"
            + table(("State", "Leads to", "Deadline", "What ends it"), rows)
        )
    return "".join(parts)
