"""What can go wrong, as types with a stable code.

Problem
├── Invalid          the input cannot be used as it is
├── Unauthenticated  no or no valid credentials
├── Forbidden        known, but not allowed
├── NotFound         no such thing (or not for these eyes)
├── Conflict         true a moment ago, or already done
├── Gone             was there, ended
├── TooLarge         over a stated size
├── Throttled        too many; `retry_after_s` in data
├── Unavailable      a part this needs does not answer
└── Refused          a misuse of a part by the code that calls it

`code` never changes once published; `hint` is plain English, translated by `errors.<code>` in the
catalogues; `data` fills placeholders and goes out as JSON. The HTTP status is chosen in
`api/errors.py` alone, and no internal text reaches a client.
"""

from __future__ import annotations

from typing import ClassVar


class Problem(Exception):  # noqa: N818 - the tree above is named after what happened
    """Anything a caller may be told about: a stable code, a hint, data."""

    kind: ClassVar[str] = "problem"

    def __init__(self, code: str, hint: str = "", **data: object) -> None:
        super().__init__(f"{code}: {hint}" if hint else code)
        self.code = code
        self.hint = hint
        self.data = data

    @property
    def told(self) -> str:
        """Code, hint and data, line by line, as a terminal shows them."""
        lines = [f"error: {self.code}", *([f"  {self.hint}"] if self.hint else [])]
        lines += [f"  {name}: {value}" for name, value in self.data.items()]
        return "\n".join(lines) + "\n"


class Invalid(Problem):
    """The input cannot be used as it is."""

    kind = "invalid"


class Unauthenticated(Problem):
    """No credentials, or none that are valid."""

    kind = "unauthenticated"


class Forbidden(Problem):
    """Known, but not allowed to do this."""

    kind = "forbidden"


class NotFound(Problem):
    """No such thing, or not for these eyes."""

    kind = "not_found"


class Conflict(Problem):
    """It changed meanwhile, or was done already."""

    kind = "conflict"


class Gone(Problem):
    """It was there and has ended."""

    kind = "gone"


class TooLarge(Problem):
    """Over a size that is stated in `data`."""

    kind = "too_large"


class Throttled(Problem):
    """Too many in too short a time; `retry_after_s` in `data`."""

    kind = "throttled"


class Unavailable(Problem):
    """A part that this needs does not answer now."""

    kind = "unavailable"


def first_in(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that counts: of several tasks that end, the first; of groups, what is in them."""
    one: BaseException = failures
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one


class Refused(Problem):
    """The code asked a part for something outside its contract: a bug, not an input."""

    kind = "refused"
