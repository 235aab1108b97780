"""The first page: all children of all schools for a guardian, what waits for a teacher, what an office can do."""

import re
from contextlib import contextmanager

import pytest

from appliance.features.feed import actions
from appliance.features.feed.actions import Content
from appliance.school import policy
from appliance.school.models import Guardian, JoinRequest, Student
from appliance.school.policy import SYSTEM
from appliance.services.people import children, invitations
from appliance.services.people.joining import JoinFields
from appliance.storage.database import db
from appliance.web import caching


def publish(world, text, who="teacher", classroom=None, **content):
    room = classroom or world.cm1
    return actions.publish(world.actor(who), room.public_id, Content(text=text, **content))


def main_of(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>", 1)[0]


@contextmanager
def statements():
    found, run = [], db.obj.execute_sql

    def watched(sql, *arguments, **options):
        found.append(sql)
        return run(sql, *arguments, **options)

    db.obj.execute_sql = watched
    try:
        yield found
    finally:
        del db.obj.execute_sql


def test_a_guardian_finds_all_children_of_all_schools_on_one_page(world):
    noe = Student.get(Student.first_name == "Noé")
    guardian = children.create_guardian(SYSTEM, noe.school, "Nadia", "Benali", account=world.account("nadia"))
    children.link(SYSTEM, guardian, noe)
    publish(world, "Mot du CM1")
    publish(world, "Mot du CE1", "teacher2", world.ce1)
    publish(world, "Mot du Moulin", "far_teacher", world.far)
    page = main_of(world.sign_in("nadia").get("/"))
    for text in ("Mot du CM1", "Mot du CE1", "Mot du Moulin", "Adam", "Inès", "Noé", "3 publications à lire"):
        assert text in page


def test_each_post_says_which_child_it_concerns(world):
    publish(world, "Pour Inès", audience="children", students=(world.student("Inès").public_id,))
    page = main_of(world.sign_in("nadia").get("/"))
    card = page[page.index("<article") : page.index("</article>")]
    assert "Inès" in card and "Adam" not in card


def test_a_chip_filters_by_child_without_any_script(world):
    publish(world, "Mot du CM1")
    publish(world, "Mot du CE1", "teacher2", world.ce1)
    browser = world.sign_in("nadia")
    adam = world.student("Adam").public_id
    assert f'href="/?enfant={adam}"' in browser.get("/").text
    page = main_of(browser.get(f"/?enfant={adam}"))
    assert "Mot du CE1" in page and "Mot du CM1" not in page
    assert re.search(r'href="/\?enfant=' + adam + r'" aria-current', page)


@pytest.mark.parametrize("child", ["", "%00", "☃", "a" * 3000, "' OR 1=1", "leas"])
def test_a_child_that_is_not_ones_own_filters_nothing(world, child):
    publish(world, "Mot du CM1")
    if child == "leas":
        child = world.student("Léa").public_id
    answer = world.sign_in("nadia").get("/", query_string={"enfant": child, "avant": child})
    assert answer.status_code == 200
    assert "Mot du CM1" in answer.text and "Léa" not in answer.text


def test_what_is_new_is_marked_until_it_is_read(world):
    post = publish(world, "Mot du CM1")
    browser = world.sign_in("guardian1")
    assert "1 publication à lire" in browser.get("/").text
    browser.submit(f"/publications/{post.public_id}/lu", {"suite": "/"})
    page = main_of(browser.get("/"))
    assert "Tout est lu" in page and "Nouveau" not in page
    assert "1 publication à lire" in world.sign_in("guardian2").get("/").text


def section(page: str, name: str) -> str:
    """The section of a page whose title has this id; empty when the page has none."""
    return page.split(f'aria-labelledby="{name}"', 1)[1].split("</section>")[0] if f'"{name}"' in page else ""


def test_what_is_to_be_read_comes_before_what_was_read_whatever_its_date(world, clock):
    publish(world, "Le plus ancien")
    clock.advance(hours=1)
    newest = publish(world, "Le plus récent")
    browser = world.sign_in("guardian1")
    browser.get(f"/publications/{newest.public_id}")
    page = main_of(browser.get("/"))
    unread, read = section(page, "a-lire"), section(page, "deja-lues")
    assert "1 publication à lire" in unread and "Le plus ancien" in unread and "Le plus récent" not in unread
    assert "Déjà lues" in read and "Le plus récent" in read and "Le plus ancien" not in read


def test_each_child_says_how_much_is_to_be_read_and_its_first_words(world):
    publish(world, "Deux mots du CM1. Et la suite qui est trop longue pour une ligne à côté de la page, vraiment.")
    post = publish(world, "Mot du CE1", "teacher2", world.ce1)
    browser = world.sign_in("nadia")
    browser.get(f"/publications/{post.public_id}")
    text = browser.get("/").text
    chips = text[text.index('<nav class="chips') : text.index("</nav>", text.index('<nav class="chips'))]
    assert "1 publication à lire" in chips.split("Inès")[1] and "à lire" not in chips.split("Inès")[0]
    aside = text[text.index("<aside") :]
    assert "Deux mots du CM1. Et la suite" in aside and "vraiment" not in aside and "Mot du CE1" not in aside
    assert f'href="/classes/{world.cm1.public_id}"' in aside and f'href="/classes/{world.ce1.public_id}"' in aside


def test_whoever_has_read_one_post_goes_on_with_the_next(world):
    post, browser = publish(world, "Mot du CM1"), world.sign_in("guardian1")
    form = browser.get("/").text.split('id="actes"')[1].split("</form>")[0]
    assert 'name="reste" value="lecture"' in form
    answer = browser.submit(f"/publications/{post.public_id}/lu", {"suite": "/", "reste": "lecture"})
    assert answer.headers["Location"] == "/#lecture"


def test_all_is_read_is_said_only_when_nothing_older_waits(world, clock):
    old = publish(world, "Resté derrière")
    newer = []
    for number in range(21):
        clock.advance(minutes=1)
        newer.append(publish(world, f"Mot {number}"))
    browser = world.sign_in("guardian1")
    for post in newer:
        browser.submit(f"/publications/{post.public_id}/lu", {"suite": "/"})
    page = main_of(browser.get("/"))
    assert "Tout est lu" not in page and "1 publication plus ancienne à lire" in page
    browser.submit(f"/publications/{old.public_id}/lu", {"suite": "/"})
    assert "Tout est lu" in main_of(browser.get("/"))


def test_the_staff_sees_beside_the_page_how_far_the_latest_posts_have_gone(world, clock):
    for number in range(5):
        clock.advance(minutes=1)
        post = publish(world, f"Mot {number}", audience="children", students=(world.student("Inès").public_id,))
    publish(world, "Mot du CE1", "teacher2", world.ce1)
    aside = world.sign_in("teacher").get("/").text.split("<aside", 1)[1]
    assert "Mot 4" in aside and "Mot 0" not in aside and "Mot du CE1" not in aside
    assert f"/publications/{post.public_id}/lecteurs" in aside and "0 responsable sur" in aside
    assert "<aside" not in world.sign_in("contact").get("/").text
    assert "a lu" not in world.sign_in("guardian1").get("/").text.split("<aside", 1)[1]


def test_a_guardian_without_news_finds_a_friendly_page(world):
    assert "Rien de nouveau" in world.sign_in("guardian1").get("/").text


@pytest.mark.parametrize("who", ["contact", "withdrawn"])
def test_a_contact_reads_why_nothing_is_shown_and_whom_to_ask(world, who):
    publish(world, "Mot du CM1")
    page = main_of(world.sign_in(who).get("/"))
    assert "autorité parentale" in page and "direction de l’école" in page
    for trace in ("Léa", "Dubois", "CM1", "Jules-Ferry", "Sophie", "Mot du", "25/0001"):
        assert trace not in page


def test_a_contact_and_someone_whose_authority_was_withdrawn_read_the_same_words(world):
    pages = []
    for who in ("contact", "withdrawn"):
        page = main_of(world.sign_in(who).get("/"))
        pages.append(page.replace(world.account(who).first_name, "X"))
    assert pages[0] == pages[1]


def test_authority_that_is_withdrawn_empties_the_page_at_once(world):
    publish(world, "Mot du CM1")
    browser = world.sign_in("guardian2")
    assert "Mot du CM1" in browser.get("/").text
    guardian = Guardian.get(Guardian.account == world.account("guardian2"))
    children.set_authority(SYSTEM, guardian.guardianships[0], "withdrawn", document_reference="Jugement 25/2")
    page = main_of(browser.get("/"))
    assert "Mot du CM1" not in page and "Léa" not in page


def test_someone_whose_request_waits_is_told_to_wait(world):
    invitations.ask_to_join(world.actor("stranger"), JoinFields(world.cm1.join_code, "Léa Dubois", "mother"))
    children.leave(SYSTEM, world.student("Noé"), world.far)
    page = main_of(world.sign_in("stranger").get("/"))
    assert "attend l’école" in page and "CM1" not in page


def test_a_teacher_finds_what_waits_in_each_class(world):
    publish(world, "Mot du CM1")
    actions.save_draft(world.actor("teacher"), world.cm1.public_id, Content(text="Plus tard"))
    invitations.ask_to_join(world.actor("stranger"), JoinFields(world.cm1.join_code, "Léa Dubois", "mother"))
    page = main_of(world.sign_in("teacher").get("/"))
    for text in ("1 demande à examiner", "1 brouillon", "lue par 0 responsable sur 6"):
        assert text in page


def test_an_assistant_is_not_asked_to_decide_requests(world):
    invitations.ask_to_join(world.actor("stranger"), JoinFields(world.cm1.join_code, "Léa Dubois", "mother"))
    assert "demande à examiner" not in world.sign_in("assistant").get("/").text


def test_a_head_of_school_finds_the_classes_of_that_school_alone(world):
    page = main_of(world.sign_in("principal").get("/"))
    assert "CM1 A" in page and "CE1" in page and "Moulin" not in page


def test_admin_and_dpo_find_what_they_can_do_and_no_class(world):
    publish(world, "Mot du CM1")
    for who, link in (("admin", "/administration"), ("dpo", "/journal")):
        page = main_of(world.sign_in(who).get("/"))
        assert f'href="{link}"' in page
        assert "Mot du CM1" not in page and "CM1 A" not in page


def test_the_page_costs_at_most_six_questions_to_the_database(world):
    for number in range(25):
        publish(world, f"Mot {number}", audience="children", students=(world.student("Inès").public_id,))
    invitations.ask_to_join(world.actor("stranger"), JoinFields(world.cm1.join_code, "Léa Dubois", "mother"))
    for who in ("nadia", "teacher", "principal", "contact", "admin"):
        browser = world.sign_in(who)
        browser.get("/")
        caching.store.clear()
        with statements() as found:
            assert browser.get("/").status_code == 200
        most = 7 if who == "nadia" else 6  # what waits beyond her page is counted
        assert len(found) <= most, (who, found)
        with statements() as found:
            answer = browser.get("/")
        assert len(found) <= 2, (who, found)
        with statements() as found:
            again = browser.get("/", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304 and len(found) <= 2


def test_a_remembered_page_never_outlives_a_change(world):
    browser, teacher = world.sign_in("guardian1"), world.sign_in("teacher")
    browser.get("/"), teacher.get("/")
    publish(world, "Tout neuf")
    invitations.ask_to_join(world.actor("stranger"), JoinFields(world.cm1.join_code, "Léa Dubois", "mother"))
    assert "Tout neuf" in browser.get("/").text
    assert "1 demande à examiner" in teacher.get("/").text
    invitations.decide_join_request(world.actor("teacher"), _access(world), JoinRequest.get().public_id, False)
    assert "demande à examiner" not in teacher.get("/").text


def test_older_posts_are_a_page_away(world, clock):
    for number in range(23):
        clock.advance(minutes=1)
        publish(world, f"Mot numéro {number}.")
    browser = world.sign_in("guardian1")
    first = browser.get("/").text
    assert "Mot numéro 22." in first and "Mot numéro 2." not in first
    older = re.search(r'href="(/\?avant=[^"]+)"', first)[1].replace("&amp;", "&")
    second = browser.get(older).text
    assert "Mot numéro 2." in second and "Mot numéro 22." not in second


def _access(world):
    return policy.get_access(world.actor("teacher"), world.cm1.public_id)


def test_what_waits_on_older_pages_is_counted_too(world, clock):
    posts = [publish(world, "Mot du CE1", "teacher2", world.ce1)]
    for number in range(24):
        clock.advance(minutes=1)
        posts.append(publish(world, f"Mot {number}"))
    browser = world.sign_in("nadia")
    page = browser.get("/").text
    chips = page[page.index('<nav class="chips') : page.index("</nav>", page.index('<nav class="chips'))]
    assert "25 publications à lire" in section(main_of(browser.get("/")), "a-lire")
    assert "5 publications plus anciennes à lire" in section(page, "a-lire")
    assert "1 publication à lire" in chips.split("Adam")[1].split("Inès")[0]
    assert "24 publications à lire" in chips.split("Inès")[1]
    for post in posts[-22:]:
        browser.submit(f"/publications/{post.public_id}/lu", {"suite": "/"})
    page = main_of(browser.get("/"))
    assert "3 publications plus anciennes à lire" in section(page, "deja-lues")
    of_adam = main_of(browser.get(f"/?enfant={world.student('Adam').public_id}"))
    assert "1 publication à lire" in section(of_adam, "a-lire") and "Mot du CE1" in section(of_adam, "a-lire")


def test_a_childs_page_leads_only_to_what_it_shows(world):
    publish(world, "Mot du CM1")
    publish(world, "Mot du CE1", "teacher2", world.ce1)
    page = world.sign_in("nadia").get(f"/?enfant={world.student('Adam').public_id}").text
    anchors = re.findall(r'href="#(publication-\w+)"', page)
    assert anchors and all(f'id="{anchor}"' in page for anchor in anchors)


def test_other_classes_do_not_push_a_childs_posts_off_their_heads_page(world, clock):
    adam = world.student("Adam")
    guardian = children.create_guardian(SYSTEM, adam.school, "Claire", "Fontaine", account=world.account("principal"))
    children.link(SYSTEM, guardian, adam)
    publish(world, "Mot du CE1", "teacher2", world.ce1)
    for number in range(51):
        clock.advance(minutes=61 if number % 20 == 19 else 1)
        publish(world, f"Mot {number}")
    page = main_of(world.sign_in("principal").get("/"))
    assert "1 publication à lire" in page and "Mot du CE1" in page and "Mot 50" not in page
