"""The journal: an entry for each write, in its transaction's fate, chained and without a name."""

import hashlib
import json
import threading
from datetime import timedelta

import pytest

from appliance.core.clock import now as clock_now
from appliance.crypto import merkle
from appliance.school.models import Classroom, Revision
from appliance.services import audit
from appliance.services.people import places
from appliance.storage import database


def record(world, **options):
    with database.transaction():
        return audit.record(
            world.actor("teacher"), "update", "post_updated", kind="post", object_id="p1",
            classroom=world.cm1.public_id, classroom_id=world.cm1.id, **options,
        )  # fmt: skip


def last_entry():
    return json.loads(audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).get().entry)


def test_an_entry_says_who_what_and_when_without_a_name(world):
    record(world)
    entry, text = last_entry(), audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).get().entry
    assert entry["operation"] == "update" and entry["actor"]["role"] == "teacher"
    assert entry["at"] == "2025-09-15T08:00:00.000000Z" and entry["object"]["id"] == "p1"
    for secret in (b"Sophie", b"Martin", b"teacher@demo.test", world.account("teacher").public_id.encode()):
        assert secret not in text


def test_a_rolled_back_write_leaves_no_entry(world):
    size, root = audit.root()
    with pytest.raises(RuntimeError), database.transaction():
        places.create_school(None, world.academy, "Nulle part")
        raise RuntimeError
    assert audit.root() == (size, root)


def test_a_write_outside_a_transaction_is_a_mistake(world):
    with pytest.raises(RuntimeError):
        audit.record(None, "create", "x", kind="post")


def test_each_entry_changes_the_root_which_is_that_of_all_leaves(world):
    before = audit.root()
    record(world)
    leaves = [entry.leaf for entry in audit.AuditEntry.select().order_by(audit.AuditEntry.seq)]
    assert audit.root() == (before[0] + 1, merkle.root_of(leaves)) != before


def test_the_whole_journal_verifies(world):
    record(world)
    assert audit.verify() == []


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    cut = 1
    while 2 * cut < len(leaves):
        cut *= 2
    return hashlib.sha256(b"\1" + _root(leaves[:cut]) + _root(leaves[cut:])).digest()


def _only_whole_numbers_and_texts(value) -> bool:
    if isinstance(value, dict):
        return all(name.isascii() and _only_whole_numbers_and_texts(each) for name, each in value.items())
    return type(value) in (int, str) and (type(value) is str or abs(value) < 2**53)


def test_whoever_has_the_rows_and_the_two_standards_finds_the_same_tree(world):
    """With nothing of ours: RFC 8785 for such values is what `json` writes sorted and close; RFC 6962 is above."""
    record(world, reason='Zoé “l’été” \u2028\x7f\\ \U0001f600 "\n\t\x1f')
    leaves, previous = [], bytes(32)
    for number, row in enumerate(audit.AuditEntry.select().order_by(audit.AuditEntry.seq)):
        raw = bytes(row.entry)
        entry = json.loads(raw)
        assert _only_whole_numbers_and_texts(entry)
        assert json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == raw
        assert (entry["seq"], entry["prev"]) == (number, previous.hex())
        previous = hashlib.sha256(b"\0" + raw).digest()
        leaves.append(previous)
    assert audit.root() == (len(leaves), _root(leaves)) and len(leaves) > 40


def test_an_instant_rewritten_beside_an_entry_is_noticed(world):
    last = record(world)
    audit.AuditEntry.update(at=clock_now() - timedelta(days=400)).where(audit.AuditEntry.seq == last).execute()
    assert audit.verify() == [f"the instant beside entry {last} is not its own"]


@pytest.mark.parametrize("harm", ["edit", "delete", "swap"])
def test_a_journal_rewritten_in_the_database_is_noticed(world, harm):
    record(world)
    size, _root = audit.root()
    target = audit.AuditEntry.get_by_id(size // 2)
    with database.transaction():
        if harm == "edit":
            changed = target.entry.replace(b"success", b"failure")
            audit.AuditEntry.update(entry=changed).where(audit.AuditEntry.seq == target.seq).execute()
        elif harm == "delete":
            target.delete_instance()
        else:
            other = audit.AuditEntry.get_by_id(size // 2 + 1)
            audit.AuditEntry.update(entry=other.entry, leaf=other.leaf).where(
                audit.AuditEntry.seq == target.seq
            ).execute()
    assert audit.verify()


@pytest.mark.parametrize("harm", ["the last entry goes", "one more than the tree", "another root", "no tree at all"])
def test_a_tree_that_is_not_the_tables_is_noticed(world, harm):
    record(world)
    size, _root = audit.root()
    last = audit.AuditEntry.get_by_id(size - 1)
    with database.transaction():
        if harm == "the last entry goes":
            last.delete_instance()
        elif harm == "one more than the tree":
            entry = last.entry.replace(json.loads(last.entry)["prev"].encode(), last.leaf.hex().encode())
            audit.AuditEntry.insert(seq=size, at=last.at, entry=entry, leaf=merkle.leaf_hash(entry)).execute()
        elif harm == "another root":
            audit.AuditHead.update(frontier=merkle.Frontier().append(b"x" * 32).to_bytes()).execute()
        else:
            audit.AuditHead.delete().execute()
    assert audit.verify()


def test_whoever_writes_during_a_verification_raises_no_alarm(world, monkeypatch):
    record(world)
    each, written = audit._each_entry, []

    def while_others_write():
        for row in each():
            if len(written) < 3:
                written.append(record(world))
            yield row

    monkeypatch.setattr(audit, "_each_entry", while_others_write)
    assert audit.verify() == [] and len(written) == 3
    monkeypatch.setattr(audit, "_BATCH", 2)
    assert audit.verify() == []


def test_a_verification_holds_a_batch_at_a_time(world, monkeypatch):
    monkeypatch.setattr(audit, "_BATCH", 7)
    read, execute = [], database.db.execute_sql

    def listen(sql, *arguments, **options):
        if '"audit_entry"' in sql:
            read.append(sql)
        return execute(sql, *arguments, **options)

    monkeypatch.setattr(database.db.obj, "execute_sql", listen)
    assert audit.verify() == []
    assert len(read) > audit.root()[0] // 7 and all("LIMIT" in sql for sql in read)


def test_a_pseudonym_is_steady_and_its_salt_can_be_erased(world):
    person = world.account("guardian1").public_id
    with database.transaction():
        first = audit.pseudonym(person)
        assert audit.pseudonym(person) == first
        audit.AuditPseudonym.delete().where(audit.AuditPseudonym.account_public_id == person).execute()
        assert audit.pseudonym(person) != first
    assert audit.verify() == []


def test_a_write_makes_what_caches_watch_stale(world):
    scope = f"class:{world.cm1.id}"
    before = Revision.get_or_none(Revision.scope == scope)
    record(world)
    assert Revision.get(Revision.scope == scope).value == (before.value if before else 0) + 1


def test_a_refused_write_makes_nothing_stale(world):
    access = Revision.get(Revision.scope == "access").value
    with database.transaction():
        audit.record(None, "update", "x", kind="account", outcome="failure")
    assert Revision.get(Revision.scope == "access").value == access


def test_addresses_are_truncated():
    assert audit.truncate_address("203.0.113.77") == "203.0.113.0/24"
    assert audit.truncate_address("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert audit.truncate_address("nonsense") == ""


def test_creating_a_class_is_journaled(world):
    with database.transaction():
        places.create_classroom(world.actor("principal"), Classroom.get().school, Classroom.get().year, "CM2")
    assert last_entry()["event"] == "classroom_created"


def test_a_pseudonym_that_was_rolled_back_is_not_remembered(world):
    person = world.actor("hugo1")
    audit.AuditPseudonym.delete().where(audit.AuditPseudonym.account_public_id == person.public_id).execute()
    with pytest.raises(RuntimeError), database.transaction():
        audit.record(person, "update", "x", kind="post")
        raise RuntimeError
    with database.transaction():
        audit.record(person, "update", "x", kind="post")
    assert last_entry()["actor"]["pseudonym"] == audit.pseudonym(person.public_id)


def test_an_erased_salt_is_forgotten_with_the_write_on_the_account(world):
    record(world)
    before, person = last_entry()["actor"]["pseudonym"], world.actor("teacher").public_id
    with database.transaction():
        audit.AuditPseudonym.delete().where(audit.AuditPseudonym.account_public_id == person).execute()
        audit.record(None, "delete", "user_erased", kind="account", object_id=person)
    record(world)
    assert last_entry()["actor"]["pseudonym"] != before


def test_one_write_moves_all_the_scopes_that_it_names_known_or_not(world):
    with database.transaction():
        audit.bump("new:1")
        audit.bump("new:1", "new:2", "new:3")
    values = {row.scope: row.value for row in Revision.select().where(Revision.scope.startswith("new:"))}
    assert values == {"new:1": 2, "new:2": 1, "new:3": 1}


def test_an_entry_follows_the_one_before_it_after_a_rollback(world):
    first = record(world)
    with pytest.raises(ZeroDivisionError), database.transaction():
        record(world)
        raise ZeroDivisionError
    assert record(world) == first + 1
    assert audit.verify() == []


def test_an_entry_follows_what_another_process_wrote_meanwhile(world):
    first = record(world)
    remembered, audit._head = audit._head, None
    second = record(world)  # as another process would, of which this one remembers nothing
    audit._head = remembered
    assert (second, record(world)) == (first + 1, first + 2)
    assert audit.verify() == []


def test_writers_at_the_same_time_make_one_chain(world):
    before, actor = record(world), world.actor("teacher")

    def write():
        with database.connection():
            for _ in range(20):
                with database.transaction():
                    audit.record(actor, "update", "post_updated", kind="post", object_id="p1")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert last_entry()["seq"] == before + 80
    assert audit.verify() == []
