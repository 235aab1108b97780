"""Pupils of an ONDE file: every known title is found, names stay as written, and nobody is taken for another."""

from datetime import date

import pytest

from appliance.services.roster.onde import read_onde
from appliance.services.roster.problems import RosterRefused
from appliance.services.roster.records import RosterFile
from appliance.services.roster.tables import Limits
from tests.services.roster.onde_samples import PUPIL_TITLES, kinds, pupil, pupils_file, read


def read_text(text):
    return read_onde(RosterFile("eleves.csv", text.encode()))


def test_a_pupil_is_read_whole():
    roster = read([pupil("LEFÈVRE", "Zoé", "CE1 A", "2015-03-02", "Non", usage="DURAND", gender="F", Niveau="CE1")])
    (one,) = roster.pupils
    assert (one.last_name, one.usage_name, one.first_name) == ("LEFÈVRE", "DURAND", "Zoé")
    assert (one.born_on, one.gender, one.class_name, one.level) == (date(2015, 3, 2), "F", "CE1 A", "CE1")
    assert (one.cycle, one.ine, one.photo_rights, one.line) == ("CYCLE II", None, False, 2)
    assert not roster.problems


def test_the_title_of_the_cycle_begins_with_a_blank_and_is_found():
    assert " Cycle" in PUPIL_TITLES
    assert read([pupil()]).pupils[0].cycle == "CYCLE II"


TODAY = (
    "Nom élève;Nom d'usage élève;Prénom élève;Date naissance;Sexe;INE;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;"
    "Commune2;Pays2; Cycle;Niveau;Libellé classe;Identifiant classe;Attestation fournie;Autorisation associations;"
    "Autorisation photo;Décision de passage\n"
    "MARTIN;;Léo;02/03/2015;M;1111111111A;;;;;;;;;CYCLE II;CE2;Classe de M Petit;99999;Non;Non;Oui;"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TODAY, ("Classe de M Petit", "CE2", "M", "1111111111A", True)),
        (
            "Classe ou regroupement;Enseignant(s);Nom;Prénom;Né(e) le;Sexe;Niveau\n"
            "CE2 Petit;Mme PETIT;MARTIN;Léo;02/03/2015;M;CE2",
            ("CE2 Petit", "CE2", "M", None, None),
        ),
        (
            "NOM DE FAMILLE ; PRENOM;DATE DE NAISSANCE;sexe;classe;I.N.E.;Autorisations photos\n"
            "MARTIN;Léo;2015-03-02;H;CP;120890177 fk;Non",
            ("CP", "", "M", "120890177FK", False),
        ),
        ("Prénom*;Nom*;Date de naissance*;Classes*\nLéo;MARTIN;02/03/2015;CP", ("CP", "", "", None, None)),
    ],
)
def test_the_titles_of_every_known_export_are_found(text, expected):
    (one,) = read_text(text).pupils
    assert (one.last_name, one.first_name, one.born_on) == ("MARTIN", "Léo", date(2015, 3, 2))
    assert (one.class_name, one.level, one.gender, one.ine, one.photo_rights) == expected


def test_an_export_of_today_has_nothing_to_report():
    assert kinds(read_text(TODAY)) == []


def test_a_column_that_nobody_knows_is_named():
    roster = read_text("Nom;Prénom;Classe;Allergies\nMARTIN;Léo;CP;noix")
    assert kinds(roster) == ["unread_columns"] and "Allergies" in roster.problems[0].message
    assert "noix" not in roster.problems[0].message


def test_missing_columns_are_named_in_the_refusal():
    with pytest.raises(RosterRefused) as refused:
        read_text("Prénom;Niveau\nLéo;CP")
    assert "Nom élève" in refused.value.message and "Classe" in refused.value.message


def test_a_title_written_twice_is_read_once_and_reported():
    roster = read_text("Nom;Prénom;Classe;Nom\nMARTIN;Léo;CP;DURAND")
    assert roster.pupils[0].last_name == "MARTIN" and kinds(roster) == ["repeated_title"]


def test_names_stay_as_written_and_match_however_they_are_written():
    rows = [pupil("O’BRIEN  LE-COQ", "Anaïs", "CE1-A"), pupil("MARTIN", "Léo", "ce1 a")]
    roster = read(rows, encoding="cp1252")
    assert "O’BRIEN  LE-COQ" in {one.last_name for one in roster.pupils}
    assert {one.class_key for one in roster.pupils} == {"ce1 a"}
    assert [one.name for one in roster.classes] == ["CE1-A"] and kinds(roster) == ["class_spellings"]


def test_a_class_of_two_levels_is_one_class():
    rows = [pupil("A", "Léo", "CE1-CE2", Niveau="CE1"), pupil("B", "Zoé", "CE1-CE2", Niveau="CE2")]
    (one,) = read(rows).classes
    assert (one.name, one.levels, one.cycles) == ("CE1-CE2", ("CE1", "CE2"), ("CYCLE II",))


def test_the_photo_flag_is_yes_no_or_not_said():
    rows = [pupil(first=first, photo=flag) for first, flag in (("A", "Oui"), ("B", "Non"), ("C", ""), ("D", "?"))]
    roster = read(rows)
    assert [one.photo_rights for one in roster.pupils] == [True, False, None, None]
    assert [(problem.kind, problem.line) for problem in roster.problems] == [("bad_flag", 5)]
    counts = roster.summary()
    assert (counts["photo_yes"], counts["photo_no"], counts["photo_unknown"]) == (1, 1, 2)


def test_values_that_cannot_be_read_are_left_out_and_reported_and_the_pupil_is_kept():
    text = "Nom;Prénom;Né(e) le;Sexe;INE;Classe\nMARTIN;Léo;31/02/2015;X;12;CP\nDURAND;Zoé;02/03/15;F;;CP"
    roster = read_text(text)
    assert [(one.born_on, one.ine) for one in roster.pupils] == [(None, None), (None, None)]
    found = {(problem.kind, problem.line, problem.field) for problem in roster.problems}
    assert found == {
        ("bad_date", 2, "Né(e) le"), ("bad_gender", 2, "Sexe"), ("bad_ine", 2, "INE"), ("short_year", 3, "Né(e) le"),
    }  # fmt: skip


def test_a_line_without_name_first_name_or_class_is_held_back():
    roster = read([pupil(last=""), pupil(first=" \u00a0"), pupil(class_name=""), pupil("DURAND")])
    assert [one.last_name for one in roster.pupils] == ["DURAND"]
    assert [(problem.kind, problem.line) for problem in roster.problems] == [
        ("missing_name", 2), ("missing_name", 3), ("missing_class", 4),
    ]  # fmt: skip
    assert not roster.is_complete


@pytest.mark.parametrize(
    "cell", [{"last": "LEF\ufffdVRE"}, {"first": "L\ufffdo"}, {"usage": "\ufffd"}, {"class_name": "\ufffd"}]
)
def test_a_name_that_cannot_be_read_is_nobodys(cell):
    roster = read([pupil(**cell), pupil("DURAND")], encoding="utf-8")
    assert [one.last_name for one in roster.pupils] == ["DURAND"] and not roster.is_complete
    assert ("unreadable_name", 2) in {(problem.kind, problem.line) for problem in roster.problems}


def test_two_exports_of_two_encodings_in_one_file_lose_nobody_in_silence():
    both = pupils_file(*(pupil("LEFÈVRE", f"Zoé {n}") for n in "AB"), encoding="utf-8").data + pupils_file(pupil()).data
    roster = read_onde(RosterFile("eleves.csv", both))
    assert len(roster.pupils) + kinds(roster).count("above_titles") - 1 == 3 and not roster.is_complete


def test_namesakes_in_one_class_are_all_held_back_and_listed():
    roster = read([pupil(), pupil("Martin", "LEO", "cp", born="2015-09-09"), pupil("DURAND")])
    assert [one.last_name for one in roster.pupils] == ["DURAND"]
    (problem,) = roster.problems
    assert (problem.kind, problem.severity, problem.line) == ("ambiguous_pupils", "error", 2)
    assert "2, 3" in problem.message


def test_namesakes_in_two_classes_are_two_pupils():
    roster = read([pupil(), pupil(class_name="CE1", born="2014-01-01")])
    assert len(roster.pupils) == 2 and not roster.problems


def test_one_name_and_birth_date_in_two_classes_is_not_decided():
    roster = read([pupil(), pupil(class_name="Chorale")])
    assert not roster.pupils and kinds(roster) == ["pupil_in_two_classes"]


def test_two_ine_make_two_pupils_of_one_name_and_birth_date():
    text = "Nom;Prénom;Né(e) le;INE;Classe\nA;Léo;01/01/2015;1111111111A;CP\nA;Léo;01/01/2015;1111111111B;CE1"
    assert len(read_text(text).pupils) == 2


def test_one_ine_for_two_names_is_not_decided():
    roster = read_text("Nom;Prénom;INE;Classe\nA;Léo;1111111111A;CP\nB;Zoé;1111111111a;CE1\nC;Ali;;CE1")
    assert [one.last_name for one in roster.pupils] == ["C"] and kinds(roster) == ["same_ine"]


def test_a_line_written_twice_counts_once_when_it_says_who_it_is():
    roster = read([pupil(), pupil()])
    assert len(roster.pupils) == 1 and kinds(roster) == ["repeated_line"] and roster.is_complete
    roster = read([pupil(born=""), pupil(born="")])
    assert not roster.pupils and kinds(roster) == ["ambiguous_pupils"]


def test_a_cut_line_is_reported():
    data = pupils_file(pupil(), pupil("DURAND", "Zoé")).data
    roster = read_onde(RosterFile("eleves.csv", data[: data.rindex(b'"CYCLE') - 1]))
    assert [one.last_name for one in roster.pupils] == ["MARTIN"]
    assert kinds(roster) == ["missing_class", "short_row"]


def test_names_have_a_limit():
    roster = read([pupil("M" * 101), pupil(class_name="C" * 101), pupil("M" * 100)])
    assert len(roster.pupils) == 1 and kinds(roster) == ["name_too_long"] * 2


def test_problems_beyond_the_limit_are_counted():
    roster = read([pupil("", f"P{number}") for number in range(30)], limits=Limits(problems=10))
    assert kinds(roster) == ["missing_name"] * 10 + ["more_problems"]
    assert "20" in roster.problems[-1].message and not roster.is_complete
