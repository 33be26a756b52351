"""BlurHash: some thirty characters from which a client paints a blur until the picture is there.

The format: github.com/woltapp/blurhash/blob/master/Algorithm.md. A few cosine waves over the
picture in linear light, the strongest first, as digits of base 83.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

DIGITS: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
)
_WAVES: Final = 4
_LINEAR: Final = tuple(
    shade / 255 / 12.92 if shade / 255 <= 0.04045 else ((shade / 255 + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
    for shade in range(256)
)

Colour = tuple[float, float, float]


def blurhash(pixels: bytes, width: int, height: int) -> str:
    """The hash of a small picture: `pixels` are RGB, rows from the top; some 32 x 32 are plenty."""
    columns = [_wave(across, width) for across in range(_WAVES)]
    rows = [_wave(down, height) for down in range(_WAVES)]
    waves = [
        _factor(pixels, width, columns[across], rows[down], flat=across == down == 0)
        for down in range(_WAVES)
        for across in range(_WAVES)
    ]
    mean, *others = waves
    strongest = max(abs(part) for wave in others for part in wave)
    step = max(0, min(82, math.floor(strongest * 166 - 0.5)))
    most = (step + 1) / 166
    size = (_WAVES - 1) + (_WAVES - 1) * 9
    return (
        _digits(size, 1)
        + _digits(step, 1)
        + _digits(_packed_mean(mean), 4)
        + "".join(_digits(_packed(wave, most), 2) for wave in others)
    )


def _wave(times: int, length: int) -> list[float]:
    return [math.cos(math.pi * times * place / length) for place in range(length)]


def _factor(
    pixels: bytes, width: int, column: Sequence[float], row: Sequence[float], *, flat: bool
) -> Colour:
    red = green = blue = 0.0
    place = 0
    for down in row:
        for across in column:
            weight = down * across
            red += weight * _LINEAR[pixels[place]]
            green += weight * _LINEAR[pixels[place + 1]]
            blue += weight * _LINEAR[pixels[place + 2]]
            place += 3
    scale = (1 if flat else 2) / (width * len(row))
    return red * scale, green * scale, blue * scale


def _shade(light: float) -> int:
    light = max(0.0, min(1.0, light))
    curved = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055  # noqa: PLR2004 - sRGB
    return int(curved * 255 + 0.5)


def _packed_mean(colour: Colour) -> int:
    red, green, blue = (_shade(part) for part in colour)
    return (red << 16) + (green << 8) + blue


def _packed(colour: Colour, most: float) -> int:
    packed = 0
    for part in colour:
        root = math.copysign(abs(part / most) ** 0.5, part)
        packed = packed * 19 + max(0, min(18, math.floor(root * 9 + 9.5)))
    return packed


def _digits(value: int, count: int) -> str:
    return "".join(DIGITS[value // 83**place % 83] for place in reversed(range(count)))
