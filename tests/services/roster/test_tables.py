"""Delimited text is read whatever its encoding, delimiter, quotes and line ends; damage stays on its line."""

import gzip
import io
import zipfile

import pytest

from appliance.services.roster.problems import Problems, RosterRefused
from appliance.services.roster.records import RosterFile
from appliance.services.roster.tables import Limits, read_table

KNOWN = frozenset({"nom", "prenom", "classe"})
TITLES = "Nom;Prénom;Classe"


def read(content, limits=None):
    data = content if isinstance(content, bytes) else content.encode()
    problems = Problems()
    table = read_table(RosterFile("eleves.csv", data), KNOWN, problems, limits or Limits())
    return table, [(problem.kind, problem.line) for problem in problems.all()]


def refusal(content, limits=None):
    with pytest.raises(RosterRefused) as refused:
        read(content, limits)
    assert "eleves.csv" in refused.value.message
    return refused.value.problem.kind


def cells(table):
    return [row.cells for row in table.rows]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("iso-8859-1", "iso-8859-1"),
        ("cp1252", "iso-8859-1"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_found(encoding, expected):
    table, problems = read(f"{TITLES}\r\nLEFÈVRE;Zoë;CP".encode(encoding))
    assert cells(table) == [("LEFÈVRE", "Zoë", "CP")]
    assert table.encoding == expected and not problems


@pytest.mark.parametrize("encoding", ["iso-8859-15", "cp1252", "utf-8"])
def test_the_oe_of_each_western_encoding_is_read(encoding):
    table, _ = read(f"{TITLES}\nLECŒUR;Cœlia;CP".encode(encoding))
    assert cells(table) == [("LECŒUR", "Cœlia", "CP")]


def test_a_fraction_between_figures_stays_a_fraction():
    assert cells(read(f"{TITLES}\nÉVA;12½;CP".encode("iso-8859-1"))[0]) == [("ÉVA", "12½", "CP")]


def test_utf8_cut_inside_its_last_letter_stays_utf8():
    table, problems = read(f"{TITLES}\nLEFÈVRE;Zoé".encode()[:-1])
    assert cells(table)[0][:2] == ("LEFÈVRE", "Zo\ufffd")
    assert problems == [("unreadable_character", 2)]


def test_utf8_with_one_bad_byte_among_many_letters_stays_utf8():
    good = f"{TITLES}\n" + "LEFÈVRE;Zoé;CP\n" * 9
    table, problems = read(good.encode() + b"MARTIN;L\xe9o;CP")
    assert cells(table)[0] == ("LEFÈVRE", "Zoé", "CP") and cells(table)[-1] == ("MARTIN", "L\ufffdo", "CP")
    assert problems == [("unreadable_character", 11)]


def test_accents_encoded_twice_are_reported():
    assert read(f"{TITLES}\nLEFÃˆVRE;ZoÃ©;CP")[1] == [("twice_encoded", 2), ("twice_encoded", 2)]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    table, _ = read(f"{TITLES}\nMARTIN;Léo;CP".replace(";", delimiter))
    assert table.delimiter == delimiter and cells(table) == [("MARTIN", "Léo", "CP")]


@pytest.mark.parametrize("eol", ["\r\n", "\n", "\r"])
def test_any_line_end_is_read_and_counted(eol):
    table, problems = read(eol.join([TITLES, "A;B;C", "", '"D', "G;H;I", ""]))
    assert [(row.line, row.cells) for row in table.rows] == [(2, ("A", "B", "C")), (5, ("G", "H", "I"))]
    assert problems == [("unclosed_quote", 4)]


def test_quotes_protect_delimiters_quotes_and_line_ends():
    table, problems = read(f'{TITLES}\n"MAR;TIN";"dit ""Léo""";"C\r\nP"\nA;B;C')
    assert [(row.line, row.cells) for row in table.rows] == [
        (2, ("MAR;TIN", 'dit "Léo"', "C\r\nP")),
        (4, ("A", "B", "C")),
    ]
    assert not problems


def test_a_quote_inside_plain_text_is_a_sign_like_another():
    assert cells(read(f'{TITLES}\nMARTIN;Léo "Loulou";CP')[0]) == [("MARTIN", 'Léo "Loulou"', "CP")]


def test_damage_is_confined_to_its_line():
    table, problems = read(f'{TITLES}\n"A";"B;"C"\n"D";"E";"F"\n"G";"H\n"I";"J";"K"')
    assert cells(table) == [("D", "E", "F"), ("I", "J", "K")]
    assert problems == [("stray_quote", 2), ("stray_quote", 4)]


def test_a_row_with_more_cells_than_titles_is_held_back_because_its_cells_have_moved():
    table, problems = read(f"{TITLES}\nMARTIN;Léo;CP;;\nMARTIN;Léo;12 bis;CP")
    assert cells(table) == [("MARTIN", "Léo", "CP")] and problems == [("long_row", 3)]


def test_a_short_row_is_padded_and_knows_it():
    row = read(f"{TITLES}\nMARTIN")[0].rows[0]
    assert (row.cells, row.written) == (("MARTIN", "", ""), 1)


def test_repeated_titles_are_kept_by_position():
    table, _ = read("Nom;Classe;Nom;Classe\nA;B;C;D")
    assert table.titles == ("nom", "classe", "nom", "classe") and cells(table) == [("A", "B", "C", "D")]


def test_titles_may_stand_below_a_heading_and_come_again():
    table, problems = read(f"Liste des élèves;;\n\n{TITLES}\nA;B;C\n{TITLES}\nD;E;F")
    assert cells(table) == [("A", "B", "C"), ("D", "E", "F")] and problems == [("titles_again", 5)]


def test_invisible_characters_are_removed_and_reported():
    table, problems = read(f"{TITLES}\nMAR\x00TIN;Léo;CP\nA;B;\x1b[31mC")
    assert cells(table) == [("MARTIN", "Léo", "CP"), ("A", "B", "[31mC")]
    assert problems == [("control_characters", 2), ("control_characters", 3)]


def zipped(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "is_empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "is_empty"),
        (b";;;;\r\n;;;;", "is_empty"),
        (zipped("xl/workbook.xml"), "is_excel"),
        (zipped("mimetype"), "is_opendocument"),
        (zipped("word/document.xml"), "is_word"),
        (zipped("eleves.csv"), "is_archive"),
        (gzip.compress(TITLES.encode()), "is_archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is_old_excel"),
        (b"%PDF-1.7\n", "is_pdf"),
        (b"\x89PNG\r\n\x1a\n", "is_binary"),
        (TITLES.encode("utf-16-le"), "is_binary"),
        (bytes(2000), "is_binary"),
        (b"<!DOCTYPE html><html>", "is_web_page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "is_xml"),
        (b"Nom\nMARTIN", "no_delimiter"),
        (b"un;deux\ntrois;quatre", "no_known_column"),
        (b"nom;" * 500, "too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_by_its_name(content, kind):
    assert refusal(content) == kind


def test_limits_are_refused_with_their_number():
    assert refusal(b"x" * 101, Limits(file_bytes=100)) == "too_large"
    assert refusal(TITLES + "\nA;B;C" * 11, Limits(rows=10)) == "too_many_rows"
    table, problems = read(f"{TITLES}\nA;{'x' * 51};C\nA;B;C", Limits(cell_chars=50))
    assert cells(table) == [("A", "B", "C")] and problems == [("cell_too_long", 2)]


@pytest.mark.parametrize("line", ['"', '"""', '""x', ";" * 300, '"a";' * 90, '"a', 'a"b', "\r", '";";";'])
def test_a_great_many_hostile_lines_are_read_in_one_pass(line):
    read(TITLES + ("\n" + line) * (60_000 // len(line)), Limits(rows=1_000_000))


def test_a_line_of_somebody_above_the_titles_is_reported_as_held_back():
    table, problems = read("Liste des élèves;;\nNomÃ;PrÃ©nom;Rang\nA;B;C\n" + f"{TITLES}\nD;E;F")
    assert cells(table) == [("D", "E", "F")] and problems == [("above_titles", 2), ("above_titles", 3)]
