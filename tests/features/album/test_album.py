"""The album: by month, only what the reader may see now; an archive for those who may keep copies, and nobody else."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from appliance.core.clock import now as clock_now
from appliance.features.feed import actions as feed
from appliance.features.feed.actions import Content
from appliance.features.feed.models import Attachment, Post
from appliance.school import policy
from appliance.services import audit, background, plans
from appliance.services.media.models import Media, MediaTag, Rendition
from appliance.storage import database
from tests.support.files import jpeg, pdf, upload


def publish(world, *names, to=(), text="La ferme", classroom=None, who="teacher"):
    """A post with photos of these names, for the class or for some children."""
    students = tuple(world.student(name).public_id for name in to)
    content = Content(text=text, audience="children" if to else "whole", students=students)
    photos = [upload(jpeg(900, 600, seed=number), name) for number, name in enumerate(names)]
    return feed.publish(world.actor(who), (classroom or world.cm1).public_id, content, files=photos)


def make_film(media_id: int, duration_ms: int = 65_000):
    """Turn a photo into what processing leaves of a film."""
    Media.update(family="video", kind="mp4", duration_ms=duration_ms).where(Media.id == media_id).execute()
    names = {"large": ("video", "video/mp4"), "medium": ("poster", "image/jpeg")}
    for old, (new, mime) in names.items():
        Rendition.update(name=new, mime=mime).where((Rendition.media == media_id) & (Rendition.name == old)).execute()


@pytest.fixture
def album(world):
    return f"/classes/{world.cm1.public_id}/album"


@pytest.fixture
def two_months(world, clock):
    """Two photos in September, one for Léa alone; one in October."""
    publish(world, "ferme.jpg")
    publish(world, "léa.jpg", to=["Léa"])
    clock.set(datetime(2025, 10, 2, 9, 0, tzinfo=UTC))
    publish(world, "piscine.jpg")


def read_zip(answer) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.status
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return archive


def test_the_latest_month_comes_first_and_the_others_are_one_press_away(world, two_months, album):
    page = world.sign_in("guardian1").get(album).text
    assert "octobre 2025" in page and f"{album}?mois=2025-09" in page and page.count("album__item") == 1
    september = world.sign_in("guardian1").get(f"{album}?mois=2025-09").text
    assert september.count("album__item") == 2 and "2 photos" in september


def test_what_is_for_other_children_is_not_in_the_album_nor_counted(world, two_months, album):
    page = world.sign_in("hugo1").get(f"{album}?mois=2025-09").text
    assert page.count("album__item") == 1 and "2 photos" not in page
    assert world.sign_in("teacher").get(f"{album}?mois=2025-09").text.count("album__item") == 2


@pytest.mark.parametrize("who", ["contact", "withdrawn", "stranger", "zoe1", "teacher2", "admin", "dpo"])
def test_the_album_does_not_exist_for_those_who_have_no_place_in_the_class(world, two_months, album, who):
    browser, media = world.sign_in(who), Media.select().first().public_id
    for url in (album, f"{album}/{media}", f"{album}.zip?mois=2025-09"):
        assert browser.get(url).status_code == 404


def test_documents_drafts_and_withdrawn_posts_are_not_in_the_album(world, album):
    feed.publish(world.actor("teacher"), world.cm1.public_id, Content(text="Menu"), files=[upload(pdf(), "menu.pdf")])
    feed.save_draft(world.actor("teacher"), world.cm1.public_id, Content(text="x"), files=[upload(jpeg(), "a.jpg")])
    withdrawn = publish(world, "b.jpg")
    feed.withdraw(world.actor("teacher"), withdrawn.public_id)
    for who in ("teacher", "guardian1"):
        assert "album__item" not in world.sign_in(who).get(album).text


def test_a_photo_of_a_child_without_image_rights_leaves_the_album_and_the_archive(world, two_months, album):
    media = Media.select().order_by(Media.id).first()
    browser = world.sign_in("guardian1")
    assert f"{media.public_id}/thumb" in browser.get(f"{album}?mois=2025-09").text
    MediaTag.create(media=media, student=world.student("Hugo"))  # who has none
    with database.transaction():
        audit.bump(f"class:{world.cm1.id}")
    assert f"{media.public_id}/thumb" not in browser.get(f"{album}?mois=2025-09").text
    assert browser.get(f"{album}/{media.public_id}").status_code == 404
    names = read_zip(world.sign_in("teacher").get(f"{album}.zip?mois=2025-09")).namelist()
    assert len(names) == 1 and "léa" in names[0]


def test_what_is_not_ready_is_not_in_the_album(world, two_months, album):
    Media.update(state="waiting").execute()
    policy.forget()
    page = world.sign_in("guardian1").get(album)
    assert page.status_code == 200 and "album__item" not in page.text and "Pas encore de photos" in page.text


def test_a_film_has_a_play_mark_its_length_and_a_player(world, two_months, album):
    media = Media.select().order_by(Media.id.desc()).first()
    make_film(media.id)
    page = world.sign_in("guardian1").get(album).text
    assert "album__film" in page and "1:05" in page and "1 vidéo" in page
    shown = world.sign_in("guardian1").get(f"{album}/{media.public_id}").text
    assert f'src="/medias/{media.public_id}/video"' in shown and "nodownload" in shown


def test_one_photo_leads_to_the_next_and_to_its_publication(world, album):
    post = publish(world, "a.jpg", "b.jpg", "c.jpg")
    ids = [row.media.public_id for row in Attachment.select().order_by(Attachment.position)]
    page = world.sign_in("guardian1").get(f"{album}/{ids[1]}").text
    assert f"{album}/{ids[0]}" in page and f"{album}/{ids[2]}" in page and f"/publications/{post.public_id}" in page
    assert "2 / 3" in page and "telecharger" not in page
    assert "telecharger=1" in world.sign_in("teacher").get(f"{album}/{ids[1]}").text


def test_an_address_that_nobody_wrote_is_answered_calmly(world, two_months, album):
    browser = world.sign_in("teacher")
    for month in ("2025-13", "0000-00", "2025", "x" * 300, "2025-09'", "٢٠٢٥-٠٩"):
        assert browser.get(album, query_string={"mois": month}).status_code == 200
        assert browser.get(f"{album}.zip", query_string={"mois": month}).status_code == 404
    assert "Rien ce mois-là" in browser.get(f"{album}?mois=2025-08").text
    assert browser.get(f"{album}.zip?mois=2025-08").status_code == 404
    for media in ("aaaaaaaaaaaaaaaa", "x" * 40, "é"):
        assert browser.get(f"{album}/{media}").status_code == 404


def test_a_month_is_that_of_the_school_s_calendar(world, clock, album):
    clock.set(datetime(2025, 9, 30, 22, 30, tzinfo=UTC))  # the first of October in Paris
    publish(world, "nuit.jpg")
    page = world.sign_in("guardian1").get(album).text
    assert "octobre 2025" in page and "septembre" not in page
    names = read_zip(world.sign_in("teacher").get(f"{album}.zip?mois=2025-10")).namelist()
    assert names == ["2025-10-01 001 nuit.jpg"]


def test_the_questions_asked_do_not_grow_with_the_album(world, album):
    from tests.features.feed.conftest import count_sql as fixture

    counting = getattr(fixture, "__wrapped__", None) or fixture.__pytest_wrapped__.obj
    browser = world.sign_in("guardian1")
    numbers = []
    for _round in range(2):
        publish(world, *(f"{number}.jpg" for number in range(6)))
        policy.forget()
        with counting()() as statements:
            browser.get(album)
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    of_the_album = [text for text in statements if "attachment" in text]
    assert len(of_the_album) == 2


def test_the_archive_holds_each_photo_under_a_name_of_its_own_and_is_journaled(world, album):
    publish(world, "la ferme.png", "la ferme.jpg", "../../etc/passwd", "LA FERME.JPG")
    answer = world.sign_in("teacher").get(f"{album}.zip?mois=2025-09")
    archive = read_zip(answer)
    assert archive.namelist() == [
        "2025-09-15 001 la ferme.jpg",
        "2025-09-15 002 la ferme.jpg",
        "2025-09-15 003 passwd.jpg",
        "2025-09-15 004 LA FERME.jpg",
    ]
    assert archive.infolist()[0].date_time == (2025, 9, 15, 10, 0, 0)
    assert all(archive.read(name)[:2] == b"\xff\xd8" for name in archive.namelist())
    assert answer.mimetype == "application/zip" and "Album CM1 A 2025-09.zip" in answer.headers["Content-Disposition"]
    last = bytes(audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).get().entry).decode()
    assert '"event":"album_exported"' in last and '"operation":"export"' in last and "2025-09, 4 files" in last


def test_all_months_come_in_one_archive(world, two_months, album):
    names = read_zip(world.sign_in("teacher").get(f"{album}.zip")).namelist()
    assert [name[:14] for name in names] == ["2025-09-15 001", "2025-09-15 002", "2025-10-02 003"]


def test_a_family_gets_the_archive_with_comfort_only_and_only_what_it_may_see(world, two_months, album):
    hugo1, url = world.sign_in("hugo1"), f"{album}.zip?mois=2025-09"
    assert hugo1.get(url).status_code == 403 and "album.zip" not in hugo1.get(album).text
    plans.choose_for_classroom(world.actor("admin"), world.cm1, "", True)
    assert "album.zip?mois=2025-10" in hugo1.get(album).text
    assert read_zip(hugo1.get(url)).namelist() == ["2025-09-15 001 ferme.jpg"]
    assert len(read_zip(world.sign_in("guardian2").get(url)).namelist()) == 2


def test_a_range_is_exact_and_an_interrupted_download_goes_on(world, two_months, album):
    browser, url = world.sign_in("teacher"), f"{album}.zip?mois=2025-09"
    whole = browser.get(url)
    tag, data = whole.headers["ETag"], whole.data
    assert not tag.startswith("W/") and whole.headers["Accept-Ranges"] == "bytes"
    for start, stop in ((0, 1), (0, 100), (30, 31), (len(data) // 2, len(data)), (len(data) - 22, len(data))):
        part = browser.get(url, headers={"Range": f"bytes={start}-{stop - 1}", "If-Range": tag})
        assert part.status_code == 206 and part.data == data[start:stop]
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(data)}"
    assert browser.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).data == data
    assert browser.get(url, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    assert browser.get(url, headers={"If-None-Match": tag}).status_code == 304
    head = browser.head(url)
    assert head.status_code == 200 and head.content_length == len(data) and head.data == b""
    publish(world, "encore.jpg")
    assert browser.head(f"{album}.zip?mois=2025-10").headers["ETag"] != browser.head(url).headers["ETag"] == tag


def test_every_part_that_is_sent_is_in_the_journal_and_a_question_about_it_is_not(world, two_months, album):
    browser, url = world.sign_in("teacher"), f"{album}.zip?mois=2025-09"

    def count():
        return sum(b"album_exported" in bytes(row.entry) for row in audit.AuditEntry.select())

    browser.head(url)
    browser.get(url, headers={"Range": "bytes=999999999-"})
    assert count() == 0
    browser.get(url, headers={"Range": "bytes=5-"})
    assert count() == 1


def test_a_checksum_that_a_row_lacks_is_made_once(world, two_months, album):
    Rendition.update(crc32=None).execute()
    read_zip(world.sign_in("teacher").get(f"{album}.zip"))
    made = [row.crc32 for row in Rendition.select().where(Rendition.name == "large")]
    assert None not in made
    assert {row.crc32 for row in Rendition.select().where(Rendition.name != "large")} == {None}


def damage(world, *, name="large"):
    row = Rendition.select().where(Rendition.name == name).order_by(Rendition.id.desc()).first()
    path = next(each for each in world.blobs.list_files() if each.name == row.blob_id)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    return row


def test_a_damaged_photo_cuts_the_archive_never_gives_a_wrong_byte_and_raises_the_alarm(world, album):
    from appliance.crypto.errors import Tampered
    from appliance.web import downloads

    publish(world, "a.jpg", "b.jpg")
    browser, url = world.sign_in("teacher"), f"{album}.zip"
    good = browser.get(url).data
    row = damage(world)
    answer = browser.get(url)
    found = b""
    with pytest.raises(Tampered):
        for piece in answer.response:
            found += piece
    assert good.startswith(found) and len(found) < len(good)
    answer.close()
    background.drain()
    database.connect()
    assert (row.media.public_id, "tampered") in downloads._alarmed
    entries = b"".join(bytes(each.entry) for each in audit.AuditEntry.select())
    assert b"media_tampered" in entries and row.media.public_id.encode() in entries


@pytest.mark.parametrize("harm", ["missing", "cut", "unreadable", "known to be damaged", "no checksum"])
def test_a_file_that_cannot_be_given_is_left_out_beforehand_and_named_in_a_note(world, album, harm):
    publish(world, "ferme.jpg", "piscine.jpg", "gare.jpg")
    browser, url = world.sign_in("teacher"), f"{album}.zip?mois=2025-09"
    row = Rendition.select().where(Rendition.name == "large").order_by(Rendition.id)[1]
    path = world.blobs.path_of(row.blob_id)
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif harm == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    if harm in ("no checksum", "unreadable"):
        Rendition.update(crc32=None).execute()
    if harm == "known to be damaged":
        Rendition.update(damaged_at=clock_now()).where(Rendition.id == row.id).execute()
    answer = browser.get(url)
    archive = read_zip(answer)
    names = archive.namelist()
    assert names == ["2025-09-15 001 ferme.jpg", "2025-09-15 003 gare.jpg", "À lire.txt"]
    note = archive.read("À lire.txt").decode()
    assert "2025-09-15 002 piscine.jpg" in note and "ferme" not in note
    rest = browser.get(url, headers={"Range": f"bytes={len(answer.data) - 400}-", "If-Range": answer.headers["ETag"]})
    assert rest.status_code == 206 and rest.data == answer.data[-400:]
    background.drain()
    database.connect()
    entries = [bytes(each.entry).decode() for each in audit.AuditEntry.select()]
    assert any(row.media.public_id in each and '"outcome":"failure"' in each for each in entries)
    assert any("album_exported" in each and "2 files" in each for each in entries)


def test_an_album_of_which_no_file_is_left_is_a_note(world, album):
    publish(world, "a.jpg")
    for path in world.blobs.list_files():
        path.unlink()
    assert read_zip(world.sign_in("teacher").get(f"{album}.zip")).namelist() == ["À lire.txt"]


def test_a_file_that_was_put_back_is_in_the_archive_again(world, album):
    publish(world, "a.jpg")
    Rendition.update(damaged_at=clock_now()).execute()
    assert read_zip(world.sign_in("teacher").get(f"{album}.zip")).namelist() == ["2025-09-15 001 a.jpg"]


def test_the_team_sees_how_much_room_is_left_and_families_do_not(world, two_months, album):
    assert "<meter" in world.sign_in("teacher").get(album).text
    assert "<meter" not in world.sign_in("guardian1").get(album).text
    assert Post.select().count() == 3


@pytest.mark.parametrize("month", ("9999-12", "3000-01", "1970-01", "2999-12"))
def test_no_month_is_too_far_to_be_answered(world, two_months, album, month):
    browser = world.sign_in("teacher")
    assert browser.get(f"{album}?mois={month}").status_code == 200
    assert browser.get(f"{album}.zip?mois={month}").status_code == 404
