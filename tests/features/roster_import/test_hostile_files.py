"""Whatever is given as a roster: clear words in French, nothing changed, never an incident."""

import gzip
import io
import zipfile

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from appliance.school.models import School
from appliance.services.roster.models import RosterImport
from tests.services.roster.importing import dump
from tests.services.roster.onde_samples import (
    PUPIL_TITLES,
    guardian,
    guardians_file,
    pupil,
    pupils_file,
    teachers_file,
    write,
)

GOOD = {"pupils": pupils_file(pupil()).data, "guardians": guardians_file(guardian(("MARTIN", "Léo", "CP"))).data}


def zipped(*names, size=10):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * size)
    return buffer.getvalue()


HOSTILE = {
    "empty": (b"", "vide"),
    "blank lines": (b"\r\n\r\n ; ;\r\n", "vide"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel"),
    "ods": (zipped("mimetype") + b"application/vnd.oasis.opendocument.spreadsheet", "LibreOffice"),
    "zip bomb": (zipped("bombe.csv", size=50_000_000), "archive"),
    "gzip bomb": (gzip.compress(b"0" * 50_000_000), "archive"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"0" * 1000, "PDF"),
    "html": (b"<!DOCTYPE html><html><body>Session expir\xe9e</body></html>", "page web"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "XML"),
    "xml bomb": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>', "XML"),
    "binary": (bytes(range(256)) * 40 + bytes(5000), ""),
    "zeros": (bytes(100_000), "texte"),
    "picture": (b"\xff\xd8\xff\xe0" + b"0" * 500, "texte"),
    "polyglot": (b"\xff\xd8\xff" + GOOD["pupils"], "texte"),
    "prose": ("Ceci n’est pas un tableau.".encode(), "séparateur"),
    "other columns": (b"a;b;c\r\n1;2;3\r\n", "colonne connue"),
    "too large": (b"Nom;Pr\xe9nom;Classe\r\n" + b"A;B;C\r\n" * 1_300_000, "Mo"),
    "too many columns": ((";".join(PUPIL_TITLES) + ";" * 5000 + "\r\n").encode("iso-8859-1"), "colonnes"),
    "unclosed quote": (b'"Nom El\xe8ve;"Pr\xe9nom', ""),
    "guardians in place of pupils": (GOOD["guardians"], "responsables"),
    "teachers in place of pupils": (teachers_file(["MME"] + ["A"] * 12).data, "enseignants"),
    "cut titles": (b"Nom El\xe8ve;Pr\xe9nom El\xe8ve\r\nA;B\r\n", "Classe"),
}


@pytest.fixture
def give(world):
    browser = world.sign_in("principal")
    school = School.get(School.name == "École Jules-Ferry").public_id

    def send(names=None, **files):
        given = {
            role: FileStorage(io.BytesIO(data), (names or {}).get(role, f"{role}.csv")) for role, data in files.items()
        }
        values = {"csrf_token": browser.csrf_token, "school": school, **given}
        boundary, body = encode_multipart(values)  # the client itself would leave a large body open in a file
        return browser.post("/import", data=body, content_type=f"multipart/form-data; boundary={boundary}")

    return send


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_roster_is_refused_in_words(give, name):
    data, word = HOSTILE[name]
    before = dump()
    answer = give(pupils=data, guardians=GOOD["guardians"])
    assert answer.status_code == 422 and word in answer.text and "incident" not in answer.text
    assert 'aria-invalid="true"' in answer.text and not RosterImport.select().exists() and dump() == before


@pytest.mark.parametrize("role", ["guardians", "teachers"])
@pytest.mark.parametrize("name", ["xlsx", "zip bomb", "binary", "empty", "other columns"])
def test_each_field_says_what_is_wrong_with_its_own_file(give, role, name):
    answer = give(**{**GOOD, role: HOSTILE[name][0]})
    assert answer.status_code == 422 and f'id="{role}-erreur"' in answer.text
    assert not RosterImport.select().exists()


def test_only_guardians_or_nothing_at_all_asks_for_the_file(give):
    for files in ({"guardians": GOOD["guardians"]}, {}, {"pupils": GOOD["pupils"]}):
        answer = give(**files)
        assert answer.status_code == 422 and "Choisissez le fichier" in answer.text


def test_an_envelope_too_heavy_for_the_server_is_refused_before_it_is_read(world):
    browser = world.sign_in("principal")
    answer = browser.post(
        "/import", data=b"", content_type="multipart/form-data; boundary=x", headers={"Content-Length": str(10**8)},
    )  # fmt: skip
    assert answer.status_code in (400, 413) and "Rien n’a été" in answer.text


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a" * 10_000, "é\u202ecsv.exe", "<script>alert(1)</script>", "\\\\x"]
)
def test_a_name_of_a_file_is_only_shown(give, name):
    answer = give({"pupils": name}, pupils=b"a;b\r\n1;2\r\n", guardians=GOOD["guardians"])
    assert answer.status_code == 422 and "<script>alert" not in answer.text and "a" * 200 not in answer.text


@pytest.mark.parametrize("school", ["", "unknown", "x" * 5000, "\x00", "'; DROP TABLE school; --"])
def test_a_school_that_was_not_offered_is_refused(world, school):
    files = {role: (io.BytesIO(data), f"{role}.csv") for role, data in GOOD.items()}
    answer = world.sign_in("principal").submit(
        "/import", {"school": school, **files}, content_type="multipart/form-data"
    )
    assert answer.status_code == 422 and not RosterImport.select().exists()


def test_a_text_in_place_of_a_file_is_no_file(world):
    school = School.get(School.name == "École Jules-Ferry").public_id
    answer = world.sign_in("principal").submit("/import", {"school": school, "pupils": "x", "guardians": "y"})
    assert answer.status_code == 422


def test_naughty_names_come_through_the_whole_way_as_text(give, world, naughty):
    strings = [text for text in naughty if "\n" not in text and "\r" not in text]
    rows = [pupil(text, f"P{number}", "CM2", "2014-01-01") for number, text in enumerate(strings)]
    people = [guardian((text, f"P{number}", "CM2"), last=text, first=text) for number, text in enumerate(strings)]
    pupils, guardians = write(PUPIL_TITLES, rows, encoding="utf-8"), guardians_file(*people, encoding="utf-8").data
    answer = give(pupils=pupils, guardians=guardians)
    assert answer.status_code == 303
    browser = world.sign_in("principal")
    page = browser.get(answer.location)
    assert page.status_code == 200 and "<script>alert" not in page.text
    seen = page.text.split('name="digest" value="')[1][:64]
    page = browser.submit(f"{answer.location}/appliquer", {"digest": seen}, follow_redirects=True)
    assert page.status_code == 200 and "Import appliqué" in page.text and "<script>alert" not in page.text
    assert browser.submit(f"{answer.location}/annuler").status_code == 303


def test_of_two_files_of_one_name_the_wrong_one_is_told(give):
    answer = give(
        {"pupils": "export.csv", "guardians": "export.csv"}, pupils=GOOD["pupils"], guardians=b"a;b\r\n1;2\r\n"
    )
    assert answer.status_code == 422
    assert 'id="guardians-erreur"' in answer.text and 'id="pupils-erreur"' not in answer.text
