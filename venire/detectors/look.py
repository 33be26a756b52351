"""What every detector is shown."""

from __future__ import annotations

from dataclasses import dataclass

from venire.detectors.linear_model import Linear
from venire.detectors.reading import Reading


@dataclass(frozen=True, slots=True)
class Look:
    """The post as read, what the linear model makes of it, and that model."""

    reading: Reading
    logit: float
    model: Linear
