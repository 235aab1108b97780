"""A post goes to another class: its words and files open there, the answers of the first class's families reach
nobody."""

import hashlib

import pytest

from appliance.core.errors import Conflict, Denied, NotFound, Refused
from appliance.features.feed import actions, queries
from appliance.features.feed.actions import Answers, Content
from appliance.features.feed.models import Comment, Post, PostTarget, Reaction, ReadReceipt
from appliance.school import keys, policy
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.services.media import files, moving, store
from appliance.services.media.models import Media, MediaTag
from appliance.services.people import children, places
from tests.access.filling import document, photo

NOTHING = Answers(0, 0, 0)


@pytest.fixture
def both(world):
    """The teacher of the CM1, who also works with the CE1."""
    places.add_teacher(SYSTEM, world.account("teacher"), world.ce1)
    return world.actor("teacher")


@pytest.fixture
def post(world, both, feed):
    """A corrected post with a photo and a document, for one child, that was answered."""
    made = feed.publish("Avant", files=[photo("sortie"), document("menu")], to=["Léa"])
    lea = world.student("Léa").public_id
    changed = Content("Après", "children", students=(lea,))
    actions.edit(world.actor("teacher"), made.public_id, changed, version=1)
    actions.pin(both, made.public_id)
    for who, text in (("guardian1", "Un mot"), ("guardian2", "Un autre"), ("teacher", "Merci")):
        actions.comment(world.actor(who), made.public_id, text)
    actions.react(world.actor("guardian1"), made.public_id, "bravo")
    actions.mark_read(world.actor("guardian1"), made.public_id)
    return made


def _text(world, who, post):
    return queries.text_of(queries.get_card(world.actor(who), post.public_id))


def _bytes_of(media: str, rendition: str) -> bytes:
    with files.open_rendition(files.get_rendition(media, rendition)) as reader:
        return reader.read()


def test_words_and_files_open_in_the_new_class_and_no_file_was_touched(world, both, post):
    picture, paper = Media.select().order_by(Media.id)
    before = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in world.blobs.list_files()}
    clear = _bytes_of(picture.public_id, "large"), _bytes_of(paper.public_id, "original")
    old_keys = {media.public_id: bytes(media.wrapped_key) for media in (picture, paper)}
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=Answers(3, 1, 1))
    assert {path.name: hashlib.sha256(path.read_bytes()).digest() for path in world.blobs.list_files()} == before
    assert (_bytes_of(picture.public_id, "large"), _bytes_of(paper.public_id, "original")) == clear
    for media in Media.select():
        assert media.classroom_id == world.ce1.id and media.born_in == world.cm1.public_id
        assert bytes(media.wrapped_key) != old_keys[media.public_id]
        row = files.get_media(media.public_id)
        assert store.open_name(row, row) in ("sortie.jpg", "menu.txt")
    assert _text(world, "zoe1", post) == "Après"
    assert world.sign_in("zoe1").get(f"/medias/{picture.public_id}/large").status_code == 200


def test_the_new_class_does_not_read_what_was_written_for_the_first(world, both, post):
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=Answers(3, 1, 1))
    history, reader = f"/publications/{post.public_id}/modifications", world.sign_in("zoe1")
    assert reader.get(history).status_code == 404
    assert history not in reader.get(f"/publications/{post.public_id}").text
    actions.edit(world.actor("teacher2"), post.public_id, Content("Encore après"), version=3)
    page = reader.get(history).text
    assert "Encore" in page and "Avant" not in page


def test_after_the_first_class_is_closed_the_post_still_opens(world, both, post):
    from appliance.services import closing

    actions.move_post(both, post.public_id, world.ce1.public_id, erased=Answers(3, 1, 1))
    closing.destroy_classroom_key(SYSTEM, world.cm1.public_id)
    assert _text(world, "zoe1", post) == "Après" and len(_bytes_of(Media.get().public_id, "medium")) > 100


def test_the_first_class_sees_nothing_of_it_any_more(world, both, post):
    media = Media.get().public_id
    browser = world.sign_in("guardian1")
    url = f"/classes/{world.cm1.public_id}"
    tag = browser.get(url).headers["ETag"]
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=Answers(3, 1, 1))
    page = browser.get(url, headers={"If-None-Match": tag})
    assert page.status_code == 200 and post.public_id not in page.text
    for path in (f"/publications/{post.public_id}", f"/medias/{media}/medium"):
        assert browser.get(path).status_code == 404


def test_what_families_answered_reaches_nobody_else(world, both, post):
    assert actions.count_answers(post.id) == Answers(3, 1, 1)
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=Answers(3, 1, 1))
    for table in (Comment, Reaction, ReadReceipt, PostTarget):
        assert not table.select().exists()
    row = Post.get()
    assert row.audience == "whole" and row.pinned_at is None
    text = world.sign_in("teacher2").get(f"/publications/{post.public_id}").text
    assert "Un mot" not in text and "Après" in text


def test_an_answer_that_arrived_meanwhile_stops_the_move(world, both, post):
    actions.comment(world.actor("guardian1"), post.public_id, "Encore")
    with pytest.raises(Conflict):
        actions.move_post(both, post.public_id, world.ce1.public_id, erased=Answers(3, 1, 1))
    assert Comment.select().count() == 4 and Post.get().classroom_id == world.cm1.id


def test_only_the_staff_of_both_classes_moves_a_post(world, feed):
    post = feed.publish("Bonjour")
    for who, problem in (("teacher", Refused), ("assistant", Denied), ("teacher2", NotFound), ("guardian1", Denied)):
        with pytest.raises(problem):
            actions.move_post(world.actor(who), post.public_id, world.ce1.public_id, erased=NOTHING)
    with pytest.raises(Refused):
        actions.move_post(world.actor("principal"), post.public_id, world.far.public_id, erased=NOTHING)
    with pytest.raises(Refused):
        actions.move_post(world.actor("principal"), post.public_id, world.cm1.public_id, erased=NOTHING)
    actions.move_post(world.actor("principal"), post.public_id, world.ce1.public_id, erased=NOTHING)
    assert feed.seen_by("zoe1", world.ce1) == ["Bonjour"]


def test_a_draft_stays_a_draft(world, both, feed):
    post = feed.draft("Plus tard", files=[photo()])
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    assert feed.seen_by("zoe1", world.ce1) == []
    assert _text(world, "teacher2", post) == "Plus tard"


def test_a_correction_begun_before_the_move_is_told_so(world, both, feed):
    post = feed.publish("Bonjour")
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    with pytest.raises(Conflict):
        actions.edit(both, post.public_id, Content("Corrigé"), version=1)
    assert _text(world, "zoe1", post) == "Bonjour"


def test_a_comment_sealed_for_the_class_that_a_post_left_is_not_kept(world, both, feed, monkeypatch):
    post = feed.publish("Bonjour")
    answering = actions.answering
    ready = answering._get_answerable

    def overtaken(*arguments):
        found = ready(*arguments)
        actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
        return found

    monkeypatch.setattr(answering, "_get_answerable", overtaken)
    with pytest.raises(Refused):
        actions.comment(world.actor("guardian1"), post.public_id, "Trop tard")
    assert not Comment.select().exists()


def test_children_whose_face_is_seen_stay_tagged_in_the_new_class(world, both, feed):
    post = feed.publish("Photo", files=[photo()])
    media = Media.get()
    for child in ("Léa", "Zoé"):
        MediaTag.create(media=media, student=world.student(child))
    MediaTag.create(media=media, student=world.student("Hugo"), blurred=True)
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    assert sorted(tag.student.first_name for tag in MediaTag.select()) == ["Léa", "Zoé"]


def test_a_withdrawal_hides_the_photo_in_the_class_that_it_went_to_as_well(world, both, feed):
    post = feed.publish("Photo", files=[photo()])
    MediaTag.create(media=Media.get(), student=world.student("Léa"))
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    browser, url = world.sign_in("zoe1"), f"/medias/{Media.get().public_id}/medium"
    page = browser.get(f"/classes/{world.ce1.public_id}")
    assert browser.get(url).status_code == 200 and Media.get().public_id in page.text
    children.update_student(world.actor("teacher"), world.student("Léa"), photo_rights="no")
    assert browser.get(url).status_code == 404
    page = browser.get(f"/classes/{world.ce1.public_id}", headers={"If-None-Match": page.headers["ETag"]})
    assert page.status_code == 200 and Media.get().public_id not in page.text


def test_a_photo_that_shows_a_child_without_rights_does_not_travel(world, both, feed):
    post = feed.publish("Photo", files=[photo()])
    MediaTag.create(media=Media.get(), student=world.student("Hugo"))
    with pytest.raises(Refused, match="droit à l’image"):
        actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    assert Post.get().classroom_id == world.cm1.id and MediaTag.select().exists()


def test_a_file_that_is_being_prepared_waits(world, both, feed):
    post = feed.publish("Photo", files=[photo()])
    Media.update(state="waiting").execute()
    with pytest.raises(Refused, match="préparation"):
        actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)


def test_the_room_of_the_new_class_counts(world, both, feed, monkeypatch):
    from appliance.services import plans

    asked = []
    monkeypatch.setattr(plans, "require_storage", lambda place, size: asked.append((place.classroom_id, size)))
    post = feed.publish("Photo", files=[photo(), document()])
    asked.clear()
    total = sum(media.bytes for media in Media.select())
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    assert asked == [(world.ce1.id, total)] and total > 0


def test_a_media_never_leaves_its_academy(world, both, feed):
    feed.publish("Photo", files=[photo()])
    away = places.create_academy(SYSTEM, "Ailleurs")
    school = places.create_school(SYSTEM, away, "École d’ailleurs")
    year = places.find_or_create_year(SYSTEM, away, world.cm1.year.starts_on)
    room = places.create_classroom(SYSTEM, school, year, "CP")
    with pytest.raises(NotFound):
        moving.move(SYSTEM, [Media.get().public_id], files.Place(room.id, room.public_id, away.public_id))
    assert keys.classroom_key(room.id) and len(_bytes_of(Media.get().public_id, "large")) > 100


def test_both_classes_are_told_by_the_journal_and_their_pages_move(world, both, feed):
    post = feed.publish("Photo", files=[photo()])
    scopes = [f"class:{room.id}" for room in (world.cm1, world.ce1)]
    before, first = [policy.revision(scope) for scope in scopes], audit.root()[0]
    actions.move_post(both, post.public_id, world.ce1.public_id, erased=NOTHING)
    assert all(policy.revision(scope) > old for scope, old in zip(scopes, before, strict=True))
    entries = [bytes(row.entry).decode() for row in audit.AuditEntry.select().where(audit.AuditEntry.seq >= first)]
    for event in ("media_moved", "post_moved_away", "post_moved_here"):
        assert any(f'"event":"{event}"' in each for each in entries), event


def test_the_page_says_exactly_what_is_erased(world, both, post):
    browser, url = world.sign_in("teacher"), f"/publications/{post.public_id}/deplacer"
    assert url in browser.get(f"/publications/{post.public_id}").text
    assert browser.get(url).status_code == 200
    page = browser.get(url).text
    for words in ("3 commentaires", "1 réaction", "1 confirmation de lecture", 'name="erased" value="3-1-1"', "CE1"):
        assert words in page, words
    room = world.ce1.public_id
    for erased in ("2-1-1", "", "x", "3-1-1-1"):
        refused = browser.submit(url, {"classroom": room, "erased": erased})
        assert refused.status_code == 409 and 'value="3-1-1"' in refused.text
    assert browser.submit(url, {"classroom": world.far.public_id, "erased": "3-1-1"}).status_code == 422
    assert Post.get().classroom_id == world.cm1.id
    done = browser.submit(url, {"classroom": room, "erased": "3-1-1"})
    assert done.status_code == 303 and done.location.startswith(f"/classes/{room}")
    assert Post.get().classroom_id == world.ce1.id


def test_with_one_class_the_page_says_that_there_is_nowhere_to_go(world, feed):
    post = feed.publish("Bonjour")
    browser = world.sign_in("teacher")
    assert "/deplacer" not in browser.get(f"/publications/{post.public_id}").text
    assert "nulle part" in browser.get(f"/publications/{post.public_id}/deplacer").text


def test_comments_that_race_a_move_are_erased_or_refused_never_kept_unreadable(world, both, feed):
    """Whoever is faster, nothing sealed for the first class is left under a post of the second."""
    import threading

    from appliance.core.errors import DomainError
    from appliance.storage import database

    post, guardian, problems, done = feed.publish("Bonjour"), world.actor("guardian1"), [], threading.Event()

    def talk():
        with database.connection():
            for number in range(25):
                try:
                    actions.comment(guardian, post.public_id, f"Mot {number}")
                except DomainError:
                    if done.is_set():
                        return
                except Exception as error:
                    problems.append(repr(error))

    talker = threading.Thread(target=talk)
    talker.start()
    while not done.is_set():
        try:
            seen = actions.count_answers(post.id)
            actions.move_post(both, post.public_id, world.ce1.public_id, erased=seen)
            done.set()
        except Conflict:
            continue
    talker.join()
    assert problems == [] and not Comment.select().exists()
