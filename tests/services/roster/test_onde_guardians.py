"""Guardians of an ONDE file: every child block is read, a link is name, first name and class, nothing is guessed."""

import pytest

from appliance.services.roster.onde import read_onde
from appliance.services.roster.problems import RosterRefused
from appliance.services.roster.records import CONTACT, LEGAL, RosterFile, RosterPhone
from tests.services.roster.onde_samples import (
    CHILD_TITLES,
    GUARDIAN_TITLES,
    guardian,
    guardians_file,
    kinds,
    pupil,
    pupils_file,
    read,
)

LEO = ("MARTIN", "Léo", "CP")
ZOE = ("MARTIN", "Zoé", "CE1")
TWO = [pupil(*LEO), pupil(*ZOE)]


def errors(roster):
    return [problem.kind for problem in roster.problems if problem.severity != "notice"]


def test_a_guardian_is_read_whole():
    row = guardian(
        LEO, last="O'BRIEN", **{"Nom usage responsable": "MARTIN", "Pays": "FRANCE", "Courriel": "a@exemple.fr",
        "Téléphone domicile": "02 33 00 00 00", "Téléphone portable": "06 00 00 00 00"},
    )  # fmt: skip
    roster = read([pupil(*LEO)], [row])
    (one,) = roster.guardians
    assert (one.civility, one.last_name, one.usage_name, one.first_name) == ("Mme", "O'BRIEN", "MARTIN", "Anne")
    assert (one.address, one.postal_code, one.city, one.country) == ("1 rue du Four", "61000", "Alençon", "FRANCE")
    assert one.email == "a@exemple.fr" and one.line == 2
    assert one.phones == (RosterPhone("home", "02 33 00 00 00"), RosterPhone("mobile", "06 00 00 00 00"))
    assert [(link.pupil, link.authority) for link in roster.links] == [("martin|leo|cp", LEGAL)]
    assert not roster.problems


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_child_block_is_read_however_many_there_are(count):
    children = [("MARTIN", f"Enfant {number}", "CP") for number in range(count)]
    people = guardians_file(guardian(*children, blocks=count), blocks=count)
    roster = read_onde(pupils_file(*(pupil(*child) for child in children)), people)
    assert len(roster.links) == count and not roster.problems


def test_an_empty_block_between_two_children_hides_neither():
    roster = read(TWO, [guardian(LEO, ("", "", ""), ZOE)])
    assert len(roster.links) == 2 and not roster.problems


def test_a_line_that_ends_after_its_last_child_is_whole():
    data = guardians_file(guardian(LEO), quoted=False, last_eol=False).data.rstrip(b";")
    roster = read_onde(pupils_file(pupil(*LEO)), RosterFile("responsables.csv", data))
    assert len(roster.links) == 1 and not roster.problems


def test_the_variant_of_25_columns_has_an_extension():
    titles = GUARDIAN_TITLES.copy()
    titles.insert(11, "Numéro de poste")
    row = guardian(LEO)
    row.insert(11, "42")
    people = guardians_file(row, titles=titles + CHILD_TITLES * 3)
    roster = read_onde(pupils_file(pupil(*LEO)), people)
    assert roster.guardians[0].phones == (RosterPhone("extension", "42"),) and not roster.problems


@pytest.mark.parametrize(
    "titles",
    [
        "Nom;Prénom;Nom de l'élève;Prénom de l'élève;Classes de l'élève;Nom de l'élève;Prénom de l'élève;"
        "Classes de l'élève",
        "NOM RESPONSABLE;PRENOM RESPONSABLE;Nom de famille enfant 1;Prénom enfant 1;Classe enfant 1;"
        "Nom de famille enfant 2;Prénom enfant 2;Classe enfant 2",
    ],
)
def test_child_blocks_are_found_under_other_titles(titles):
    text = titles + "\nMARTIN;Anne;MARTIN;Léo;CP;MARTIN;Zoé;CE1"
    roster = read_onde(pupils_file(*TWO), RosterFile("responsables.csv", text.encode()))
    assert len(roster.links) == 2 and not roster.problems


def test_uneven_child_blocks_are_refused():
    titles = GUARDIAN_TITLES + CHILD_TITLES * 2
    with pytest.raises(RosterRefused) as refused:
        read_onde(pupils_file(*TWO), guardians_file(guardian(LEO, ZOE, blocks=2)[:-1], titles=titles[:-1]))
    assert refused.value.problem.kind == "uneven_children"


def test_a_file_without_child_blocks_is_refused():
    with pytest.raises(RosterRefused) as refused:
        read_onde(pupils_file(*TWO), guardians_file(guardian(blocks=0), titles=GUARDIAN_TITLES))
    assert refused.value.problem.kind == "missing_columns"


def test_links_ignore_accents_case_hyphens_apostrophes_and_double_blanks():
    people = [guardian(("d’Arc  lefevre", "JEAN NOEL", "ce1-a"))]
    roster = read([pupil("D'ARC-LEFÈVRE", "Jean-Noël", "CE1 A")], people, encoding="cp1252")
    assert len(roster.links) == 1 and not roster.problems


@pytest.mark.parametrize(
    ("child", "kind"),
    [
        (("DURAND", "Léo", "CP"), "child_unknown"),
        (("MARTIN", "Léo", "CE1"), "child_elsewhere"),
        (("MARTIN", "Léo", "C"), "child_elsewhere"),
        (("MARTIN", "Léo", ""), "child_incomplete"),
        (("MARTIN", "", "CP"), "child_incomplete"),
    ],
)
def test_a_child_who_is_not_found_exactly_is_listed_and_not_tied(child, kind):
    roster = read(TWO, [guardian(child), guardian(LEO, ZOE, first="Paul", civility="M.")])
    assert errors(roster) == [kind] and roster.unresolved == 1
    assert {link.guardian.split("|")[0] for link in roster.links} == {"M"}
    assert len(roster.guardians) == 1 and not roster.is_complete


def test_a_child_who_may_be_two_pupils_is_not_tied():
    roster = read([pupil(*LEO), pupil(*LEO, born="2015-09-09"), pupil(*ZOE)], [guardian(LEO, ZOE)])
    assert [link.pupil for link in roster.links] == ["martin|zoe|ce1"] and roster.unresolved == 1
    assert errors(roster) == ["ambiguous_pupils", "child_ambiguous"]


@pytest.mark.parametrize(
    ("family", "usage", "child"),
    [
        ("DURAND", "MARTIN", ("", "MARTIN", "Léo", "CP")),
        ("DURAND", "MARTIN", ("MARTIN", "", "Léo", "CP")),
        ("MARTIN", "", ("MARTIN", "DURAND", "Léo", "CP")),
    ],
)
def test_a_usage_name_ties_one_pupil_and_says_so(family, usage, child):
    roster = read([pupil(family, "Léo", "CP", usage=usage)], [guardian(child)])
    assert len(roster.links) == 1 and kinds(roster) == ["child_by_usage_name"]


def test_a_usage_name_that_may_be_two_pupils_ties_none():
    rows = [pupil("DURAND", "Léo", "CP", usage="MARTIN"), pupil("PETIT", "Léo", "CP", "2015-09-09", usage="MARTIN")]
    roster = read(rows, [guardian(LEO)])
    assert not roster.links and errors(roster) == ["child_ambiguous"]


def test_a_usage_name_of_pupils_held_back_ties_none():
    held = [pupil("DURAND", "Léo", "CP", born, usage="MARTIN") for born in ("2015-01-01", "2015-09-09")]
    roster = read(held, [guardian(LEO)])
    assert errors(roster) == ["ambiguous_pupils", "child_ambiguous"]


def test_a_family_name_comes_before_anothers_usage_name():
    rows = [pupil(*LEO), pupil("DURAND", "Léo", "CP", "2015-09-09", usage="MARTIN")]
    assert [link.pupil for link in read(rows, [guardian(LEO)]).links] == ["martin|leo|cp"]


def test_a_guardian_of_nobody_is_left_out():
    roster = read([pupil(*LEO)], [guardian(), guardian(LEO, first="Paul")])
    assert [one.first_name for one in roster.guardians] == ["Paul"] and errors(roster) == ["guardian_without_child"]


def test_a_pupil_without_guardian_is_named():
    roster = read(TWO, [guardian(LEO)])
    assert kinds(roster) == ["pupil_without_guardian"] and "Zoé" in roster.problems[0].message


def test_one_name_at_two_addresses_is_two_people_and_is_listed():
    roster = read(TWO, [guardian(LEO), guardian(ZOE, address="2 rue du Four")])
    assert len(roster.guardians) == 2 and kinds(roster) == ["guardian_namesakes"]


def test_one_name_at_one_address_is_not_proof_and_is_listed():
    roster = read(TWO, [guardian(LEO), guardian(ZOE)])
    assert len({one.key for one in roster.guardians}) == 2 and kinds(roster) == ["guardian_maybe_same"]
    assert len(roster.links) == 2 and roster.is_complete


@pytest.mark.parametrize("title", ["Courriel", "Téléphone domicile", "Téléphone portable"])
def test_one_name_one_address_and_one_contact_on_two_lines_is_one_person(title):
    value = "a@exemple.fr" if title == "Courriel" else "06 00 00 00 00"
    other = value.upper() if title == "Courriel" else "+33600000000"
    roster = read(TWO, [guardian(LEO, **{title: value}), guardian(ZOE, **{title: other})])
    assert len(roster.guardians) == 1 and len(roster.links) == 2 and kinds(roster) == ["lines_merged"]


def test_another_address_is_another_person_even_with_a_child_and_a_telephone_in_common():
    phone = {"Téléphone portable": "06 00 00 00 00"}
    roster = read([pupil(*LEO)], [guardian(LEO, **phone), guardian(LEO, address="2 rue du Four", **phone)])
    assert len(roster.guardians) == len(roster.links) == 2 and kinds(roster) == ["guardian_namesakes"]


def test_an_extension_in_common_proves_nothing():
    titles = [*GUARDIAN_TITLES[:11], "Numéro de poste", *GUARDIAN_TITLES[11:]]
    rows = [guardian(LEO), guardian(ZOE)]
    for row in rows:
        row.insert(11, "123456")
    roster = read_onde(pupils_file(*TWO), guardians_file(*rows, titles=titles + CHILD_TITLES * 3))
    assert kinds(roster) == ["guardian_maybe_same"]


def test_a_line_cut_inside_a_child_is_reported_and_not_tied():
    data = guardians_file(guardian(LEO, ZOE), quoted=False, last_eol=False).data.decode("iso-8859-1")
    cut = data[: data.rindex(";CE1")].encode()
    roster = read_onde(pupils_file(*TWO), RosterFile("responsables.csv", cut))
    assert [link.pupil for link in roster.links] == ["martin|leo|cp"]
    assert errors(roster) == ["child_incomplete", "short_row"]


def test_lines_of_one_person_add_what_each_knows():
    rows = [guardian(LEO, Courriel="a@exemple.fr"), guardian(LEO, **{"Téléphone portable": "06 00 00 00 00"})]
    (one,) = read([pupil(*LEO)], rows).guardians
    assert one.email == "a@exemple.fr" and one.phones == (RosterPhone("mobile", "06 00 00 00 00"),)


def test_lines_of_one_person_that_contradict_each_other_are_held_back():
    rows = [guardian(LEO, Courriel="a@exemple.fr"), guardian(LEO, ZOE, Courriel="b@exemple.fr")]
    roster = read(TWO, rows)
    assert not roster.guardians and not roster.links and roster.unresolved == 3
    assert errors(roster) == ["guardian_conflict"] and not roster.is_complete


def test_a_line_written_twice_counts_once():
    roster = read([pupil(*LEO)], [guardian(LEO), guardian(LEO)])
    assert len(roster.guardians) == len(roster.links) == 1 and kinds(roster) == ["repeated_line"]


def test_a_man_and_a_woman_of_one_name_at_one_address_are_two_people():
    rows = [guardian(LEO, first="Dominique"), guardian(LEO, first="Dominique", civility="M.")]
    roster = read([pupil(*LEO)], rows)
    assert len({one.key for one in roster.guardians}) == 2 and not roster.problems


def test_an_email_shared_by_two_people_is_reported():
    rows = [guardian(LEO, Courriel="a@exemple.fr"), guardian(LEO, first="Paul", Courriel="A@exemple.fr")]
    roster = read([pupil(*LEO)], rows)
    assert len(roster.guardians) == 2 and errors(roster) == ["shared_email"]


def test_contacts_that_cannot_be_read_are_left_out_and_reported():
    row = guardian(LEO, Courriel="pas de courriel", **{"Téléphone portable": "le soir"})
    roster = read([pupil(*LEO)], [row])
    assert roster.guardians[0].email == "" and roster.guardians[0].phones == ()
    assert errors(roster) == ["bad_email", "bad_phone"]


def test_authority_is_legal_unless_the_file_says_otherwise():
    titles = "Nom responsable;Prénom responsable;Autorité parentale;Nom enfant;Prénom enfant;Classe enfant"
    rows = "A;Anne;Oui;MARTIN;Léo;CP", "B;Bob;Non;MARTIN;Léo;CP", "C;Carl;;MARTIN;Léo;CP"
    data = "\n".join((titles, *rows)).encode()
    roster = read_onde(pupils_file(pupil(*LEO)), RosterFile("responsables.csv", data))
    assert [(link.guardian, link.authority) for link in roster.links] == [("|a|anne|", LEGAL), ("|b|bob|", CONTACT)]
    assert errors(roster) == ["bad_authority"]


def test_lines_of_one_person_with_and_without_authority_are_held_back():
    titles = "Nom responsable;Prénom responsable;Autorité parentale;Nom enfant;Prénom enfant;Classe enfant"
    data = f"{titles}\nA;Anne;Oui;MARTIN;Léo;CP\nA;Anne;Non;MARTIN;Léo;CP".encode()
    roster = read_onde(pupils_file(pupil(*LEO)), RosterFile("responsables.csv", data))
    assert not roster.links and errors(roster) == ["guardian_conflict"]


def test_what_a_spreadsheet_takes_from_numbers_is_given_back_or_left_out_and_told():
    cells = {"CP responsable": "1000", "Téléphone portable": "612345678"}
    roster = read([pupil()], [guardian(("MARTIN", "Léo", "CP"), **cells)])
    (one,) = roster.guardians
    assert one.postal_code == "01000" and not one.phones
    assert kinds(roster) == ["bad_phone", "lost_zero"]


@pytest.mark.parametrize(("code", "country"), [("1000", "BELGIQUE"), ("01000", ""), ("61000", "FRANCE"), ("SW1A", "")])
def test_a_postal_code_that_lost_nothing_stays(code, country):
    roster = read([pupil()], [guardian(("MARTIN", "Léo", "CP"), Pays=country, **{"CP responsable": code})])
    assert roster.guardians[0].postal_code == code and not roster.problems
