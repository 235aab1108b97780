"""Files that were uploaded before the post: attached once, by their sender, to a post of their class; never lost."""

import pytest

from appliance.core import config
from appliance.core.errors import Conflict, NotFound, QuotaReached, Refused
from appliance.features.feed import actions, jobs
from appliance.features.feed.actions import Content
from appliance.features.feed.models import Attachment, Post
from appliance.school import policy
from appliance.services import plans
from appliance.services.media import uploads
from appliance.services.media.models import Media, Upload
from tests.support.files import jpeg, pdf, upload
from tests.support.plan import set_plan

PHOTO = jpeg(400, 300)


@pytest.fixture
def teacher(world):
    return world.actor("teacher")


def send(actor, classroom, data=PHOTO, name="a.jpg", whole=True):
    made = uploads.begin(actor, policy.get_access(actor, classroom), name, len(data)).public_id
    uploads.append(actor, made, 0, data if whole else data[:5000])
    return made


def test_a_post_takes_uploads_in_order_after_the_files_of_its_form(world, teacher):
    place = world.cm1.public_id
    first, second = send(teacher, place), send(teacher, place, pdf(9000), "b.pdf")
    form = [upload(jpeg(300, 300), "c.jpg")]
    post = actions.publish(teacher, place, Content(text="Sortie"), files=form, uploads=[second, first])
    rows = Attachment.select().where(Attachment.post == post).order_by(Attachment.position)
    assert [row.media.public_id for row in rows][1:] == [second, first] and len(rows) == 3


def test_an_upload_alone_is_enough_for_a_post(world, teacher):
    assert actions.publish(teacher, world.cm1.public_id, Content(), uploads=[send(teacher, world.cm1.public_id)])


def test_an_upload_is_attached_once(world, teacher):
    place = world.cm1.public_id
    made = send(teacher, place)
    actions.publish(teacher, place, Content(text="Une"), uploads=[made])
    with pytest.raises(Refused):
        actions.publish(teacher, place, Content(text="Deux"), uploads=[made])
    assert Post.select().count() == Attachment.select().count() == 1


def test_a_form_sent_twice_is_one_post_with_its_uploads(world, teacher):
    place = world.cm1.public_id
    options = {"uploads": [send(teacher, place)], "submission": "abc"}
    first = actions.publish(teacher, place, Content(text="Une"), **options)
    assert actions.publish(teacher, place, Content(text="Une"), **options).id == first.id
    assert Attachment.select().count() == 1


@pytest.mark.parametrize("whose", ["a colleague's", "of another class", "unfinished", "invented"])
def test_what_is_not_ones_own_whole_and_of_this_class_is_refused_and_nothing_is_written(world, teacher, whose):
    place = world.cm1.public_id
    if whose == "a colleague's":
        made = send(world.actor("assistant"), place)
    elif whose == "of another class":
        made = send(world.actor("teacher2"), world.ce1.public_id)
    else:
        made = send(teacher, place, whole=False, data=PHOTO + bytes(9000)) if whose == "unfinished" else "a" * 16
    with pytest.raises(Refused) as refused:
        actions.publish(teacher, place, Content(text="Une"), uploads=[made])
    assert refused.value.field == "uploads" and Post.select().count() == 0


def test_a_refused_post_keeps_the_uploads_and_loses_the_files_of_its_form(world, teacher):
    place, plan = world.cm1.public_id, config.Plan("Petite", photos_per_post=1)
    plans.configure(config.Plans(default="petite", named={"petite": plan}))
    made = [send(teacher, place), send(teacher, place)]
    with pytest.raises(QuotaReached):
        actions.publish(teacher, place, Content(text="Une"), files=[upload(PHOTO, "c.jpg")], uploads=made)
    assert Media.select().where(Media.deleted_at.is_null()).count() == 2
    assert actions.publish(teacher, place, Content(text="Une"), uploads=made[:1])


def test_films_are_counted_by_the_plan(world, teacher):
    place, plan = world.cm1.public_id, config.Plan("Petite", videos_per_post=1)
    plans.configure(config.Plans(default="petite", named={"petite": plan}))
    film = b"\x00\x00\x00\x20ftypisom" + bytes(9000)
    made = []
    for _ in range(2):
        began = uploads.begin(teacher, policy.get_access(teacher, place), "f.mp4", len(film)).public_id
        uploads.append(teacher, began, 0, film[:5000])
        uploads.append(teacher, began, 5000, film[5000:])
        made.append(began)
    with pytest.raises(QuotaReached) as refused:
        actions.publish(teacher, place, Content(text="Une"), uploads=made)
    assert "1 vidéo" in refused.value.message
    assert actions.publish(teacher, place, Content(text="Une"), uploads=made[:1])


def test_a_correction_takes_uploads_and_a_conflict_leaves_them_free(world, teacher):
    place = world.cm1.public_id
    post = actions.publish(teacher, place, Content(text="Une"))
    made = send(teacher, place)
    with pytest.raises(Conflict):
        actions.edit(teacher, post.public_id, Content(text="Deux"), version=9, uploads=[made])
    actions.edit(teacher, post.public_id, Content(text="Deux"), version=1, uploads=[made])
    assert Attachment.get().media.public_id == made


def test_a_file_that_was_taken_out_of_a_post_is_no_upload_any_more(world, teacher):
    place = world.cm1.public_id
    made = send(teacher, place)
    post = actions.publish(teacher, place, Content(text="Une"), uploads=[made])
    actions.edit(teacher, post.public_id, Content(text="Une"), version=1, removed=[made])
    assert Upload.select().count() == 0
    with pytest.raises(NotFound):
        uploads.get(teacher, made)


def test_a_refused_form_is_shown_again_with_its_uploads(world, teacher):
    place = world.cm1.public_id
    made = send(teacher, place)
    browser = world.sign_in("teacher")
    url = f"/classes/{place}/publications/nouvelle"
    form = {"text": "Bonjour", "audience": "groups", "uploads": [made]}
    answer = browser.submit(url, form)
    assert answer.status_code == 422 and f'value="{made}"' in answer.text
    answer = browser.submit(url, {**form, "audience": "whole", "submission": "abc"})
    assert answer.status_code == 303 and Attachment.get().media.public_id == made


def test_a_post_whose_upload_still_waits_is_shown(world, teacher):
    place = world.cm1.public_id
    post = actions.publish(teacher, place, Content(text="Une"), uploads=[send(teacher, place)])
    for who in ("teacher", "guardian1"):
        assert world.sign_in(who).get(f"/publications/{post.public_id}").status_code == 200


def test_what_nobody_attached_goes_after_a_day_and_what_is_arriving_does_not(world, teacher, clock):
    place = world.cm1.public_id
    whole, arriving = send(teacher, place), send(teacher, place, PHOTO + bytes(9000), whole=False)
    for step in range(2):
        clock.advance(hours=20)
        uploads.append(teacher, arriving, 5000 + step, PHOTO[5000 + step :][:1])
    assert jobs.forget_unattached_media() == 1
    assert Media.get(Media.public_id == whole).wrapped_key is None
    assert Media.get(Media.public_id == arriving).wrapped_key is not None


def test_files_that_hide_what_they_are_in_a_short_first_piece_count_all_the_same(world, teacher):
    set_plan(photos_per_post=1)
    place, made = world.cm1.public_id, []
    for _number in range(2):
        made.append(uploads.begin(teacher, policy.get_access(teacher, place), "a.jpg", len(PHOTO)).public_id)
        uploads.append(teacher, made[-1], 0, PHOTO[:100])
        uploads.append(teacher, made[-1], 100, PHOTO[100:])
    with pytest.raises(QuotaReached, match="1 photo au plus"):
        actions.publish(teacher, place, Content(text="Deux"), uploads=made)
    assert actions.publish(teacher, place, Content(text="Une"), uploads=made[:1])
