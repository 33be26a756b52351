"""What every detector is shown."""

from __future__ import annotations

from dataclasses import dataclass

from venire.detectors.linear_model import Focus, Linear
from venire.detectors.reading import Reading


@dataclass(frozen=True, slots=True)
class Look:
    """The post as read, where the linear model finds it weighs most, and that model."""

    reading: Reading
    focus: Focus
    model: Linear
