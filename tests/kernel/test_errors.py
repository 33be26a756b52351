"""What can go wrong has a type, a stable code, a hint and data."""

from __future__ import annotations

import re

import pytest

from venire.kernel import errors
from venire.kernel.errors import Conflict, Problem

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Problem) and kind is not Problem
]


def test_the_tree_has_its_ten_branches():
    assert {kind.__name__ for kind in KINDS} == {
        "Invalid", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Gone", "TooLarge",
        "Throttled", "Unavailable", "Refused",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_is_the_name_of_its_class_in_small_letters(kind):
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    assert kind.kind == snake


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_branch_can_be_caught_as_a_problem_and_by_its_name_alone(kind):
    with pytest.raises(Problem) as problem:
        raise kind("some_code")
    assert type(problem.value) is kind
    assert [other for other in KINDS if isinstance(problem.value, other)] == [kind]


def test_the_page_at_the_top_names_every_branch():
    for kind in KINDS:
        assert f"── {kind.__name__} " in (errors.__doc__ or "")


def test_a_problem_carries_its_code_its_hint_and_its_data():
    problem = Conflict("version_moved", "someone was quicker", aggregate="post:1", found=3)
    assert problem.code == "version_moved"
    assert problem.hint == "someone was quicker"
    assert problem.data == {"aggregate": "post:1", "found": 3}


def test_a_problem_shows_code_and_hint_but_never_its_data():
    assert str(Conflict("code_alone", secret="s3cret")) == "code_alone"
    assert str(Conflict("code", "a hint", secret="s3cret")) == "code: a hint"
