"""The child that reads sound and video with ffmpeg: started by `studio.py`, never by hand.

Its stdin is the file; its one argument is a `FilmTask`. What it limits itself to holds for ffmpeg
too: memory, time, the size of what is written, and no socket. ffmpeg is told which reader to use,
so a playlist or a list of other files is only ever a broken video.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from fractions import Fraction
from typing import Any, Final

import msgspec
from PIL import Image, JpegImagePlugin

from venire.kernel.confinement import deny_calls, limit_process
from venire.posts.media.blurhash import blurhash
from venire.posts.media.model import AUDIO, GIFV, VIDEO, Filmed
from venire.posts.media.rules import (
    FILM_PIXELS_MOST,
    FRAME_RATE_MOST,
    SMALL_PIXELS,
    fitted,
    sizes,
)
from venire.posts.media.tasks import CONVERT, LOOK, FilmTask

_MEMORY_BYTES: Final = 3 * 1024 * 1024 * 1024
"""Address space: the libraries alone take half of a gigabyte of it."""
_FILE_BYTES: Final = 160 * 1024 * 1024
_OPEN_FILES: Final = 64
_CPU_SECONDS: Final = {LOOK: 60, CONVERT: 1_200}
_PIXELS: Final = 1280 * 720
"""What is encoded anew is shrunk to this; what browsers play already stays as it is."""
_LOADED: Final = (JpegImagePlugin,)
_COPIED_VIDEO: Final = ("h264",)
_COPIED_AUDIO: Final = ("aac", "mp3")
_SAFE: Final = ("-hide_banner", "-v", "error", "-protocol_whitelist", "file")
_BARE: Final = (
    "-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-dn", "-sn",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
)  # fmt: skip
"""Nothing of the old file's words comes along: no place, no name, no date, no second track."""
_MP4: Final = ("-f", "mp4", "-movflags", "+faststart")


class _Unusable(Exception):  # noqa: N818 - says what the file is
    """A code of `rules.FAULTS`."""


class _Stream(msgspec.Struct, frozen=True):
    """What of ffprobe's answer is looked at."""

    codec_type: str = ""
    codec_name: str = ""
    pix_fmt: str = ""
    width: int = 0
    height: int = 0
    avg_frame_rate: str = "0/0"
    r_frame_rate: str = "0/0"
    duration: str = "0"
    bit_rate: str = "0"
    sample_rate: str = "0"
    channels: int = 0
    disposition: dict[str, int] = {}
    side_data_list: list[dict[str, Any]] = []


class _Format(msgspec.Struct, frozen=True):
    """The same of the container."""

    duration: str = "0"
    bit_rate: str = "0"


class _Found(msgspec.Struct, frozen=True):
    """The same of the whole answer."""

    streams: list[_Stream] = []
    format: _Format = _Format()

    @property
    def video(self) -> _Stream | None:
        """The first moving picture; the cover of a song is none."""
        moving = [one for one in self.streams if one.codec_type == "video"]
        return next((one for one in moving if not one.disposition.get("attached_pic")), None)

    @property
    def audio(self) -> _Stream | None:
        """The first sound."""
        return next((one for one in self.streams if one.codec_type == "audio"), None)

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        streams = [_number(one.duration) for one in self.streams]
        return round(max([_number(self.format.duration), *streams], default=0.0), 6)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value < 1e12 else 0.0  # noqa: PLR2004 - longer than anything real


def _rate(stream: _Stream) -> Fraction:
    for text in (stream.avg_frame_rate, stream.r_frame_rate):
        with contextlib.suppress(ValueError, ZeroDivisionError):
            if (rate := Fraction(text)) > 0:
                return rate
    return Fraction(0)


def _shown(stream: _Stream) -> tuple[int, int]:
    """The size in which a video is shown: phones film on their side and say so."""
    turns = [_number(str(one.get("rotation", 0)).lstrip("-")) for one in stream.side_data_list]
    if any(round(turn) % 180 == 90 for turn in turns):  # noqa: PLR2004 - degrees
        return stream.height, stream.width
    return stream.width, stream.height


class _Tools:
    def __init__(self, task: FilmTask) -> None:
        self._task = task

    def probe(self, descriptor: int, reader: str) -> _Found:
        """What is in a file that is open under a descriptor. Raises `_Unusable`."""
        answer = self._run(
            [self._task.ffprobe, *_SAFE, "-f", reader, "-show_streams", "-show_format",
             "-of", "json", f"file:/proc/self/fd/{descriptor}"],
            keep=(descriptor,),
        )  # fmt: skip
        try:
            return msgspec.json.decode(answer, type=_Found, strict=False)
        except msgspec.MsgspecError as error:
            raise _Unusable("media_broken") from error

    def convert(self, before: list[str], options: list[str], target: int) -> bytes:
        """Run ffmpeg on stdin (our own, a regular file) into a descriptor, or stdout for -1."""
        name = "pipe:1" if target < 0 else f"file:/proc/self/fd/{target}"
        reader = ["-f", self._task.reader, "-max_pixels", str(FILM_PIXELS_MOST)]
        safe = [*_SAFE[:-1], "file,pipe"]
        return self._run(
            [self._task.ffmpeg, *safe, "-nostdin", "-y", "-threads", "2", *before, *reader,
             "-i", "file:/proc/self/fd/0", *options, name],
            keep=() if target < 0 else (target,),
        )  # fmt: skip

    @staticmethod
    def _run(command: list[str], keep: tuple[int, ...]) -> bytes:
        finished = subprocess.run(  # noqa: S603 - a fixed command; the file goes by stdin
            command,
            stdin=0,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=keep,
            check=False,
        )
        if finished.returncode != 0:
            raise _Unusable("media_broken")
        return finished.stdout


def _kind(found: _Found) -> str:
    """What a file is to Mastodon: a film without sound plays by itself, over and over."""
    video, audio = found.video, found.audio
    if video is None:
        if audio is None:
            raise _Unusable("media_silent")
        return AUDIO
    width, height = video.width, video.height
    if min(width, height) < 1:
        raise _Unusable("media_broken")
    if width * height > FILM_PIXELS_MOST or _rate(video) > FRAME_RATE_MOST:
        raise _Unusable("video_too_large")
    return GIFV if audio is None else VIDEO


def look(task: FilmTask) -> Filmed:
    """Find out what a file is, and take a picture from near its beginning."""
    tools = _Tools(task)
    found = tools.probe(0, task.reader)
    kind, video = _kind(found), found.video
    if video is None:
        return Filmed(kind, meta=_sound(found))
    shown = _shown(video)
    width, height = fitted(*shown, SMALL_PIXELS)
    start = min(1.0, found.duration_s / 10)
    pixels = tools.convert(
        ["-ss", f"{start:.3f}"] if start else [],
        ["-map", "0:v:0", "-frames:v", "1", "-vf", f"scale={width}:{height}",
         "-pix_fmt", "rgb24", "-f", "rawvideo"],
        -1,
    )  # fmt: skip
    if len(pixels) != width * height * 3:
        raise _Unusable("media_broken")
    small = Image.frombytes("RGB", (width, height), pixels)
    with os.fdopen(task.small, "wb", closefd=False) as sink:
        small.save(sink, "JPEG", quality=82, progressive=True)
    tiny = small.resize((32, max(1, round(32 * height / width))), Image.Resampling.BOX)
    return Filmed(
        kind,
        small_width=width,
        small_height=height,
        small_type="image/jpeg",
        blurhash=blurhash(tiny.tobytes(), *tiny.size),
        meta=_facts(found),
    )


def convert(task: FilmTask) -> Filmed:
    """Make of a file what every browser plays: H.264 and AAC in MP4, or sound alone."""
    tools = _Tools(task)
    found = tools.probe(0, task.reader)
    kind, video, audio = _kind(found), found.video, found.audio
    if video is None:
        content_type, options = _sound_options(audio)
    else:
        content_type, options = "video/mp4", _video_options(task, video, audio)
    tools.convert([], [*options, *_BARE], task.original)
    made = tools.probe(task.original, "mp3" if content_type == "audio/mpeg" else "mov")
    if made.video is None and made.audio is None:
        raise _Unusable("media_broken")
    meta = _sound(made) if kind == AUDIO else _facts(made)
    return Filmed(kind, content_type, meta=meta)


def _sound_options(audio: _Stream | None) -> tuple[str, list[str]]:
    codec = audio.codec_name if audio is not None else ""
    if codec == "aac":
        return "audio/mp4", ["-map", "0:a:0", "-c:a", "copy", *_MP4]
    how = ["copy"] if codec == "mp3" else ["libmp3lame", "-q:a", "2"]
    tail = ["-write_xing", "1", "-id3v2_version", "0", "-write_id3v1", "0", "-f", "mp3"]
    return "audio/mpeg", ["-map", "0:a:0", "-c:a", *how, *tail]


def _video_options(task: FilmTask, video: _Stream, audio: _Stream | None) -> list[str]:
    options = ["-map", "0:v:0"]
    if task.reader == "mov" and video.codec_name in _COPIED_VIDEO and video.pix_fmt == "yuv420p":
        # Cameras put places and times also among the frames, as "supplemental information".
        options += ["-c:v", "copy", "-bsf:v", "filter_units=remove_types=6"]
    else:
        width, height = fitted(*_shown(video), _PIXELS)
        width, height = max(2, width // 2 * 2), max(2, height // 2 * 2)
        options += [
            "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-maxrate", "4M",
            "-bufsize", "8M", "-fpsmax", "60", "-vf", f"scale={width}:{height},format=yuv420p",
        ]  # fmt: skip
    if audio is not None:
        copied = audio.codec_name in _COPIED_AUDIO
        how = ["copy"] if copied else ["aac", "-b:a", "128k", "-ac", "2"]
        options += ["-map", "0:a:0", "-c:a", *how]
    return [*options, *_MP4]


def _facts(found: _Found) -> dict[str, int | float | str]:
    video = found.video
    if video is None:
        return _sound(found)
    rate = _rate(video)
    return {
        **sizes(*_shown(video)),
        "frame_rate": f"{rate.numerator}/{rate.denominator}",
        "duration": found.duration_s,
        "bitrate": int(_number(found.format.bit_rate) or _number(video.bit_rate)),
        **_heard(found.audio),
    }


def _sound(found: _Found) -> dict[str, int | float | str]:
    audio = found.audio
    rate = _number(found.format.bit_rate) or (_number(audio.bit_rate) if audio else 0)
    return {"duration": found.duration_s, "bitrate": int(rate), **_heard(audio)}


def _heard(audio: _Stream | None) -> dict[str, int | float | str]:
    if audio is None:
        return {}
    channels = {1: "mono", 2: "stereo"}.get(audio.channels, f"{audio.channels} channels")
    return {
        "audio_encode": audio.codec_name,
        "audio_bitrate": f"{int(_number(audio.sample_rate))} Hz",
        "audio_channels": channels,
    }


def main(argument: str) -> int:
    """Serve one task."""
    task = msgspec.json.decode(argument, type=FilmTask)
    Image.preinit()
    with contextlib.suppress(OSError):
        os.nice(10)
    limit_process(
        memory_bytes=_MEMORY_BYTES,
        cpu_seconds=_CPU_SECONDS[task.job],
        open_files=_OPEN_FILES,
        file_bytes=_FILE_BYTES,
    )
    deny_calls()
    try:
        filmed = look(task) if task.job == LOOK else convert(task)
    except _Unusable as fault:
        filmed = Filmed(error=str(fault))
    except Exception:  # noqa: BLE001 - whatever it stumbled over, the file is not usable
        filmed = Filmed(error="media_broken")
    sys.stdout.buffer.write(msgspec.json.encode(filmed))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
