"""A comparison takes a while: what is there at its end under the same row ids may be another file (SQLite gives the id
of a row that went away to the next one)."""

import pytest

from appliance.core.config import Care
from appliance.school import policy
from appliance.services import audit
from appliance.services.media import care, scrub, store
from appliance.services.media.models import Rendition
from appliance.storage import database
from tests.access.filling import document, photo


@pytest.fixture
def accept(world):
    """Puts two files into the class."""
    teacher = world.actor("teacher")
    access = policy.get_access(teacher, world.cm1.public_id)
    scrub.configure(world.blobs, Care(scrub_mb_per_second=10000))
    scrub.stopping.clear()
    return lambda: store.accept(teacher, access, [photo(), document()])


def _ids() -> list[int]:
    return [row.id for row in Rendition.select(Rendition.id).order_by(Rendition.id)]


def _overtaken(monkeypatch, accept, old, outcome: str):
    """Have the rows replaced by others right after the last comparison, all of which end so."""
    ids, left = _ids(), Rendition.select().count()

    def compare(_each):
        nonlocal left
        left -= 1
        if not left:
            with database.connection():
                store.discard(old)
                accept()
        return outcome

    monkeypatch.setattr(scrub, "_compare", compare)
    return ids


@pytest.mark.parametrize("outcome", [care.DAMAGED, care.MISSING])
def test_a_file_is_not_blamed_for_the_one_whose_row_it_took(accept, clock, monkeypatch, caplog, outcome):
    old = accept()
    clock.advance(days=8)
    ids = _overtaken(monkeypatch, accept, old, outcome)
    scrub.run()
    assert _ids() == ids or not database.is_sqlite()
    assert scrub.report().damaged == 0 and caplog.text == ""
    assert not [row for row in audit.AuditEntry.select() if b"media_file_damaged" in bytes(row.entry)]


def test_a_file_was_not_compared_when_the_one_whose_row_it_took_was(accept, clock, monkeypatch):
    old = accept()
    clock.advance(days=8)
    _overtaken(monkeypatch, accept, old, "")
    scrub.run()
    assert Rendition.select().where(Rendition.checked_at.is_null()).count() == 4


def test_a_file_is_not_missing_because_the_one_whose_row_it_took_is(world, accept, monkeypatch):
    old = accept()
    world.blobs.path_of(Rendition.select().order_by(Rendition.id).get().blob_id).unlink()
    find_damage = care.find_damage

    def overtaken(*arguments):
        kind = find_damage(*arguments)
        if kind:
            monkeypatch.setattr(care, "find_damage", find_damage)
            store.discard(old)
            accept()
        return kind

    monkeypatch.setattr(care, "find_damage", overtaken)
    assert [each.kind for each in care.walk(world.blobs) if each.kind == care.MISSING] == []
