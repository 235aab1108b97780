"""`preau import`: the truth of the real files, one line of JSON, exit codes, and reasons in French."""

import json
import os
from types import SimpleNamespace

import pytest

from appliance import cli
from appliance.school.models import School
from tests.services.roster.importing import dump, new_school
from tests.services.roster.onde_samples import guardian, guardians_file, pupil, pupils_file

TRUTH = {
    "classes": 10, "pupils": 247, "guardians": 469, "links": 491, "unresolved": 0, "photo_yes": 123, "photo_no": 124,
}  # fmt: skip


@pytest.fixture
def preau(world, monkeypatch, capsys):
    """Runs `preau import …` on the world's database; its exit code, what it printed and what it complained of."""
    monkeypatch.setattr("appliance.cli.service.open_database", lambda options: SimpleNamespace(config=world.config))

    def run(*arguments):
        code = cli.main(["import", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def real(shared_data):
    folder = shared_data / "rosters" / "entcore-be1d"
    return (
        "--pupils", folder / "CSVExtraction-eleves.csv", "--guardians", folder / "CSVExtraction-responsables.csv",
        "--teachers", folder / "CSVExtraction-enseignants.csv",
    )  # fmt: skip


@pytest.fixture
def school(world):
    return new_school(world)


@pytest.fixture
def small(tmp_path):
    """The arguments of a small import, from files on the disk."""

    def write(*rows, adults=()):
        (tmp_path / "e.csv").write_bytes(pupils_file(*rows).data)
        (tmp_path / "r.csv").write_bytes(guardians_file(*adults or [guardian(("MARTIN", "Léo", "CP"))]).data)
        return "--pupils", tmp_path / "e.csv", "--guardians", tmp_path / "r.csv"

    return write


def last(out) -> dict:
    return json.loads(out.strip().splitlines()[-1])


def test_the_real_files_give_the_truth_and_a_second_run_changes_nothing(preau, real, school):
    code, out, err = preau("onde", *real, "--school", "0750009Z", "--json")
    told = last(out)
    assert code == 0 and not err and {name: told[name] for name in TRUTH} == TRUTH
    assert (told["new"], told["changed"], told["left"], told["ambiguous"], told["applied"]) == (1217, 0, 0, 0, True)
    before = dump()
    code, out, _err = preau("onde", *real, "--school", school.public_id, "--json")
    told = last(out)
    assert code == 0 and {name: told[name] for name in TRUTH} == TRUTH and "Rien à changer" in out
    assert (told["new"], told["changed"], told["left"], told["unchanged"], told["applied"]) == (0, 0, 0, 1217, False)
    assert dump() == before


def test_a_dry_run_writes_nothing_and_shows_the_same(preau, real, school):
    before = dump()
    code, out, _err = preau("onde", *real, "--school", "École neuve", "--dry-run", "--json")
    told = last(out)
    assert code == 0 and told["new"] == 1217 and told["applied"] is False and dump() == before
    assert "247" in out and "nouveaux" in out and "à inviter" in out


def test_undo_puts_everything_back(preau, real, school):
    before = dump()
    preau("onde", *real, "--school", "0750009Z")
    assert dump() != before
    code, out, _err = preau("undo", "--school", "0750009Z", "--json")
    assert code == 0 and last(out)["kept"] == [] and dump() == before
    code, out, err = preau("undo", "--school", "0750009Z", "--json")
    assert code == 1 and last(out)["refused"] and "annuler" in err


def test_the_imports_are_listed_and_one_can_be_named(preau, small, school):
    _code, out, _err = preau("onde", *small(pupil("MARTIN", "Léo", "CP")), "--school", "0750009Z", "--json")
    number = last(out)["import"]
    code, out, _err = preau("list")
    assert code == 0 and number in out and "appliqué" in out and "École neuve" in out
    assert last(preau("list", "--json")[1])["status"] == "applied"
    assert preau("undo", number)[0] == 0 and "annulé" in preau("list")[1]
    assert preau("undo", "unknown")[0] == 1


def test_with_one_school_nobody_asks_which(preau, small, world):
    _code, _out, err = preau("onde", *small(pupil("MARTIN", "Léo", "CP")))
    assert "--school" in err and "Jules-Ferry" in err and "Moulin" in err
    world.far.delete_instance()
    from appliance.school.models import Guardian, Student

    for model in (Student, Guardian):
        model.delete().where(model.school == School.get(School.name == "École du Moulin")).execute()
    School.delete().where(School.name == "École du Moulin").execute()
    assert preau("onde", *small(pupil("MARTIN", "Léo", "CP")))[0] == 0


@pytest.mark.parametrize("text", ["Nowhere", "", "0750001a"])
def test_a_school_is_found_by_its_number_whatever_the_case_and_never_guessed(preau, small, text):
    code, _out, err = preau("onde", *small(pupil("MARTIN", "Léo", "CP")), "--school", text)
    assert (code == 0) == (text == "0750001a") and (code == 0 or "--school" in err)


def test_a_doubt_is_listed_left_aside_and_settled_with_an_answer(preau, small, school):
    preau("onde", *small(pupil("MARTIN", "Léo", "CP", "2018-03-02")), "--school", "0750009Z")
    later = small(pupil("ROY", "Léo", "CP", "2018-03-02"), adults=[guardian(("ROY", "Léo", "CP"), last="ROY")])
    code, out, _err = preau("onde", *later, "--school", "0750009Z", "--json")
    told = last(out)
    assert code == 0 and (told["ambiguous"], told["left"], told["new"], told["applied"]) == (1, 0, 0, False)
    line = next(line for line in out.splitlines() if "→" in line and "ROY Léo" in line)
    doubt = line.rsplit("[", 1)[1].split(" ")[0]
    code, out, _err = preau("onde", *later, "--school", "0750009Z", "--answer", f"{doubt}=new", "--json")
    assert code == 0 and last(out)["left"] == 1 and last(out)["applied"] is True


@pytest.mark.parametrize("answer", ["0123456789abcdef=new", "nonsense", "{doubt}=unknown", "{doubt}="])
def test_an_answer_that_settles_nothing_is_refused_and_named(preau, small, school, answer):
    preau("onde", *small(pupil("MARTIN", "Léo", "CP", "2018-03-02")), "--school", "0750009Z")
    later = small(pupil("ROY", "Léo", "CP", "2018-03-02"), pupil("NEUF", "Zoé", "CP"))
    _code, out, _err = preau("onde", *later, "--school", "0750009Z", "--dry-run")
    doubt = next(line for line in out.splitlines() if "→" in line).rsplit("[", 1)[1].split(" ")[0]
    before, answer = dump(), answer.format(doubt=doubt)
    code, out, err = preau("onde", *later, "--school", "0750009Z", "--answer", answer, "--json")
    assert code == 1 and answer.partition("=")[0] in err and last(out)["applied"] is False and dump() == before


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("x.xlsx", b"PK\x03\x04 xl/", "Excel"),
        ("x.csv", b"", "vide"),
        ("x.csv", guardians_file(guardian(("A", "B", "C"))).data, "responsables"),
        ("x.csv", b"0" * (8 * 1024 * 1024 + 1), "Mo"),
    ],
)
def test_a_wrong_file_is_refused_in_french_and_nothing_is_written(preau, tmp_path, school, name, data, word):
    (tmp_path / name).write_bytes(data)
    before = dump()
    code, out, err = preau("onde", "--pupils", tmp_path / name, "--school", "0750009Z", "--json")
    assert code == 1 and word in err and last(out)["applied"] is False and dump() == before


def test_a_file_that_cannot_be_opened_says_which(preau, tmp_path, school):
    code, _out, err = preau("onde", "--pupils", tmp_path / "absent.csv", "--school", "0750009Z")
    assert code == 1 and "absent.csv" in err
    assert preau("onde", "--pupils", tmp_path, "--school", "0750009Z")[0] == 1


def test_an_endless_file_is_read_no_further_than_the_limit(preau, school):
    if not os.path.exists("/dev/zero"):
        pytest.skip("by design: there is no endless file on this system")
    code, _out, err = preau("onde", "--pupils", "/dev/zero", "--school", "0750009Z")
    assert code == 1 and "Mo" in err


@pytest.mark.parametrize("verb", ["onde", "undo", "list"])
def test_help_teaches(preau, capsys, verb):
    with pytest.raises(SystemExit):
        preau(verb, "--help")
    text = capsys.readouterr().out
    assert "usage" in text and (verb == "list" or "preau --config F import" in text)
