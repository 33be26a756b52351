"""The child that reads text from grey rasters: started by `notices/ocr.py`, never by hand.

It speaks frames: on stdin two big-endian 32-bit numbers, width and height, then width x height
bytes; on stdout a 32-bit length and that much JSON (`Answer`). The first frame out, before any
in, says which engine is ready. Whatever a library prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import struct
import subprocess
import sys
import time
from typing import Any, BinaryIO, Final, Protocol

import msgspec

from venire.kernel.confinement import limit_process
from venire.notices.images import Picture
from venire.notices.model import ReadLine

REQUEST: Final = struct.Struct(">II")
RESPONSE: Final = struct.Struct(">I")
ENGINES: Final = ("tesseract", "rapidocr")

_MEMORY_BYTES: Final = 4 * 1024 * 1024 * 1024
"""Address space, not memory in use: the inference library reserves more than it touches."""
_CPU_SECONDS_PER_PICTURE: Final = 90
_OPEN_FILES: Final = 64
_SMALL_WIDTH: Final = 900
"""Below it letters are often under 20 pixels, where tesseract begins to guess."""
_LONGEST_SIDE: Final = 2_400
_DETECTION_SIDE: Final = 1_280
_DARK: Final = 110


class Answer(msgspec.Struct, frozen=True):
    """What goes back for one picture, and once at the start, with no lines."""

    engine: str
    lines: tuple[ReadLine, ...] = ()
    error: str = ""


class Engine(Protocol):
    """Something that reads."""

    name: str

    def read(self, picture: Picture) -> tuple[ReadLine, ...]:
        """Return the lines of a picture, in its own pixels."""


class Tesseract:
    """The distribution's tesseract, one process for each picture."""

    name = "tesseract"

    def __init__(self, program: str, languages: str) -> None:
        self._command = [program, "stdin", "stdout", "-l", languages, "--psm", "4", "tsv"]

    def read(self, picture: Picture) -> tuple[ReadLine, ...]:
        """See `Engine.read`. Dark pages are inverted: it was trained on black on white."""
        ready, scale = _for_tesseract(picture)
        head = b"P5\n%d %d\n255\n" % (ready.width, ready.height)
        finished = subprocess.run(  # noqa: S603 - a fixed command; the picture goes by stdin
            self._command,
            input=head + ready.pixels,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_CPU_SECONDS_PER_PICTURE,
            check=True,
        )
        return _tsv_lines(finished.stdout.decode("utf-8", "replace"), scale)


def _for_tesseract(picture: Picture) -> tuple[Picture, float]:
    from PIL import Image, ImageOps

    image = Image.frombytes("L", (picture.width, picture.height), picture.pixels)
    scale = 1.0
    if picture.width < _SMALL_WIDTH:
        scale = 2.0
    elif max(image.size) > _LONGEST_SIDE:
        scale = _LONGEST_SIDE / max(image.size)
    if scale != 1.0:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    histogram = image.histogram()
    middle, seen = sum(histogram) / 2, 0
    for shade, count in enumerate(histogram):
        seen += count
        if seen >= middle:
            if shade < _DARK:
                image = ImageOps.invert(image)
            break
    return Picture(image.width, image.height, image.tobytes()), scale


_Word = tuple[str, int, int, int, int, float]
"""Its letters, its box in pixels, how sure the engine is (0..1)."""


def _tsv_lines(tsv: str, scale: float) -> tuple[ReadLine, ...]:
    words: dict[tuple[str, ...], list[_Word]] = {}
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != "5" or not cells[11].strip():  # noqa: PLR2004 - its columns
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        words.setdefault(tuple(cells[1:5]), []).append(
            (cells[11].strip(), left, top, left + width, top + height, float(cells[10]) / 100)
        )
    return in_order([_joined(line, scale) for line in words.values()])


def _joined(words: list[_Word], scale: float) -> ReadLine:
    return ReadLine(
        text=" ".join(word[0] for word in words),
        left=round(min(word[1] for word in words) / scale),
        top=round(min(word[2] for word in words) / scale),
        right=round(max(word[3] for word in words) / scale),
        bottom=round(max(word[4] for word in words) / scale),
        confidence=_sure(sum(word[5] for word in words) / len(words)),
    )


class RapidOcr:
    """PP-OCR by onnxruntime, from models inside its wheel: nothing is fetched."""

    name = "rapidocr"

    def __init__(self, threads: int) -> None:
        from rapidocr import RapidOCR

        self._read: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                # Lines on a screenshot stand upright; turning each to see costs a third more.
                "Global.use_cls": False,
                "Global.max_side_len": _LONGEST_SIDE,
                "Global.text_score": 0.4,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                # Its default enlarges every picture to 736 on the short side: three times slower.
                "Det.limit_type": "max",
                "Det.limit_side_len": _DETECTION_SIDE,
            }
        )

    def read(self, picture: Picture) -> tuple[ReadLine, ...]:
        """See `Engine.read`."""
        import numpy as np

        flat = np.frombuffer(picture.pixels, dtype=np.uint8).reshape(picture.height, picture.width)
        result = self._read(np.ascontiguousarray(np.stack([flat] * 3, axis=2)))
        if result.boxes is None or result.txts is None or result.scores is None:
            return ()
        lines = []
        for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            across, down = [float(point[0]) for point in box], [float(point[1]) for point in box]
            lines.append(
                ReadLine(
                    text=str(text),
                    left=round(min(across)),
                    top=round(min(down)),
                    right=round(max(across)),
                    bottom=round(max(down)),
                    confidence=_sure(float(score)),
                )
            )
        return in_order(lines)


def _sure(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 3)


def in_order(lines: list[ReadLine]) -> tuple[ReadLine, ...]:
    """Lines from the top; pieces that stand side by side, from the left."""
    rows: list[list[ReadLine]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and line.middle - rows[-1][-1].middle < 0.5 * min(line.height, rows[-1][-1].height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(line for row in rows for line in sorted(row, key=lambda line: line.left))


def tesseract_languages(program: str) -> str:
    """`eng+ind`, or what there is of it; empty when tesseract cannot be used."""
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command
            [program, "--list-langs"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    at_hand = set(listed.stdout.decode("utf-8", "replace").split())
    return "+".join(language for language in ("eng", "ind") if language in at_hand)


def choose(wanted: str, threads: int) -> Engine:
    """Return the engine by name; "auto" takes tesseract when it and a language are there.

    Raises:
        RuntimeError: when the wanted engine is not installed.

    """
    program = shutil.which("tesseract") if wanted in ("auto", "tesseract") else None
    languages = tesseract_languages(program) if program else ""
    if program and languages:
        return Tesseract(program, languages)
    if wanted == "tesseract":
        raise RuntimeError("tesseract or its language data is not installed")
    return RapidOcr(threads)


def _take(source: BinaryIO, size: int) -> bytes | None:
    taken = source.read(size)
    return taken if taken is not None and len(taken) == size else None


def _serve(engine: Engine, source: BinaryIO, sink: BinaryIO) -> None:
    while (head := _take(source, REQUEST.size)) is not None:
        width, height = REQUEST.unpack(head)
        pixels = _take(source, width * height)
        if pixels is None:
            return
        _allow_cpu()
        try:
            answer = Answer(engine.name, engine.read(Picture(width, height, pixels)))
        except Exception as error:  # noqa: BLE001 - told to the parent, which decides
            answer = Answer(engine.name, error=type(error).__name__)
        _send(sink, answer)


def _allow_cpu() -> None:
    """Move the soft limit on: the process lives for many pictures, each has its own allowance."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(time.process_time()) + _CPU_SECONDS_PER_PICTURE
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _send(sink: BinaryIO, answer: Answer) -> None:
    body = msgspec.json.encode(answer)
    sink.write(RESPONSE.pack(len(body)) + body)
    sink.flush()


def main(wanted: str, threads: int) -> int:
    """Serve until stdin closes. Exits 3 when there is no engine."""
    # Libraries print where they please, so the real stdout is put out of their reach.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(OSError):
        os.nice(5)
    try:
        engine = choose(wanted, threads)
        # The first picture loads the models, while files may still be opened.
        engine.read(Picture(64, 64, b"\xff" * 64 * 64))
    except Exception as error:  # noqa: BLE001 - any failure means that there is no engine
        _send(sink, Answer("", error=f"{type(error).__name__}: {error}"[:300]))
        return 3
    limit_process(memory_bytes=_MEMORY_BYTES, open_files=_OPEN_FILES)
    _send(sink, Answer(engine.name))
    _serve(engine, sys.stdin.buffer, sink)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
