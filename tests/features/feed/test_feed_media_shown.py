"""Films, sounds and documents in a card; what is still being prepared or was refused, to those who may know."""

import pytest

from appliance.features.feed.models import Attachment, Post
from appliance.school import policy
from appliance.services.media import access, store
from appliance.services.media.models import Media, MediaTag, Rendition
from appliance.web import caching

SIZES = {"video": (1280, 720), "poster": (1280, 720), "preview": (600, 848), "large": (1600, 1200)}


@pytest.fixture
def attach(world, feed):
    """`attach(family, renditions, **values)` puts a media into a new published post."""

    def make(family, renditions, name="Fichier.pdf", **values):
        post = feed.publish("Voici")
        place = policy.get_access(world.actor("teacher"), world.cm1.public_id)
        media = store.insert(world.actor("teacher"), place, f"media{Media.select().count():010}", b"k" * 32, name,
                             family=family, **values)  # fmt: skip
        for rendition, mime in renditions.items():
            width, height = SIZES.get(rendition, (None, None))
            Rendition.create(
                media=media, name=rendition, blob_id=f"{media.public_id}{rendition}", mime=mime, size=340_000,
                width=width, height=height, stored_size=1, stored_sha256=b"",
            )  # fmt: skip
        Attachment.create(post=Post.get(Post.id == post.id), media=media, position=0)
        return media

    return make


def page(world, who):
    policy.forget()
    caching.store.clear()
    return world.sign_in(who).get(f"/classes/{world.cm1.public_id}").get_data(as_text=True)


@pytest.mark.parametrize("who", ("teacher", "guardian1"))
def test_a_film_fetches_only_its_poster_and_says_its_length(world, attach, who):
    media = attach("video", {"video": "video/mp4", "poster": "image/jpeg"}, state="ready", duration_ms=125_000)
    text = page(world, who)
    assert 'preload="none"' in text and f'poster="/medias/{media.public_id}/poster"' in text
    assert f'<source src="/medias/{media.public_id}/video" type="video/mp4">' in text
    assert "Vidéo 1 sur 1, 2 minutes 5 secondes" in text and "2:05" in text
    assert ('controlslist="nodownload"' in text) == (who == "guardian1")


def test_a_sound_goes_by_the_name_it_was_sent_under(world, attach):
    attach("audio", {"audio": "audio/mp4"}, "Chanson d’automne.webm", state="ready", duration_ms=61_000)
    text = page(world, "guardian1")
    assert "Chanson d’automne" in text and "automne.webm" not in text and "1 minute 1 seconde" in text


def test_a_document_shows_its_first_page_its_pages_and_its_weight(world, attach):
    media = attach(
        "document", {"original": "application/pdf", "preview": "image/jpeg", "thumb": "image/jpeg"}, "Menu.pdf",
        state="ready", pages=2,
    )  # fmt: skip
    text = page(world, "guardian1")
    assert f'src="/medias/{media.public_id}/thumb"' in text and "PDF, 2 pages, 340" in text


@pytest.mark.parametrize(
    ("family", "words"),
    (("video", "Une vidéo arrive…"), ("audio", "Un son arrive…"), ("picture", "Une photo arrive…"), ("", "Un fichier")),
)
def test_families_learn_that_something_arrives_and_nothing_else(world, attach, family, words):
    media = attach(family, {"part-00001": "application/octet-stream"}, "Hugo malade.mov", state="waiting")
    text = page(world, "guardian1")
    assert words in text and "Hugo malade" not in text and media.public_id not in text
    assert not access.is_visible(world.actor("guardian1"), media.public_id)
    staff = page(world, "teacher")
    assert "En préparation…" in staff and f"/televersements/{media.public_id}/etat" in staff


def test_a_refused_file_is_told_to_the_staff_in_words_and_to_families_not_at_all(world, attach):
    media = attach("document", {}, "Sortie.docm", state="refused", reason="macros")
    assert "Sortie" not in page(world, "guardian1") and media.public_id not in page(world, "guardian1")
    text = page(world, "teacher")
    assert "n’a pas été accepté" in text and "macros" in text and "Remplacer" in text


def test_a_quarantined_file_opens_for_nobody(world, attach):
    attach("document", {"original": "application/pdf"}, "Facture.pdf", state="quarantined", reason="virus")
    assert "Facture" not in page(world, "guardian1")
    assert "Mis de côté" in page(world, "teacher")


@pytest.mark.parametrize("who", ("teacher", "guardian1"))
def test_masked_files_cost_one_statement_more_to_the_staff_and_none_to_families(world, attach, count_sql, who):
    def statements():
        browser = world.sign_in(who)
        browser.get("/healthz")
        policy.forget()
        browser.get(f"/classes/{world.cm1.public_id}")
        caching.store.clear()
        with count_sql() as found:
            browser.get(f"/classes/{world.cm1.public_id}")
        return len(found)

    media = [attach("picture", {"large": "image/jpeg"}, state="ready") for _each in range(5)]
    before = statements()
    for each in media:
        MediaTag.create(media=each, student=world.student("Hugo"))
    assert statements() <= before + (who == "teacher")
