"""Invitation letters: read back by a machine, addressed to one person, and silent about everybody else."""

import subprocess
import time

import pytest

from appliance.core import i18n
from appliance.school import policy
from appliance.school.models import Guardian, Guardianship
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.services.people import children, invitations, letters, paper
from tests.support.needs import needs

URL = "https://carnet.saint-loup.test"


def sheet(code="K7QM-2XPA-94TD", *, name="Anne Dubois", kids=("Léa Dubois · CM1 A",), street="1 rue du Moulin"):
    return letters.Letter(
        school="École Jules-Ferry",
        city="Saint-Loup",
        address=(name, street, "75012 Saint-Loup"),
        title="Votre invitation au carnet de liaison",
        opening=(f"Bonjour {name},", "L’école partage avec vous la vie de classe."),
        children=kids,
        steps=("Avec un téléphone", "Avec un ordinateur"),
        code=code,
        link=f"{URL}/invitation/{code}",
        closing=("Ce code est personnel\u202f: ne le donnez à personne.",),
    )


def text_of(pdf: bytes, tmp_path, *options) -> str:
    path = tmp_path / "letters.pdf"
    path.write_bytes(pdf)
    return subprocess.run([needs("pdftotext"), *options, path, "-"], capture_output=True, check=True).stdout.decode()


def codes_of(pdf: bytes, tmp_path) -> list[str]:
    path = tmp_path / "letters.pdf"
    path.write_bytes(pdf)
    subprocess.run([needs("pdftoppm"), "-r", "110", "-gray", "-png", path, tmp_path / "page"], check=True)
    found = []
    for picture in sorted(tmp_path.glob("page*.png")):
        read = subprocess.run([needs("zbarimg"), "-q", "--raw", picture], capture_output=True, check=True)
        found.append(read.stdout.decode().strip())
    return found


def invite(world, *people):
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    guardians = [Guardian.get(Guardian.account == world.account(key)) for key in people]
    Guardian.update(account=None).where(Guardian.id.in_([each.id for each in guardians])).execute()
    invited = invitations.invite_guardians(actor, access, [each.public_id for each in guardians])
    return actor, access, invited


def test_the_qr_code_reads_back_as_the_invitation(world, tmp_path):
    actor, access, invited = invite(world, "guardian1", "guardian2")
    pdf = letters.write_letters(actor, access, invited, public_url=URL)
    assert codes_of(pdf, tmp_path) == [f"{URL}/invitation/{code}" for _guardian, code in invited]


def test_a_page_names_its_addressee_their_children_and_nobody_else(world, tmp_path):
    actor, access, invited = invite(world, "guardian1", "guardian2", "nadia")
    pages = text_of(letters.write_letters(actor, access, invited, public_url=URL), tmp_path).split("\f")
    by_name = {guardian.first_name: page for (guardian, _code), page in zip(invited, pages, strict=False)}
    assert "Anne Dubois" in by_name["Anne"] and "1 rue Dubois" in by_name["Anne"] and "Léa Dubois" in by_name["Anne"]
    for other in ("Marc", "Lefort", "Nadia", "Girard", "Rey"):
        assert other not in by_name["Anne"]
    assert "Dubois" not in by_name["Marc"].replace("Léa Dubois", "") and "Anne" not in by_name["Marc"]
    assert "Inès" in by_name["Nadia"] and "Adam" in by_name["Nadia"]


def test_the_short_code_and_its_last_day_are_printed(world, clock, tmp_path):
    actor, access, invited = invite(world, "guardian1")
    text = text_of(letters.write_letters(actor, access, invited, public_url=URL), tmp_path)
    assert invited[0][1] in text
    assert "14 novembre 2025" in text
    assert "carnet.saint-loup.test/invitation" in text


def test_a_child_without_legal_link_is_not_on_the_letter(world, tmp_path):
    guardian = Guardian.get(Guardian.account == world.account("nadia"))
    link = Guardianship.get((Guardianship.guardian == guardian) & (Guardianship.student == world.student("Adam")))
    children.set_authority(SYSTEM, link, "contact")
    actor, access, invited = invite(world, "nadia")
    text = text_of(letters.write_letters(actor, access, invited, public_url=URL), tmp_path)
    assert "Inès" in text and "Adam" not in text


def test_printing_is_journaled_as_a_disclosure(world):
    actor, access, invited = invite(world, "guardian1")
    letters.write_letters(actor, access, invited, public_url=URL)
    last = audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).first().entry
    assert b'"event":"invitation_letter_printed"' in last and b'"operation":"disclose"' in last
    assert invited[0][1].encode() not in last


@pytest.mark.parametrize(
    "name", ["Ľudmila Štefánková", "Nguyễn Thị Hồng", "Øyvind Åß", "Αλέξανδρος", "Людмила", "D’Arc–Noël"]
)
def test_names_of_every_european_script_print_as_they_are(tmp_path, name):
    assert name.split()[0] in text_of(letters.draw([sheet(name=name)]), tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("😀👩‍👧", "李雷", "محمد", "\U000e0001", "a" * 200, "%s {x} <b>&amp;", "\u202eabc", " "),
        pytest.param("a" * 900, marks=pytest.mark.slow),
    ],
)
def test_a_sign_that_no_font_has_prints_as_a_box_and_never_fails(tmp_path, name):
    pdf = letters.draw([sheet(name=name, street=name, kids=(name,) * 30)])
    assert text_of(pdf, tmp_path).count("\f") == 1
    assert codes_of(pdf, tmp_path) == [f"{URL}/invitation/K7QM-2XPA-94TD"]


def test_a_reset_letter_leads_to_the_new_password(world, tmp_path):
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    guardian = Guardian.get(Guardian.account == world.account("guardian1"))
    pdf = letters.write_reset_letter(actor, access, guardian, "K7QM-2XPA-94TD", public_url=URL)
    assert codes_of(pdf, tmp_path) == [f"{URL}/reinitialiser/K7QM-2XPA-94TD"]


def test_thirty_letters_take_less_than_a_second():
    letters.draw([sheet()])
    begun = time.process_time()
    pdf = letters.draw([sheet() for _i in range(30)])
    assert time.process_time() - begun < 1.0
    assert len(pdf) < 600_000


def test_the_address_stands_in_the_window_of_the_envelope(tmp_path):
    box = text_of(letters.draw([sheet()]), tmp_path, "-x", "280", "-y", "130", "-W", "300", "-H", "110", "-nopgbrk")
    assert "Anne Dubois" in box and "75012 Saint-Loup" in box and "Bonjour" not in box


def test_a_paragraph_never_leaves_its_width():
    with i18n.speaking("fr"):
        rows = paper.wrap("mot " * 50 + "x" * 300, 200, 11)
    assert all(paper.measure(row, 11, False) <= 200 for row in rows)
    assert "".join(rows).count("x") == 300
