"""Video and sound: what becomes of them with ffmpeg, and that it is held like the other workers."""

from __future__ import annotations

import io
import json
import subprocess
import tempfile

import anyio
import pytest
from PIL import Image

from tests.posts.media import files
from venire.kernel.errors import Invalid
from venire.posts.media import rules
from venire.posts.media.studio import Films, Studio, target

pytestmark = [pytest.mark.anyio, files.with_ffmpeg]

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


async def studio_with_films(**more) -> Studio:
    films = await Films.find()
    assert films is not None
    return Studio(1, films=films, **more)


async def filmed(content: bytes, studio=None):
    """What looking and converting say, and the two files that they made."""
    studio = studio or await studio_with_films()
    form = rules.form_of(content[:64])
    assert form is not None
    with tempfile.TemporaryFile() as file, target() as made:
        file.write(content)
        file.flush()
        looked = await studio.look(file, form, made)
        made.small.seek(0)
        small = made.small.read()
        converted = await studio.convert(file, form, made)
        made.original.seek(0)
        return looked, small, converted, made.original.read()


def probed(content: bytes) -> dict:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", "-"]
    return json.loads(subprocess.run(command, input=content, stdout=-1, check=True).stdout)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", (*H264, "-c:a", "aac")),
        ("a.mov", (*H264, "-c:a", "aac")),
        ("a.webm", ("-c:v", "libvpx", "-c:a", "libopus")),
        ("b.mp4", ("-c:v", "mpeg4", "-c:a", "aac")),
    ],
)
async def test_a_video_becomes_what_every_browser_plays(tmp_path, name, options):
    looked, small, converted, original = await filmed(files.film(tmp_path, name, *options))
    assert looked.kind == converted.kind == "video"
    assert converted.content_type == "video/mp4"
    assert Image.open(io.BytesIO(small)).size == (looked.small_width, looked.small_height)
    assert len(looked.blurhash) == 36
    assert (converted.meta["width"], converted.meta["height"]) == (320, 240)
    assert converted.meta["frame_rate"] == "10/1"
    assert 0.9 < converted.meta["duration"] < 1.2
    codecs = {stream["codec_name"] for stream in probed(original)["streams"]}
    assert codecs == {"h264", "aac"}
    # Its index comes first, so that it plays before all of it is there.
    assert original.index(b"moov") < original.index(b"mdat")


@pytest.mark.parametrize(
    ("name", "options", "kept"),
    [
        ("a.mp3", (), "audio/mpeg"),
        ("a.ogg", (), "audio/mpeg"),
        ("a.wav", (), "audio/mpeg"),
        ("a.flac", (), "audio/mpeg"),
        ("a.opus", (), "audio/mpeg"),
        ("a.m4a", (), "audio/mp4"),
        ("a.mp4", ("-c:a", "aac"), "audio/mp4"),
    ],
)
async def test_sound_of_each_kind_is_kept_as_mp3_or_aac(tmp_path, name, options, kept):
    content = files.film(tmp_path, name, *options, picture=False)
    looked, small, converted, original = await filmed(content)
    assert looked.kind == converted.kind == "audio"
    assert converted.content_type == kept
    assert small == b""
    assert 0.9 < converted.meta["duration"] < 1.2
    assert "width" not in converted.meta
    assert probed(original)["streams"][0]["codec_type"] == "audio"


async def test_a_film_without_sound_and_a_gif_play_by_themselves(tmp_path):
    silent = files.film(tmp_path, "silent.mp4", *H264, sound=False)
    for content in (silent, files.film(tmp_path, "a.gif", sound=False)):
        looked, _, converted, original = await filmed(content)
        assert looked.kind == converted.kind == "gifv"
        assert converted.content_type == "video/mp4"
        assert [one["codec_name"] for one in probed(original)["streams"]] == ["h264"]


async def test_nothing_that_was_said_beside_picture_and_sound_is_left(tmp_path):
    said = files.CANARY.decode()
    words = ("-metadata", f"title={said}", "-metadata", f"location={said}",
             "-metadata:s:v", f"handler_name={said}", "-metadata:s:a", f"title={said}",
             "-movflags", "use_metadata_tags")  # fmt: skip
    # A camera's own note among the frames.
    note = ("-bsf:v", f"h264_metadata=sei_user_data=086f3693b7b34f2c965321492feee5b8+{said}")
    film = files.film(tmp_path, "a.mp4", *H264, "-c:a", "aac", *note, *words)
    song = files.film(tmp_path, "a.mp3", "-metadata", f"title={said}", picture=False)
    for content in (film, song):
        assert b"CANARY" in content
        _, small, _, original = await filmed(content)
        assert b"CANARY" not in original
        assert b"CANARY" not in small


async def test_a_film_that_was_taken_on_its_side_is_measured_as_it_is_shown(tmp_path):
    files.film(tmp_path, "a.mp4", *H264, "-c:a", "aac")
    turn = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.mp4", "-c", "copy"]
    turn += ["-metadata:s:v", "rotate=90", tmp_path / "turned.mov"]
    files.run(turn)
    looked, small, converted, _ = await filmed((tmp_path / "turned.mov").read_bytes())
    for said in (looked.meta, converted.meta):
        assert (said["width"], said["height"]) == (240, 320)
    assert Image.open(io.BytesIO(small)).size == (240, 320)


async def test_a_cover_in_a_song_does_not_make_it_a_video(tmp_path):
    (tmp_path / "cover.png").write_bytes(files.picture())
    files.film(tmp_path, "plain.mp3", picture=False)
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "plain.mp3", "-i", tmp_path / "cover.png"]
    command += ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic"]
    files.run([*command, tmp_path / "a.mp3"])
    looked, _, _, original = await filmed((tmp_path / "a.mp3").read_bytes())
    assert looked.kind == "audio"
    assert [one["codec_type"] for one in probed(original)["streams"]] == ["audio"]


PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"


@pytest.mark.parametrize(
    "content",
    [
        b"ID3" + bytes(200),
        b"OggS" + bytes(200),
        b"fLaC" + PLAYLIST,
        b"\x1a\x45\xdf\xa3" + PLAYLIST,
        b"\x00\x00\x00\x18ftypisom" + bytes(40) + PLAYLIST,
        b"RIFF\x00\x00\x00\x00WAVE" + bytes(40),
        b"\xff\xfb\x90\x00" + bytes(30),
    ],
    ids=["mp3", "ogg", "flac", "webm", "mp4", "wav", "frame"],
)
async def test_what_only_looks_like_a_film_is_refused(content):
    with anyio.fail_after(30), pytest.raises(Invalid) as refused:
        await filmed(content)
    assert refused.value.code in {"media_broken", "media_silent"}


async def test_a_film_cut_off_before_its_index_is_refused(tmp_path):
    whole = files.film(tmp_path, "a.mp4", *H264, "-c:a", "aac")
    with pytest.raises(Invalid, match="media_broken"):
        await filmed(whole[: len(whole) // 2])


async def test_a_film_with_too_many_pixels_is_refused(tmp_path):
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=size=5000x3000:rate=1:duration=1",
    ]
    command += [*H264, "-preset", "ultrafast", tmp_path / "big.mp4"]
    files.run(command)
    with pytest.raises(Invalid) as refused:
        await filmed((tmp_path / "big.mp4").read_bytes())
    assert refused.value.code in {"video_too_large", "media_broken"}


async def test_a_conversion_that_takes_too_long_is_ended_with_all_it_started(tmp_path):
    from tests.posts.media.test_drawing import children

    before = children()
    content = files.film(tmp_path, "a.webm", "-c:v", "libvpx", "-c:a", "libopus")
    with pytest.raises(Invalid, match="media_broken"):
        await filmed(content, await studio_with_films(seconds=(30.0, 0.25)))
    assert children() <= before


async def test_without_ffmpeg_none_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await Films.find() is None
