"""What was taken away after a backup is taken away again when that backup is restored."""

import pytest

from appliance.core import clock
from appliance.features.feed.models import Comment, Post
from appliance.school.models import Account, Guardianship, Student
from appliance.services.backup import ledger, withdrawals
from appliance.services.media.models import Media, MediaTag
from appliance.storage.database import transaction


def test_every_kind_of_withdrawal_is_kept(world):
    assert withdrawals and {"media", "photo_rights", "authority", "account", "comment"} <= set(ledger._known)


@pytest.fixture
def erased(world):
    """What the latest backup says was taken away."""

    def collect():
        return {name: sorted(list_erased()) for name, (list_erased, _again) in ledger._known.items()}

    return collect


def replay(kept):
    with transaction():
        for name, ids in kept.items():
            ledger._known[name][1](ids)


def test_a_refusal_of_image_rights_takes_the_older_permission_back(world, erased):
    lea = world.student("Léa")
    Student.update(photo_rights="no").where(Student.id == lea.id).execute()
    kept = erased()
    # the older snapshot: she could be shown, and somebody had chosen to
    Student.update(photo_rights="yes").where(Student.id == lea.id).execute()
    media = Media.create(classroom=world.cm1, family="picture", wrapped_key=b"x")
    MediaTag.create(media=media, student=lea, allowed_at=clock.now(), allowed_by=world.account("teacher"))
    replay(kept)
    assert Student.get_by_id(lea.id).photo_rights == "no"
    assert MediaTag.get(MediaTag.media == media).allowed_at is None


def test_a_court_order_outlives_a_restore(world, erased):
    link = Guardianship.select().where(Guardianship.authority == "legal").first()
    Guardianship.update(authority="withdrawn", document_reference="JAF 26/1").where(
        Guardianship.id == link.id
    ).execute()
    kept = erased()
    Guardianship.update(authority="legal", document_reference="").where(Guardianship.id == link.id).execute()
    others = Guardianship.select().where(Guardianship.authority == "legal").count()
    replay(kept)
    again = Guardianship.get_by_id(link.id)
    assert (again.authority, again.document_reference) == ("withdrawn", "JAF 26/1")
    assert Guardianship.select().where(Guardianship.authority == "legal").count() == others - 1


def test_a_closed_account_and_a_removed_comment_stay_so(world, erased):
    someone = world.account("guardian1")
    post = Post.create(classroom=world.cm1, author=world.account("teacher"), sealed=b"x", status="published")
    comment = Comment.create(post=post, author=someone, from_staff=False, sealed=None, removed_at=clock.now())
    Account.update(disabled_at=clock.now()).where(Account.id == someone.id).execute()
    kept = erased()
    Account.update(disabled_at=None).where(Account.id == someone.id).execute()
    Comment.update(sealed=b"words", removed_at=None).where(Comment.id == comment.id).execute()
    replay(kept)
    assert Account.get_by_id(someone.id).disabled_at is not None
    restored = Comment.get_by_id(comment.id)
    assert restored.sealed is None and restored.removed_at is not None
