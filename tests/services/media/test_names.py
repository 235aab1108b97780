import json
import re
import unicodedata
from email.message import Message
from email.utils import collapse_rfc2231_value

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.services.media.kinds import KINDS
from appliance.services.media.names import clean_file_name, content_disposition


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Sortie au musée.pdf", "Sortie au musée.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\système.ini", "système.ini"),
        ("C:\\Users\\moi\\photo.JPG", "photo.jpg"),
        ("/", "document"),
        ("..", "document"),
        ("", "document"),
        (None, "document"),
        ("   ", "document"),
        (".htaccess", "htaccess"),
        ("...pdf", "pdf"),
        (".\u0301.txt", "\u0301.txt"),
        ("a\x00b\nc\td.txt", "ab c d.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("e\u0301te\u0301.txt", "été.txt"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("COM¹.txt", "_COM¹.txt"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("console.txt", "console.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("fin. . .", "fin"),
        ("a\u200bb\ufeff\U000e0041.txt", "ab.txt"),
        ("\ud800x.txt", "x.txt"),
        ("Menu\u202f: été\u00a0!.pdf", "Menu _ été !.pdf"),
        ("📷 photo.png", "📷 photo.png"),
    ],
)
def test_a_name_is_made_harmless(name, clean):
    assert clean_file_name(name) == clean


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("photo.heic", "jpeg", "photo.jpg"),
        ("photo.JPEG", "jpeg", "photo.jpeg"),
        ("virus.exe", "text", "virus.txt"),
        ("eleves.csv", "text", "eleves.csv"),
        ("Sortie 12.05", "pdf", "Sortie 12.05.pdf"),
        ("sans extension", "docx", "sans extension.docx"),
        ("page.html", "text", "page.txt"),
        ("page.html.txt", "text", "page.html.txt"),
        ("note.inconnu", "odt", "note.inconnu.odt"),
        (".pdf", "pdf", "pdf.pdf"),
        ("", "png", "document.png"),
    ],
)
def test_the_extension_agrees_with_the_content(name, kind, clean):
    assert clean_file_name(name, KINDS[kind]) == clean


def test_a_long_name_keeps_its_extension():
    assert clean_file_name("a" * 10_000 + ".pdf") == "a" * 116 + ".pdf"
    assert clean_file_name("é" * 10_000, KINDS["pptx"]).endswith("é.pptx")
    assert len(clean_file_name("👩" * 200 + ".pdf").encode()) <= 240
    assert clean_file_name("q\u0323\u0302\u0316" * 100 + ".pdf").endswith("q\u0323\u0316\u0302.pdf")


def check(name):
    assert 1 <= len(name) <= 120
    assert len(name.encode()) <= 240
    assert unicodedata.is_normalized("NFC", name)
    assert not re.search(r'[/\\<>:"|?*\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]', name)
    assert name[0] not in ". " and name[-1] not in ". "
    assert clean_file_name(name) == name


def parsed(header):
    """The name that the standard library reads in the header, `filename*` where there is one."""
    message = Message()
    message["Content-Disposition"] = re.sub(r'filename="[^"]*"; (?=filename\*)', "", header)
    name = message.get_filename()
    return collapse_rfc2231_value(name)


@given(st.text(max_size=200) | st.text(alphabet="./\\ aA:é\u0301\u202econtxp", max_size=40))
def test_any_name_becomes_a_good_one(typed):
    name = clean_file_name(typed)
    check(name)
    for kind in KINDS.values():
        named = clean_file_name(typed, kind)
        check(named)
        assert named.rpartition(".")[2] in kind.extensions
    header = content_disposition(typed)
    header.encode("ascii")
    assert "\n" not in header and "\r" not in header
    assert header.count('"') == 2


def test_naughty_names_become_good_ones(shared_data):
    for typed in json.loads((shared_data / "vectors/blns/blns.json").read_text("utf-8")):
        check(clean_file_name(typed))


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("menu.pdf", 'attachment; filename="menu.pdf"'),
        ("été 1.pdf", "attachment; filename=\"ete 1.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9%201.pdf"),
        ("照片.png", "attachment; filename=\"document.png\"; filename*=UTF-8''%E7%85%A7%E7%89%87.png"),
        (
            'a";x=y\r\nSet-Cookie: a.txt',
            "attachment; filename=\"a__x=y Set-Cookie_ a.txt\"; filename*=UTF-8''a_%3Bx%3Dy%20Set-Cookie_%20a.txt",
        ),
        ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
    ],
)
def test_a_download_is_named_for_old_and_new_browsers(name, header):
    assert content_disposition(name) == header


def test_a_download_may_be_shown_in_the_page():
    assert content_disposition("a.jpg", inline=True) == 'inline; filename="a.jpg"'


@given(st.text(max_size=60))
def test_a_library_reads_the_name_back(typed):
    assert parsed(content_disposition(typed)) == clean_file_name(typed)
