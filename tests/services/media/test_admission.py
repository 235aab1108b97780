import contextlib
import io
import re
import struct
from dataclasses import replace

import pytest
from werkzeug.datastructures import FileStorage

from appliance.core.config import Limits
from appliance.school import policy
from appliance.services import work
from appliance.services.media import admission, files, heif, kinds, programs, store
from appliance.services.media.models import Media, Rendition
from appliance.services.media.refusals import FileRefused
from tests.services.media import heic, samples
from tests.services.media.test_kinds import GOOD
from tests.support.needs import needs


@pytest.fixture
def limits():
    """Other limits than the usual ones, for one test."""
    yield lambda **values: admission.configure(replace(Limits(), **values))
    admission.configure(Limits())


def accept(world, data: bytes, name: str) -> Media:
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    return store.accept(actor, access, [FileStorage(io.BytesIO(data), filename=name)])[0]


def refusal_of(world, data: bytes, name="x") -> str:
    with pytest.raises(FileRefused) as refused:
        accept(world, data, name)
    assert not list(world.blobs.list_files())
    return refused.value.message


def files_of(media) -> dict[str, bytes]:
    found = {}
    for row in Rendition.select().join(Media).where(Media.public_id == media.public_id):
        with contextlib.closing(files.open_rendition(files.get_rendition(media.public_id, row.name))) as reader:
            found[row.name] = reader.read()
    return found


def test_four_families_are_accepted_by_default():
    assert admission.accepted() == {"picture", "document", "audio", "video"}


@pytest.mark.parametrize(
    ("setting", "kind", "words"),
    [
        ("accept_pictures", "jpeg", "photos"),
        ("accept_documents", "docx", "documents"),
        ("accept_videos", "mp4", "vidéos"),
        ("accept_sounds", "mp3", "son"),
    ],
)
def test_a_family_that_is_not_taken_here_is_refused_in_plain_words(world, limits, setting, kind, words):
    limits(**{setting: False})
    message = refusal_of(world, GOOD[kind])
    assert words in message and "Vous pouvez joindre" in message


@pytest.mark.parametrize(
    ("setting", "kind"), [("picture_mb", "jpeg"), ("document_mb", "pdf"), ("video_mb", "mp4"), ("sound_mb", "wav")]
)
def test_each_family_has_its_own_size(limits, setting, kind):
    limits(**{setting: 1})
    admission.require_size(kinds.KINDS[kind], 1_000_000)
    with pytest.raises(FileRefused, match="1\u202fMo au plus"):
        admission.require_size(kinds.KINDS[kind], 1_000_001)


def test_a_document_too_heavy_for_the_settings_is_refused_before_it_is_stored(world, limits):
    limits(document_mb=1)
    assert "1\u202fMo au plus" in refusal_of(world, b"a" * 1_000_001, "a.txt")


@pytest.mark.parametrize("kind", ["mp4", "webm", "mp3", "ogg"])
def test_films_and_sound_of_a_plain_form_wait_for_their_preparation(world, kind, monkeypatch):
    monkeypatch.setattr(programs, "require", lambda *_names: None)
    media = accept(world, GOOD[kind], "x")
    assert (media.state, media.family) == ("waiting", kinds.KINDS[kind].family)
    assert [row.name for row in media.renditions] == ["part-00001"]
    assert work.Task.get(work.Task.subject == media.public_id).kind == store.PROCESSING


def test_a_photo_of_a_phone_in_a_plain_form_is_prepared_behind_the_page(world):
    needs("heif-convert")
    media = accept(world, heic.encode(samples.jpeg(exif=samples.exif()), "jpg"), "IMG_0001.HEIC")
    assert media.state == "waiting"
    work.run_due()
    found = Media.get(Media.public_id == media.public_id)
    assert (found.state, found.family, found.kind) == ("ready", "picture", "heic")
    drawn = files_of(media)
    assert sorted(drawn) == ["large", "medium", "thumb"]
    assert not any(b"Secret" in data for data in drawn.values())


def test_a_photo_that_cannot_be_read_is_refused_to_its_sender(world):
    needs("heif-convert")
    media = accept(world, heic.photo()[:600], "IMG_0001.HEIC")
    work.run_due()
    found = Media.get(Media.public_id == media.public_id)
    assert (found.state, found.reason) == ("refused", "damaged")
    assert not list(world.blobs.list_files())


def test_without_the_tool_a_phone_s_photo_is_refused_at_the_door(world, monkeypatch):
    monkeypatch.setattr(heif, "find_tool", lambda: None)
    assert "Enregistrez la photo en JPEG" in refusal_of(world, GOOD["heic"])


# What is two things at once


def html_in_exif() -> bytes:
    block = samples.Image.Exif()
    block[0x010E] = samples.SCRIPT.decode()
    return samples.jpeg(exif=block.tobytes())


def html_in_comment() -> bytes:
    plain = samples.jpeg()
    return plain[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(samples.SCRIPT)) + samples.SCRIPT + plain[2:]


JAR = samples.zipped([("META-INF/MANIFEST.MF", "Main-Class: A\n"), ("A.class", b"\xca\xfe\xba\xbe")])
PICTURES = {
    "GIF and JAR": samples.saved(samples.scene(), "GIF") + JAR,
    "JPEG and page": samples.jpeg() + samples.SCRIPT,
    "page in EXIF": html_in_exif(),
    "page in a comment": html_in_comment(),
    "PNG with a page in its text": samples.saved(
        samples.scene(), "PNG", pnginfo=samples.with_comment_chunk(samples.SCRIPT)
    ),
    "JPEG and PDF": samples.jpeg() + samples.pdf(),
    "WebP and program": samples.saved(samples.scene(), "WEBP") + b"MZ" + bytes(200),
}


@pytest.mark.parametrize("name", PICTURES)
def test_of_a_picture_that_hides_something_only_the_picture_is_kept(world, name):
    for data in files_of(accept(world, PICTURES[name], "x.jpg")).values():
        assert data.startswith(b"\xff\xd8\xff") and data.endswith(b"\xff\xd9")
        assert not [
            mark for mark in (b"<script", b"<html", b"PK\x03\x04", b"%PDF", b"MZ\0\0", b"Main-Class") if mark in data
        ]


DOCUMENTS = {
    "PDF and ZIP": samples.pdf() + JAR,
    "ZIP and PDF": JAR + samples.pdf(),
    "page and PDF": samples.SCRIPT + samples.pdf(),
    "PDF and page": samples.pdf() + samples.SCRIPT,
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "docm": samples.ooxml(types='<Default ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'),
    "JAR": JAR,
    "page called a text": samples.SCRIPT,
    "GIF comment page": b"GIF89a" + samples.SCRIPT,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_something_else_too_is_refused(world, name):
    assert refusal_of(world, DOCUMENTS[name], "devoirs.pdf")


ACTIVE = samples.pdf(b"9 0 obj<</S/JavaScript/JS(app.alert\\(1\\))>>endobj\n8 0 obj<</S/Launch/F(cmd.exe)>>endobj\n")


@pytest.mark.parametrize("data", [ACTIVE, samples.odf(), samples.ooxml(), b"=cmd|' /C calc'!A0\n"])
def test_a_document_is_only_ever_saved_whatever_it_may_do_elsewhere(world, data):
    """A PDF may hold scripts for its readers: it is never shown as a page of this site."""
    from appliance.features.feed import actions as feed
    from appliance.features.feed.actions import Content
    from appliance.features.feed.models import Attachment

    feed.publish(
        world.actor("teacher"), world.cm1.public_id, Content(text="Lisez"),
        files=[FileStorage(io.BytesIO(data), filename='a"; x=.html')],
    )  # fmt: skip
    media = Attachment.select().order_by(Attachment.id.desc()).first().media
    for method in ("get", "head"):
        answer = getattr(world.sign_in("guardian1"), method)(f"/medias/{media.public_id}/original")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        name = re.search(r'filename="([^"]*)"', answer.headers["Content-Disposition"])[1]
        assert name.rpartition(".")[2] in ("pdf", "odt", "docx", "txt")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Type"].split(";")[0] in {kind.mime for kind in kinds.KINDS.values()}
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
