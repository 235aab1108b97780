"""FORMAT.md opens a whole installation, its key file, rows, files and backups, without the product's code."""

import hashlib
import json
import random

import pytest

from appliance.crypto import keyfile, shares
from appliance.features.feed import actions
from appliance.features.feed.actions import Content
from appliance.school import keys
from appliance.services.backup import making
from appliance.services.backup.targets import Folder
from appliance.services.media import files, uploads
from appliance.storage.database import db
from tests.crypto import decoder
from tests.support.arriving import TEXT, begin
from tests.support.files import jpeg, pdf, upload


class Installation:
    """The rows and files of an installation, opened by the decoder alone."""

    def __init__(self, world):
        self.root = world.blobs.root
        self.kek_id, self.kek = decoder.read_key_file(keyfile.format_kek(keys.ring().keks[0]))
        self.tenant = db.execute_sql("SELECT public_id FROM academy").fetchone()[0]

    def rows(self, columns, source):
        """The rows of a query as tuples of plain bytes, text and numbers."""
        found = db.execute_sql(f"SELECT {columns} FROM {source}").fetchall()
        return [tuple(bytes(each) if isinstance(each, memoryview) else each for each in row) for row in found]

    def tenant_key(self):
        """The key of the academy."""
        ((wrapped, kek_id),) = self.rows("wrapped_key, kek_id", "academy")
        assert kek_id in ("", self.kek_id)
        return decoder.open_wrapped(self.kek, "tenant", self.kek_id, self.tenant, wrapped)

    def class_keys(self):
        """The public id and the key of each class by its row id."""
        rows, tenant = self.rows("id, public_id, wrapped_key", "classroom"), self.tenant_key()
        return {
            row: (public_id, decoder.open_wrapped(tenant, "classroom", self.tenant, public_id, wrapped))
            for row, public_id, wrapped in rows
        }

    def media(self):
        """Each file with what opens it: (rendition, key, context, encrypted bytes, clear size)."""
        classes = self.class_keys()
        source = "media JOIN rendition ON rendition.media_id = media.id ORDER BY rendition.id"
        columns = (
            "media.public_id, classroom_id, born_in, wrapped_key, generation, "
            "rendition.name, blob_id, size, stored_size, stored_sha256"
        )
        for media, place, born_in, wrapped, generation, name, blob, size, stored, digest in self.rows(columns, source):
            key = decoder.open_wrapped(classes[place][1], "object", classes[place][0], media, wrapped)
            parts = ("preau/object/v1", "cobblestone/1", self.tenant, born_in, media, name, generation)
            data = (self.root / hashlib.sha256(blob.encode()).hexdigest()[:2] / blob).read_bytes()
            assert (len(data), hashlib.sha256(data).digest()) == (stored, digest)
            yield name, key, decoder.parts(*parts), data, size

    def texts(self, table, column, row_id, source, key):
        """The sealed texts of a column; `row_id` and `key` are what SQL gives for each row."""
        classes, tenant = self.class_keys(), self.tenant_key()
        return [
            decoder.open_field(tenant if key == "0" else classes[of][1], (self.tenant, table, column, row), sealed)
            for of, row, sealed in self.rows(f"{key}, {row_id}, {table}.{column}", source)
            if sealed
        ]


@pytest.fixture
def installation(world):
    """An installation with a corrected post that has files, an answer, and an upload that is on its way."""
    teacher = world.actor("teacher")
    sent = [upload(jpeg(900, 700), "ferme.jpg"), upload(pdf(40_000), "menu.pdf")]
    post = actions.publish(teacher, world.cm1.public_id, Content(text="Avant"), files=sent)
    actions.edit(teacher, post.public_id, Content(text="Après"), version=1)
    actions.comment(world.actor("guardian1"), post.public_id, "Merci")
    uploads.append(teacher, begin(teacher, post_place(world, teacher)), 0, TEXT[:9000])
    return Installation(world)


def post_place(world, teacher):
    """The class where the teacher publishes."""
    return next(each for each in teacher.classes if each.classroom_public_id == world.cm1.public_id)


@pytest.fixture(params=[1, 2])
def suite(request, world, monkeypatch):
    """The cipher that new files are written in."""
    monkeypatch.setattr(files, "_suite", request.param)
    return request.param


def test_every_file_opens_whole_and_at_any_range(suite, installation):
    assert {of for (of,) in installation.rows("suite", "media")} == {suite}
    beginnings, luck = {}, random.Random(7)
    for name, key, context, data, size in installation.media():
        clear = decoder.decode_file(key, context, data)
        assert len(clear) == size
        for _ in range(20):
            start, end = luck.randrange(size + 20_000), luck.randrange(size + 20_000)
            assert decoder.decode_range(key, context, data, start, end) == clear[start:end]
        beginnings[name] = clear[:5]
    assert beginnings.pop("original") == b"%PDF-"
    assert beginnings.pop("part-00001") == TEXT[:5]
    assert set(beginnings) == {"large", "medium", "thumb"}
    assert all(each.startswith(b"\xff\xd8\xff") for each in beginnings.values())


def test_no_file_opens_in_the_place_of_another(installation):
    found = list(installation.media())
    for name, key, context, _data, _size in found:
        for other, *_rest, data, _size in found:
            if other != name:
                with pytest.raises(ValueError, match="commitment"):
                    decoder.decode_file(key, context, data)


def test_every_sealed_text_opens(installation):
    of_post = "JOIN post ON post.id = post_id"
    assert installation.texts("media", "name", "public_id", "media ORDER BY id", "classroom_id") == [
        b"ferme.jpg",
        b"menu.pdf",
        b"menu.txt",
    ]
    assert installation.texts("post", "sealed", "public_id", "post", "classroom_id") == ["Après".encode()]
    texts = installation.texts("comment", "sealed", "comment.public_id", f"comment {of_post}", "post.classroom_id")
    assert texts == [b"Merci"]
    number = "post.public_id || '.' || number"
    versions = installation.texts("post_version", "sealed", number, f"post_version {of_post}", "post.classroom_id")
    assert sorted(versions) == ["Après".encode(), b"Avant"]
    contacts = installation.texts("guardian", "contact", "public_id", "guardian", "0")
    assert len(contacts) > 5 and all(json.loads(each)["address"] for each in contacts)


def test_the_journal_is_chained_and_its_tree_is_that_of_its_entries(installation):
    entries = installation.rows("seq, entry, leaf", "audit_entry ORDER BY seq")
    leaves, previous = [], bytes(32)
    for number, (seq, entry, leaf) in enumerate(entries):
        said = json.loads(entry)
        assert (seq, said["seq"], said["prev"]) == (number, number, previous.hex())
        assert json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() == entry
        previous = hashlib.sha256(b"\0" + entry).digest()
        assert leaf == previous
        leaves.append(leaf)
    ((size, frontier, last),) = installation.rows("size, frontier, last", "audit_head")
    assert (size, frontier, last) == (len(leaves), decoder.frontier(leaves), previous)
    account, salt = installation.rows("account_public_id, salt", "audit_pseudonym")[0]
    pseudonym = hashlib.sha256(salt + account.encode()).hexdigest()[:24]
    assert any(json.loads(entry)["actor"]["pseudonym"] == pseudonym for _seq, entry, _leaf in entries)


def test_shares_of_the_master_key_give_it_back(installation):
    texts = shares.split(keys.ring().keks[0], 3, 5)
    assert decoder.combine_shares([texts[4], texts[0], texts[2]]) == installation.kek


def test_a_backup_opens_with_the_master_key_alone(world, installation, tmp_path):
    place = tmp_path / "backups"
    name = making.back_up(Folder(place), keys.ring().keks, world.blobs, {}).name

    def lines(path):
        return decoder.open_backup_file(installation.kek, path, (place / path).read_bytes())

    (kept,) = lines("keys.enc")
    assert kept == lines("keys-again.enc")[0] and kept["for"] == name
    tenant = bytes.fromhex(kept["academy"][installation.tenant])
    tenant = decoder.open_wrapped(installation.kek, "tenant", installation.kek_id, installation.tenant, tenant)
    assert tenant == installation.tenant_key()
    assert {public_id: bytes.fromhex(wrapped) for public_id, wrapped in kept["classroom"].items()} == dict(
        installation.rows("public_id, wrapped_key", "classroom")
    )
    dump = lines(f"snapshots/{name}/dump.enc")
    tables = [each for each in dump if isinstance(each, dict) and "table" in each]
    classroom = next(each for each in tables if each["table"] == "classroom")
    row = dict(zip(classroom["columns"], dump[dump.index(classroom) + 1], strict=True))
    assert row["wrapped_key"] == {"b": ""} and row["public_id"] in kept["classroom"]
    (manifest,) = lines(f"snapshots/{name}/manifest.enc")
    for blob, size, digest in manifest["blobs"]:
        data = (place / "blobs" / hashlib.sha256(blob.encode()).hexdigest()[:2] / blob).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, digest)
    assert len(manifest["blobs"]) == len(list(installation.media()))
