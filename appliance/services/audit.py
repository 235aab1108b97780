"""The journal: every write and every sensitive read leaves one entry, in the same transaction as what it tells.

Entries are canonical JSON (RFC 8785) chained by `prev` and gathered in an RFC 6962 tree (03 §3.5). They hold no
content, no name and no address: people appear under a pseudonym whose salt lies in a side table, so that an erasure
keeps the chain valid. A write also moves the revisions that caches watch: what is not in the journal is never stale,
what is in it never stays cached.
"""

import contextvars
import functools
import hashlib
import ipaddress
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import peewee

from appliance.core import clock
from appliance.crypto import canonical, merkle
from appliance.school import policy
from appliance.school.models import Revision
from appliance.storage import database
from appliance.storage.database import Table, db
from appliance.storage.fields import BytesField, InstantField, to_micros
from appliance.storage.prepared import P, Prepared, many

WRITES = frozenset({"create", "update", "delete"})
READS = frozenset({"read", "disclose", "export"})
OPERATIONS = WRITES | READS | {"authenticate", "administer", "system"}
_BATCH = 1000  # entries that a verification holds at a time
# What changes who may see what: a write on one of these makes every remembered decision stale.
ACCESS_OBJECTS = frozenset(
    (
        "academy school year classroom membership student enrolment group "
        "account office guardian guardianship join_request roster notice"
    ).split()
)


class AuditEntry(Table):
    """One entry: its place in the tree, its canonical bytes and its leaf hash."""

    seq = peewee.BigIntegerField(primary_key=True)
    at = InstantField(index=True)
    entry = BytesField()
    leaf = BytesField()


class AuditHead(Table):
    """The tree's size, its right edge (RFC 6962 compact range) and the last leaf: one row."""

    id = peewee.IntegerField(primary_key=True)
    size = peewee.BigIntegerField()
    frontier = BytesField()
    last = BytesField()


class AuditPseudonym(Table):
    """The salt of one person's pseudonym; deleting the row makes their entries unlinkable, and the chain stays valid.

    It is deleted with a write on the account, so that the access revision forgets the name (`_name_of`).
    """

    account_public_id = peewee.CharField(max_length=16, primary_key=True)
    salt = BytesField()


MODELS = (AuditEntry, AuditHead, AuditPseudonym)


@dataclass(frozen=True)
class Source:
    """Where a request comes from: the network is truncated, the agent is a family of browsers."""

    request_id: str = ""
    network: str = ""
    agent: str = ""


_NOWHERE = Source()
_source: contextvars.ContextVar[Source] = contextvars.ContextVar("source", default=_NOWHERE)
_HEAD = Prepared(
    lambda: database.locked(
        AuditHead.select(AuditHead.size, AuditHead.frontier, AuditHead.last).where(AuditHead.id == 1)
    )
)
_SALT = Prepared(
    lambda: AuditPseudonym.select(AuditPseudonym.salt).where(AuditPseudonym.account_public_id == P("account"))
)
_BUMP = Prepared(lambda: Revision.update(value=Revision.value + 1).where(Revision.scope.in_(many("scopes"))))
_KNOWN = Prepared(lambda: Revision.select(Revision.scope).where(Revision.scope.in_(many("scopes"))))
_INSERT = Prepared(lambda: AuditEntry.insert(seq=P("seq"), at=P("at"), entry=P("entry"), leaf=P("leaf")))
# Only from the head that the entry was chained to: another writer's makes it match nothing.
_ADVANCE = Prepared(
    lambda: AuditHead.update(size=P("size"), frontier=P("frontier"), last=P("last")).where(
        (AuditHead.id == 1) & (AuditHead.size == P("expected")) & (AuditHead.last == P("prev"))
    )
)


_head: tuple[int, bytes, bytes] | None = None  # size, right edge and last leaf, as this process left them


def set_source(source: Source) -> None:
    """Say where the request being answered comes from."""
    _source.set(source)


@functools.lru_cache(maxsize=1024)
def truncate_address(address: str) -> str:
    """The /24 (IPv4) or /48 (IPv6) of an address: enough to see an attack, not a home."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(8)


_BOOT = _boot_id()


def pseudonym(account_public_id: str) -> str:
    """The name under which the journal knows a person; made at their first entry."""
    if not account_public_id:
        return ""
    row = _SALT.first(account=account_public_id)
    if row is None:  # two first entries at once: one salt, whoever commits first
        fresh = AuditPseudonym.insert(account_public_id=account_public_id, salt=secrets.token_bytes(16))
        fresh.on_conflict_ignore().execute()
        row = _SALT.first(account=account_public_id)
    return hashlib.sha256(row.salt + account_public_id.encode()).hexdigest()[:24]


def _name_of(actor) -> str:
    """The actor's pseudonym, read once under each access revision; only what a commit has kept is remembered."""
    name = policy.recall("pseudonym", actor)
    if name is None:
        name = pseudonym(actor.public_id)
        if actor.public_id:
            database.after_commit(lambda: policy.keep("pseudonym", actor, pseudonym(actor.public_id)))
    return name


def record(
    actor,
    operation: str,
    event: str,
    *,
    kind: str,
    object_id: str = "",
    classroom: str = "",
    classroom_id: int | None = None,
    tenant: str = "",
    outcome: str = "success",
    reason: str = "",
    role: str = "",
    stale: tuple[str, ...] = (),
) -> int:
    """Append one entry and return its number; it shares the fate of the transaction that it is called in.

    `actor` is a policy.Actor or None (nobody is signed in, or the system). `kind` is the type of the object and
    `object_id` its public id; `classroom_id` is the class whose pages this write changes, `stale` other scopes.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"unknown journal operation {operation}")
    if operation in WRITES | READS and not database.in_transaction():
        raise RuntimeError("a write is recorded inside its own transaction")
    with database.transaction():
        seq = _append(
            {
                "actor": {
                    "type": "person" if actor is not None and actor.public_id else "system",
                    "pseudonym": _name_of(actor) if actor is not None else "",
                    "role": role or (actor.role_label if actor is not None and actor.public_id else ""),
                    "session": actor.session_public_id if actor is not None else "",
                },
                "operation": operation,
                "event": event,
                "object": {"type": kind, "id": object_id, "classroom": classroom, "tenant": tenant},
                "outcome": outcome,
                "reason": reason,
            }
        )
        scopes = list(stale)
        if operation in WRITES and outcome == "success":
            if kind in ACCESS_OBJECTS:
                scopes.append("access")
            if classroom_id is not None:
                scopes.append(f"class:{classroom_id}")
        bump(*scopes)
    return seq


def _append(body: dict) -> int:
    """Chain one entry to the head. SQLite's single writer tries the one that it left first: a rollback or another
    process may have made it untrue, which the statement that moves it tells. PostgreSQL's wait where it is read."""
    global _head
    source = _source.get()
    for head in (_head if database.is_sqlite() else None, None):
        size, edge, last = head or _read_head()
        at = clock.now()  # once nobody else can write before: entries are in the order of their instants
        entry = canonical.canonical_bytes(
            {
                "seq": size,
                "at": _stamp(at),
                "clock": {"boot_id": _BOOT, "monotonic": time.monotonic_ns() // 1000},
                **body,
                "source": {"network": source.network, "agent": source.agent},
                "request_id": source.request_id,
                "prev": last.hex(),
            }
        )
        leaf = merkle.leaf_hash(entry)
        frontier = merkle.Frontier.from_bytes(edge) if size else merkle.Frontier()
        edge = frontier.append(leaf).to_bytes()
        if _ADVANCE.run(size=size + 1, frontier=edge, last=leaf, expected=size, prev=last):
            _INSERT.run(seq=size, at=to_micros(at), entry=entry, leaf=leaf)
            _head = (size + 1, edge, leaf)
            return size
    raise RuntimeError("the journal's head moved while it was held")


def _read_head() -> tuple[int, bytes, bytes]:
    row = _HEAD.first()
    if row is None:
        AuditHead.create(id=1, size=0, frontier=b"", last=bytes(32))
        row = _HEAD.first()
    return row.size, bytes(row.frontier), bytes(row.last)


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def bump(*scopes: str) -> None:
    """Make everything cached under these scopes stale once the transaction commits."""
    if not scopes or _BUMP.run(scopes=scopes) == len(scopes):
        return
    for scope in sorted(set(scopes) - {row.scope for row in _KNOWN.all(scopes=scopes)}):
        Revision.insert(scope=scope, value=1).on_conflict(
            conflict_target=[Revision.scope], update={Revision.value: Revision.value + 1}
        ).execute()


def root() -> tuple[int, bytes]:
    """The size of the tree and its RFC 6962 root."""
    head = AuditHead.get_or_none(AuditHead.id == 1)
    if head is None or not head.size:
        return 0, merkle.EMPTY_ROOT
    return head.size, merkle.Frontier.from_bytes(head.frontier).root()


def verify() -> list[str]:
    """Recompute the chain and the tree from the entries; the list of what is wrong, empty when all is well.

    Others may write meanwhile: the tree is compared as it was at the beginning, and what came since must follow.
    """
    size, expected = root()
    problems, frontier, previous, count, reached = [], merkle.Frontier(), bytes(32), 0, expected
    for row in _each_entry():
        if row.seq != count or merkle.leaf_hash(row.entry) != row.leaf:
            problems.append(f"entry {row.seq} was altered, removed or inserted")
        if f'"at":"{_stamp(row.at)}"'.encode() not in row.entry:
            problems.append(f"the instant beside entry {row.seq} is not its own")
        if f'"prev":"{previous.hex()}"'.encode() not in row.entry:
            problems.append(f"entry {row.seq} does not follow the one before it")
        frontier.append(merkle.leaf_hash(row.entry))
        previous, count = row.leaf, count + 1
        if count == size:
            reached = frontier.root()
    if count < size or reached != expected or root()[0] < count:
        problems.append(f"the tree holds {size} entries, the table {count}, or their roots differ")
    return problems


def _each_entry() -> Iterator[AuditEntry]:
    """All entries in order, a batch at a time: a long journal takes no more memory than a short one."""
    last = -1
    while rows := list(AuditEntry.select().where(AuditEntry.seq > last).order_by(AuditEntry.seq).limit(_BATCH)):
        yield from rows
        last = rows[-1].seq


__all__ = ["AuditEntry", "AuditHead", "AuditPseudonym", "Source", "bump", "db", "pseudonym", "record", "root", "verify"]
