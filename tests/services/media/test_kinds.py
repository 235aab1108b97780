import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.services.media.kinds import DEFAULT_ALLOWED, KINDS, identify
from appliance.services.media.refusals import FileRefused
from tests.services.media import samples

EVERYTHING = frozenset({"picture", "document", "audio", "video"})


def kind_of(data, allowed=EVERYTHING):
    return identify(io.BytesIO(data), allowed=allowed).name


def reason_of(data, allowed=EVERYTHING):
    with pytest.raises(FileRefused) as refusal:
        identify(io.BytesIO(data), allowed=allowed)
    assert refusal.value.message.endswith(".")
    return refusal.value.reason


GOOD = {
    "jpeg": samples.jpeg(),
    "png": samples.saved(samples.scene(), "PNG"),
    "gif": samples.saved(samples.scene(), "GIF"),
    "webp": samples.saved(samples.scene(), "WEBP"),
    "heic": b"\x00\x00\x00\x18ftypheic\0\0\0\0mif1heic" + bytes(16),
    "avif": b"\x00\x00\x00\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(16),
    "pdf": samples.pdf(),
    "odt": samples.odf("text"),
    "ods": samples.odf("spreadsheet"),
    "odp": samples.odf("presentation"),
    "docx": samples.ooxml(),
    "xlsx": samples.ooxml("spreadsheetml.sheet"),
    "pptx": samples.ooxml("presentationml.presentation"),
    "text": "Liste : l’été, <3 et a < b\n".encode(),
    "mp3": samples.mp3(),
    "m4a": samples.mp4(b"M4A ", [b"soun"]),
    "ogg": samples.OGG,
    "wav": samples.WAV,
    "weba": samples.WEBM + b"\x86\x86A_OPUS",
    "mp4": samples.mp4(),
    "webm": samples.WEBM + b"\x86\x85V_VP8" + b"A_OPUS",
}


def test_there_is_a_sample_of_every_kind():
    assert set(GOOD) == set(KINDS)


@pytest.mark.parametrize("name", GOOD)
def test_a_kind_is_told_by_its_content(name):
    source = io.BytesIO(GOOD[name])
    kind = identify(source, allowed=EVERYTHING)
    assert kind == KINDS[name]
    assert kind.extension == kind.extensions[0]
    assert source.tell() == 0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("prénom;classe\nÉlodie;CE2\n".encode("latin-1"), "text"),
        (b"\xef\xbb\xbfpr\xc3\xa9nom;classe\r\n", "text"),
        (b"\xef\xbb\xbf\r\n" + samples.pdf(), "pdf"),
        (samples.pdf() + b"\r\n\x00\x00", "pdf"),
        (samples.mp3(b"TIT2" + bytes(200)), "mp3"),
        (samples.mp4(b"isom", [b"soun"]), "m4a"),
        (samples.mp4(b"qt  "), "mp4"),
        (b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1heic", "heic"),
        (b"\x00\x00\x00\x18ftypmsf1\0\0\0\0hevcmsf1", "heic"),
        (b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1avif", "avif"),
        (samples.ooxml(stored=("[Content_Types].xml",)), "docx"),
        (samples.ooxml("presentationml.presentation", ("ppt/media/image1.svg", "<svg/>")), "pptx"),
    ],
)
def test_usual_variants_are_recognised(data, name):
    assert kind_of(data) == name


def test_only_allowed_families_and_kinds_are_accepted():
    assert kind_of(GOOD["jpeg"], DEFAULT_ALLOWED) == "jpeg"
    assert reason_of(GOOD["mp3"], DEFAULT_ALLOWED) == "not_allowed"
    assert reason_of(GOOD["mp4"], DEFAULT_ALLOWED) == "not_allowed"
    assert reason_of(GOOD["pdf"], frozenset({"picture"})) == "not_allowed"
    assert kind_of(GOOD["pdf"], frozenset({"picture", "pdf"})) == "pdf"


def test_the_refusal_says_what_is_accepted_here():
    with pytest.raises(FileRefused) as refusal:
        identify(io.BytesIO(b"MZ\x90\x00"), allowed=frozenset({"picture"}))
    assert "JPEG" in refusal.value.message and "PDF" not in refusal.value.message
    assert refusal.value.field == "files"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (SVG, "svg"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?><!-- x -->" + SVG, "svg"),
        (b"<?xml version='1.0'?><a/>", "active"),
        (samples.SCRIPT, "active"),
        (b"Bonjour\n" + samples.SCRIPT, "active"),
        (b"<!DOCTYPE html><p>x", "active"),
        (b"<?php system($_GET[0]); ?>", "active"),
        (b"#!/bin/sh\nrm -rf /", "program"),
        (b"@echo off\r\ndel *.*", "active"),
        (b"{\\rtf1 x}", "active"),
        (b"%!PS-Adobe-3.0\n", "active"),
        (b"MZ\x90\x00" + bytes(60), "program"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "program"),
        (b"\xca\xfe\xba\xbe" + bytes(60), "program"),
        (b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(60), "program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_office"),
        (b"Rar!\x1a\x07\x01\x00", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "archive"),
        (bytes(257) + b"ustar\x0000", "archive"),
        (b"a" * 257 + b"ustar\x0000", "archive"),
        (b"PK\x05\x06" + bytes(18), "archive"),
        (samples.zipped([("photo.jpg", b"x")]), "archive"),
        (samples.zipped([("[Content_Types].xml", "<x/>")]), "archive"),
        (samples.zipped([("classes.dex", b"x"), ("AndroidManifest.xml", b"x")]), "program"),
        (b"BM" + bytes(60), "other_picture"),
        (b"II*\x00" + bytes(60), "other_picture"),
        (samples.mp4()[:200], "truncated"),
        (b"abc\x00def", "unknown"),
        (b"abc\x1b[31m", "unknown"),
        ("été".encode("utf-16"), "unknown"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "unknown"),
        (b"OggS" + bytes(24) + b"\x80theora", "unknown"),
        (samples.WAV.replace(b"WAVE", b"AVI "), "unknown"),
        (b"\xff\xfb\x90\x00" + bytes(50), "unknown"),
        (b"a" * 100_000 + b"\x00", "unknown"),
    ],
)
def test_what_is_not_accepted_says_why(data, reason):
    assert reason_of(data) == reason


@pytest.mark.parametrize(
    "data",
    [
        samples.pdf() + samples.SCRIPT,
        samples.pdf() + samples.zipped([("x.txt", b"x")]),
        samples.pdf() + samples.zipped([("x.txt", b"x")]) + b"%%EOF",
        samples.pdf() + samples.zipped([("x.txt", b"x")]) + b"\nstartxref\n0\n%%EOF\n",
        samples.pdf(b"<html><script>alert(1)</script>\n"),
        samples.pdf() + GOOD["jpeg"],
        b"GIF garbage " + samples.pdf(),
        b"un texte " + samples.pdf(),
        samples.odf("text").replace(b"mimetype", b"%PDF-1.4", 1),
        samples.ooxml("wordprocessingml.document", stored=("[Content_Types].xml",), types="<html><script>"),
    ],
)
def test_a_document_that_can_be_read_as_something_else_is_refused(data):
    assert reason_of(data) == "polyglot"


@pytest.mark.parametrize(
    "data",
    [
        b"MZ" + samples.ooxml(),
        samples.SCRIPT + samples.ooxml(),
        samples.ooxml() + samples.SCRIPT,
        b"PK\x03\x04" + bytes(30) + samples.ooxml(),
        samples.ooxml() + samples.odf(),
    ],
)
def test_nothing_stands_before_or_after_an_office_document(data):
    assert reason_of(data) in ("program", "active", "damaged", "polyglot")


@pytest.mark.parametrize("head", ["jpeg", "png", "gif", "webp"])
@pytest.mark.parametrize("tail", [samples.SCRIPT, samples.zipped([("x", b"x")]), samples.pdf(), b"MZ" + bytes(60)])
def test_a_picture_with_something_behind_it_is_only_a_picture(head, tail):
    assert kind_of(GOOD[head] + tail) == head


@pytest.mark.parametrize(
    "data",
    [
        samples.ooxml("wordprocessingml.document", ("word/vbaProject.bin", b"x")),
        samples.ooxml("spreadsheetml.sheet", ("xl/macrosheets/sheet1.xml", b"x")),
        samples.ooxml("wordprocessingml.document", ("word/activeX/activeX1.xml", b"x")),
        samples.ooxml(types='<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'),
        samples.odf("text", ("Basic/Standard/Module1.xml", b"x")),
        samples.odf("text", ("Scripts/python/x.py", b"x")),
    ],
)
def test_macros_are_refused(data):
    assert reason_of(data) == "macros"


def test_a_document_that_declares_macros_is_refused_whatever_its_parts_are_called():
    types = '<Override PartName="/w.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'
    assert reason_of(samples.ooxml(types=types)) == "macros"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\\..\\..\\b", "..", "[content_types].XML"])
def test_entries_that_leave_the_document_or_stand_twice_are_refused(name):
    assert reason_of(samples.ooxml("wordprocessingml.document", (name, b"x"))) == "damaged"


@pytest.mark.parametrize("name", ["word/run.exe", "x.JS", "a.hta", "x.lnk"])
def test_programs_in_a_document_are_refused(name):
    assert reason_of(samples.ooxml("wordprocessingml.document", (name, b"x"))) == "program"


def test_a_document_that_unpacks_to_gigabytes_is_refused_without_unpacking_it():
    data = bytearray(samples.ooxml("wordprocessingml.document", ("word/media/a.bin", b"x")))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (3_000_000_000).to_bytes(4, "little")
    assert reason_of(bytes(data)) == "bomb"


def test_an_encrypted_entry_is_refused():
    data = bytearray(samples.ooxml())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert reason_of(bytes(data)) == "encrypted"


def test_a_list_of_a_million_entries_is_refused_unread():
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for number in range(15_000):
            archive.writestr(zipfile.ZipInfo(f"[Content_Types]{number}.xml.with-a-long-name"), b"")
    assert reason_of(output.getvalue()) == "damaged"


@pytest.mark.parametrize("name", ["odt", "docx", "pdf"])
def test_a_document_cut_anywhere_is_refused(name):
    data = GOOD[name]
    for length in range(0, len(data) - 2, 7):
        assert reason_of(data[:length])


def test_both_office_families_in_one_file_are_neither():
    parts = [("content.xml", "<x/>"), ("META-INF/manifest.xml", "<x/>")]
    mixed = samples.zipped([("mimetype", samples.ODF + "text"), *parts, ("[Content_Types].xml", "<x/>")])
    assert reason_of(mixed) == "archive"


def test_a_damaged_box_of_a_film_ends_the_search():
    for size in (0, 1, 7, 2**32 - 1):
        data = b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + size.to_bytes(4, "big") + b"free" + bytes(40)
        assert reason_of(data) == "truncated"


starts = st.sampled_from(
    [*(data[:64] for data in GOOD.values()), *GOOD.values(), b"PK\x05\x06", b"\xff\xd8", b"%PDF-1.4"]
)


@given(st.lists(starts | st.binary(max_size=80), max_size=4).map(b"".join))
def test_any_bytes_get_a_kind_or_a_clear_refusal(data):
    try:
        kind = identify(io.BytesIO(data), allowed=EVERYTHING)
    except FileRefused as refusal:
        assert refusal.reason and refusal.message
    else:
        assert kind in KINDS.values()


def test_a_text_is_shown_as_text_even_if_markup_comes_late():
    assert identify(io.BytesIO(b"x" * 5000 + samples.SCRIPT)).mime == "text/plain"
