"""The pages of the feed do their work without a script: write, correct, schedule, withdraw, answer, look."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pytest

from appliance.features.feed import actions, jobs, queries
from appliance.features.feed.models import Attachment, Comment, Post, PostVersion, ReadReceipt
from appliance.services import audit
from appliance.services.media.models import Media


def text(answer) -> str:
    return answer.get_data(as_text=True)


def compose_url(feed) -> str:
    return f"{feed.path()}/publications/nouvelle"


def test_a_teacher_publishes_with_two_photos_and_both_guardians_see_it(world, feed, picture):
    browser = world.sign_in("teacher")
    assert 'name="text"' in text(browser.get(compose_url(feed))) and 'name="files"' in text(
        browser.get(compose_url(feed))
    )
    files = [(BytesIO(picture(color)), f"{color}.jpg") for color in ("teal", "gold")]
    answer = browser.submit(compose_url(feed), {"text": "**Sortie** à la ferme", "files": files})
    assert answer.status_code == 303
    page = text(browser.get(answer.headers["Location"]))
    assert "Votre publication est en ligne." in page
    media = [row.public_id for row in Media.select().order_by(Media.id)]
    for who in ("guardian1", "guardian2"):
        page = text(world.sign_in(who).get(feed.path()))
        assert "<strong>Sortie</strong> à la ferme" in page and "Nouveau" in page and "Léa" in page
        assert all(f"/medias/{each}/medium" in page for each in media)


def test_the_feed_is_empty_with_a_word_on_what_comes(world, feed):
    assert "première publication" in text(world.sign_in("teacher").get(feed.path()))
    assert "apparaîtront ici" in text(world.sign_in("guardian1").get(feed.path()))


def test_a_draft_waits_among_the_drafts_and_is_published_from_there(world, feed):
    browser = world.sign_in("teacher")
    answer = browser.submit(compose_url(feed), {"text": "Pas fini", "act": "draft"})
    assert "Pas fini" in text(browser.get(answer.headers["Location"]))
    post = Post.get()
    page = text(browser.get(f"/publications/{post.public_id}/modifier"))
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    answer = browser.submit(
        f"/publications/{post.public_id}/modifier", {"text": "Fini", "version": version, "act": "publish"}
    )
    assert answer.status_code == 303 and feed.seen_by("guardian1") == ["Fini"]
    assert Post.get().edited_at is None, "what was never shown was never modified"


def test_a_scheduled_post_goes_out_once_at_its_time(world, feed, clock):
    from appliance.core import bus
    from appliance.features.feed.events import PostPublished

    seen = []
    bus.subscribe(PostPublished, seen.append)
    browser = world.sign_in("teacher")
    answer = browser.submit(
        compose_url(feed),
        {"text": "Demain", "act": "schedule", "publish_on": "2025-09-16", "publish_time": "08:30"},
    )
    assert answer.status_code == 303
    assert Post.get().publish_at == datetime(2025, 9, 16, 6, 30, tzinfo=UTC), "typed on the school's clocks"
    assert jobs.publish_due_posts() == 0 and feed.seen_by("guardian1") == [] and seen == []
    clock.advance(hours=23)
    assert jobs.publish_due_posts() == 1 and jobs.publish_due_posts() == 0
    assert feed.seen_by("guardian1") == ["Demain"]
    assert [event.public_id for event in seen] == [Post.get().public_id]
    assert audit.verify() == []


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        ("2025-09-15", "09:59"),
        ("2020-01-01", "10:00"),
        ("9999-12-31", "23:59"),
        ("", ""),
        ("demain", "x"),
        ("0001-01-01", "00:00"),
    ],
)
def test_a_date_that_is_past_missing_or_wrong_is_refused_and_the_text_kept(world, feed, day, hour):
    values = {"text": "Mon texte", "act": "schedule", "publish_on": day, "publish_time": hour}
    answer = world.sign_in("teacher").submit(compose_url(feed), values)
    assert answer.status_code == 422 and "Mon texte" in text(answer) and not Post.select().exists()


def test_readers_see_what_a_correction_changed(world, feed):
    post = feed.publish("Rendez-vous à 8 h 30")
    browser = world.sign_in("teacher")
    change = {"text": "Rendez-vous à 9 h 15", "version": "1", "act": "keep"}
    browser.submit(f"/publications/{post.public_id}/modifier", change)
    page = text(browser.get(feed.path()))
    assert "C’est enregistré." in page and "Votre publication est en ligne." not in page
    reader = world.sign_in("guardian1")
    assert "Modifiée" in text(reader.get(feed.path()))
    page = text(reader.get(f"/publications/{post.public_id}/modifications"))
    assert "<del>" in page and "<ins>" in page and "8" in page and "15" in page
    assert PostVersion.select().count() == 2


def test_saving_without_a_change_of_text_is_no_modification(world, feed):
    post = feed.publish("Même texte")
    world.sign_in("teacher").submit(f"/publications/{post.public_id}/modifier", {"text": "Même texte", "version": "1"})
    assert Post.get().edited_at is None
    assert world.sign_in("guardian1").get(f"/publications/{post.public_id}/modifications").status_code == 404


def test_two_people_correcting_at_once_do_not_overwrite_each_other(world, feed):
    post = feed.publish("Un")
    browser = world.sign_in("teacher")
    browser.submit(f"/publications/{post.public_id}/modifier", {"text": "Deux", "version": "1"})
    answer = browser.submit(f"/publications/{post.public_id}/modifier", {"text": "Trois, en retard", "version": "1"})
    assert answer.status_code == 409 and "Trois, en retard" in text(answer) and feed.seen_by("teacher") == ["Deux"]


@pytest.mark.parametrize("first", [{"audience": "children"}, {"comments_closed": "1"}, {"reactions_closed": "1"}])
def test_a_correction_never_undoes_what_a_colleague_has_just_decided(world, feed, first):
    post, lea = feed.publish("Sortie"), world.student("Léa").public_id
    browser, url = world.sign_in("teacher"), f"/publications/{post.public_id}/modifier"
    assert browser.submit(url, {"text": "Sortie", "version": "1", "students": lea, **first}).status_code == 303
    assert browser.submit(url, {"text": "Sortie reportée", "version": "1"}).status_code == 409
    assert Post.get().edited_at is None and feed.seen_by("teacher") == ["Sortie"]
    assert feed.seen_by("hugo1") == ([] if "audience" in first else ["Sortie"])


def test_answers_closed_from_the_card_are_not_opened_again_by_a_page_that_stayed_open(world, feed):
    post, browser = feed.publish("Sortie"), world.sign_in("teacher")
    browser.submit(f"/publications/{post.public_id}/reponses", {"comments": "0"})
    answer = browser.submit(f"/publications/{post.public_id}/modifier", {"text": "Sortie !", "version": "1"})
    assert answer.status_code == 409 and not Post.get().comments_open


def test_whoever_was_slower_reads_what_stands_now(world, feed):
    post = feed.publish("Rendez-vous à 8 h", to=["Léa"])
    browser, url = world.sign_in("teacher"), f"/publications/{post.public_id}/modifier"
    browser.submit(url, {"text": "Rendez-vous à 9 h", "version": "1"})
    page = text(browser.submit(url, {"text": "Rendez-vous à 7 h", "version": "1"}))
    assert "Rendez-vous à 9 h" in page and "Rendez-vous à 7 h" in page
    assert "Rendez-vous à 9 h" not in text(browser.submit(url, {"text": "", "version": "2"}))


def test_whoever_typed_an_hour_to_come_does_not_publish_at_once(world, feed):
    values = {"text": "Demain", "act": "publish", "publish_on": "2025-09-16", "publish_time": "18:30"}
    browser = world.sign_in("teacher")
    answer = browser.submit(compose_url(feed), values)
    assert answer.status_code == 422 and "Programmer" in text(answer) and not Post.select().exists()
    browser.submit(compose_url(feed), values | {"act": "schedule"})
    url = f"/publications/{Post.get().public_id}/modifier"
    assert browser.submit(url, values | {"version": "1"}).status_code == 422 and Post.get().status == "scheduled"
    assert browser.submit(url, {"text": "Demain", "act": "publish", "version": "1"}).status_code == 303
    assert Post.get().status == "published"


def test_whoever_may_add_families_is_told_what_these_will_read(world, feed):
    browser = world.sign_in("teacher")
    told = "ces familles liront aussi les réponses"
    addressed, whole = feed.publish("Pour Léa", to=["Léa"]), feed.publish("Pour tous")
    assert told in text(browser.get(f"/publications/{addressed.public_id}/modifier"))
    assert told not in text(browser.get(f"/publications/{whole.public_id}/modifier"))


def test_a_pasted_text_is_never_cut_by_the_field(world, feed):
    assert "maxlength" not in text(world.sign_in("teacher").get(compose_url(feed)))


def test_an_attachment_can_be_taken_out_and_its_key_is_destroyed(world, feed, picture):
    browser = world.sign_in("teacher")
    browser.submit(
        compose_url(feed),
        {"text": "Photo", "files": [(BytesIO(picture()), "a.jpg"), (BytesIO(picture("red")), "b.jpg")]},
    )
    post, media = Post.get(), Media.get()
    browser.submit(
        f"/publications/{post.public_id}/modifier", {"text": "Photo", "version": "1", "removed": media.public_id}
    )
    assert Attachment.select().count() == 1 and Media.get_by_id(media.id).wrapped_key is None
    assert "1 fichier retiré" in text(browser.get(f"/publications/{post.public_id}/modifications"))


def test_withdrawing_says_what_it_does_and_can_be_undone(world, feed):
    post = feed.publish("Erreur")
    browser, url = world.sign_in("teacher"), f"/publications/{post.public_id}"
    assert "ne verront plus" in text(browser.get(f"{url}/retirer"))
    assert browser.submit(f"{url}/retirer").status_code == 303
    assert feed.seen_by("guardian1") == [] and "Erreur" in text(browser.get(f"{feed.path()}/publications/brouillons"))
    assert world.sign_in("guardian1").get(url).status_code == 404
    assert browser.submit(f"{url}/remettre").status_code == 303
    assert feed.seen_by("guardian1") == ["Erreur"]


def test_a_draft_can_be_erased_and_a_published_post_cannot(world, feed):
    draft, post = feed.draft(), feed.publish()
    browser = world.sign_in("teacher")
    assert browser.submit(f"/publications/{draft.public_id}/effacer").status_code == 303
    assert browser.submit(f"/publications/{post.public_id}/effacer").status_code == 422
    assert [each.public_id for each in Post.select()] == [post.public_id]


def test_pinning_and_closing_answers_from_the_card(world, feed):
    post = feed.publish()
    browser, url = world.sign_in("teacher"), f"/publications/{post.public_id}"
    answer = browser.submit(f"{url}/epingle", {"pinned": "1", "suite": feed.path()})
    assert answer.headers["Location"] == f"{feed.path()}#publication-{post.public_id}"
    assert "Épinglée" in text(browser.get(feed.path()))
    browser.submit(f"{url}/epingle", {"pinned": "0"})
    assert "Épinglée" not in text(browser.get(feed.path()))
    browser.submit(f"{url}/reponses", {"comments": "0"})
    reader = world.sign_in("guardian1")
    assert "sont fermés" in text(reader.get(url))
    answer = reader.submit(f"{url}/commentaires", {"text": "Quand même"})
    assert answer.status_code == 422 and not Comment.select().exists()


def test_opening_a_post_marks_it_read_once_and_looking_at_the_feed_does_not(world, feed, clock):
    post = feed.publish()
    browser, url = world.sign_in("guardian1"), f"/publications/{post.public_id}"
    browser.get(feed.path())
    browser.head(url)
    browser.get(url, headers={"Sec-Purpose": "prefetch"})
    assert not ReadReceipt.select().exists()
    assert "Lu" in text(browser.get(url))
    at = ReadReceipt.get().first_read_at
    clock.advance(hours=1)
    browser.get(url)
    assert ReadReceipt.get().first_read_at == at and "Nouveau" not in text(browser.get(feed.path()))


def test_the_button_on_the_card_marks_read_and_comes_back_to_it(world, feed):
    post = feed.publish()
    browser = world.sign_in("guardian1")
    answer = browser.submit(f"/publications/{post.public_id}/lu", {"suite": feed.path()})
    assert answer.status_code == 303 and answer.headers["Location"].startswith(feed.path())
    browser.submit(f"/publications/{post.public_id}/lu")
    assert ReadReceipt.select().count() == 1


def test_the_staff_sees_who_has_not_read_guardian_by_guardian(world, feed):
    post = feed.publish("Pour Léa et Hugo", to=["Léa", "Hugo"])
    actions.mark_read(world.actor("guardian1"), post.public_id)
    from appliance.school.models import Guardian

    Guardian.update(account=None).where(Guardian.account == world.account("hugo3")).execute()
    browser = world.sign_in("teacher")
    assert "1 responsable sur 5 a lu" in text(browser.get(feed.path()))
    page = text(browser.get(f"/publications/{post.public_id}/lecteurs"))
    assert "1 responsable sur 5 a lu" in page and "Léa Dubois" in page and "Inès" not in page
    assert page.count("Pas encore lu") == 3 and page.count("Pas encore inscrit") == 2
    missing = page[page.index('id="manquent"') : page.index("Enfant par enfant")]
    assert "4 responsables n’ont pas encore lu" in missing and "Marc Lefort" in missing and "Anne" not in missing
    assert "Paul Girard" not in page and "Denis Rey" not in page, "contacts and withdrawn guardians are not counted"
    for who in ("guardian1", "hugo1"):
        assert world.sign_in(who).get(f"/publications/{post.public_id}/lecteurs").status_code in (403, 404)


def test_staff_leave_no_receipt(world, feed):
    post = feed.publish()
    world.sign_in("assistant").get(f"/publications/{post.public_id}")
    assert not actions.mark_read(world.actor("principal"), post.public_id) and not ReadReceipt.select().exists()


def test_the_gallery_shows_one_photo_with_its_neighbours(world, feed, picture):
    browser = world.sign_in("teacher")
    browser.submit(
        compose_url(feed), {"text": "", "files": [(BytesIO(picture(c)), "x.jpg") for c in ("red", "green", "blue")]}
    )
    url = f"/publications/{Post.get().public_id}/photos"
    page = text(world.sign_in("guardian1").get(f"{url}/2"))
    assert 'rel="prev"' in page and 'rel="next"' in page and "/large" in page and "Photo 2 sur 3" in page
    assert 'rel="prev"' not in text(browser.get(f"{url}/1")) and 'rel="next"' not in text(browser.get(f"{url}/3"))
    assert browser.get(f"{url}/4").status_code == 404 and browser.get(f"{url}/0").status_code == 404
    assert world.sign_in("stranger").get(f"{url}/1").status_code == 404


def test_the_latest_photos_and_documents_stand_beside_the_feed(world, feed, picture):
    browser = world.sign_in("teacher")
    assert "<aside" not in text(browser.get(feed.path()))
    feed.publish("Rien de joint")
    assert "<aside" not in text(browser.get(feed.path()))
    typed = {"text": "Avec", "audience": "children", "students": [world.student("Léa").public_id]}
    files = [(BytesIO(picture("teal")), "a.jpg"), (BytesIO(b"Colle, ciseaux"), "Liste.txt")]
    assert browser.submit(compose_url(feed), {**typed, "files": files}).status_code == 303
    photo = Media.get(Media.family == "picture").public_id
    for who in ("teacher", "guardian1"):
        aside = text(world.sign_in(who).get(feed.path())).split("<aside", 1)[1]
        assert f"/medias/{photo}/thumb" in aside and f"{feed.path()}/album" in aside and "Liste.txt" in aside
    assert "<aside" not in text(world.sign_in("nadia").get(feed.path())), "it is for Léa's guardians alone"


def test_every_write_is_in_the_journal(world, feed, clock):
    post = feed.publish()
    teacher, guardian = world.actor("teacher"), world.actor("guardian1")
    before = audit.root()[0]
    acts = [
        lambda: actions.edit(teacher, post.public_id, actions.Content(text="Autre"), version=1),
        lambda: actions.pin(teacher, post.public_id),
        lambda: actions.unpin(teacher, post.public_id),
        lambda: actions.set_answers(teacher, post.public_id, reactions_open=False),
        lambda: actions.set_answers(teacher, post.public_id, reactions_open=True),
        lambda: actions.mark_read(guardian, post.public_id),
        lambda: actions.react(guardian, post.public_id, "thanks"),
        lambda: actions.unreact(guardian, post.public_id),
        lambda: actions.comment(guardian, post.public_id, "Merci"),
        lambda: actions.remove_comment(guardian, Comment.get().public_id),
        lambda: actions.consult_readers(teacher, queries.get_card(teacher, post.public_id)),
        lambda: actions.withdraw(teacher, post.public_id),
        lambda: actions.restore(teacher, post.public_id),
    ]
    for number, act in enumerate(acts, 1):
        act()
        assert audit.root()[0] == before + number
    assert audit.verify() == []
