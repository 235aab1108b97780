"""The accounts within reach of those who administer: found, ordered and cut into pages by the database, however many.

A head of school reaches the accounts of that school; an administrator, those of all schools of their academy and of its
offices. Someone with several places is there once, with all of those that are within reach.
"""

from collections import defaultdict
from dataclasses import dataclass

from peewee import JOIN, Value, fn

from appliance.core.errors import NotFound
from appliance.features.administration.queries import academy_ids, school_ids
from appliance.school.models import Account, Classroom, Guardian, Membership, Office, School, Session
from appliance.school.policy import tint
from appliance.services import audit
from appliance.services.people.accounts import one_line
from appliance.storage.database import transaction
from appliance.storage.searching import holds

PAGE = 100


@dataclass(frozen=True)
class Person:
    """An account as those who administer see it: who, how they sign in, their places, its state."""

    public_id: str
    name: str
    identifier: str
    places: tuple[tuple[str, str], ...]
    state: str

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        words = self.name.split()
        return "".join(word[:1] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class People:
    """One page of accounts, of those that were searched; `total` counts all that are within reach."""

    people: list[Person]
    total: int
    page: int
    has_more: bool


def list_people(actor, searched: str = "", page: int = 1) -> People:
    """The accounts within reach whose name or identifier holds this text, by name; a page too far is the last one."""
    reach = _reach(actor)
    total, found = reach.count(), Account.select().where(Account.id.in_(reach))
    if searched := one_line(searched):
        found = found.where(holds(Account.first_name + " " + Account.last_name + " " + Account.identifier, searched))
    page = min(max(page, 1), 1 + total // PAGE)
    rows = _cut(found, page)
    if page > 1 and not rows:
        page = max(1, -(-found.count() // PAGE))
        rows = _cut(found, page)
    return People(_describe(actor, rows[:PAGE]), total, page, len(rows) > PAGE)


def _cut(found, page: int) -> list[Account]:
    """A page by name, and one account more where there is a next page."""
    in_order = found.order_by(fn.LOWER(Account.first_name + " " + Account.last_name), Account.id)
    return list(in_order.limit(PAGE + 1).offset((page - 1) * PAGE))


def read_people(actor, searched: str = "", page: int = 1) -> People:
    """The same for the page that shows them: a sensitive read, journaled each time."""
    found = list_people(actor, searched, page)
    _record_read(actor, "account_list_read", "")
    return found


def get_person(actor, public_id: str) -> Account:
    """The account of someone within reach; NotFound for anybody else's."""
    account = Account.get_or_none(Account.public_id == public_id) if public_id.isalnum() else None
    if account is None or not is_within_reach(actor, account):
        raise NotFound()
    return account


def read_person(actor, public_id: str) -> tuple[Person, Account]:
    """One of these accounts, as it is shown and its row: journaled each time; NotFound for anybody else's."""
    account = get_person(actor, public_id)
    _record_read(actor, "account_read", public_id)
    return _describe(actor, [account])[0], account


def _record_read(actor, event: str, object_id: str) -> None:
    with transaction(brief=True):
        audit.record(actor, "read", event, kind="account", object_id=object_id)


def find_account(actor, academy_id: int, identifier: str) -> Account | None:
    """An open account that the actor may name to an office: one within reach, or of someone who works for the
    academy."""
    account = Account.get_or_none((Account.identifier == identifier) & Account.disabled_at.is_null())
    if account is None or works_for(academy_id, account) or is_within_reach(actor, account):
        return account
    return None


def works_for(academy_id: int, account: Account) -> bool:
    """Whether someone teaches, assists or holds an office in this academy."""
    governs = Office.select().where((Office.account == account) & (Office.academy == academy_id))
    teaches = (
        Membership.select()
        .join(Classroom)
        .join(School)
        .where((Membership.account == account) & (School.academy == academy_id))
    )
    return governs.exists() or teaches.exists()


def is_within_reach(actor, account: Account) -> bool:
    """Whether someone has a place where the actor administers or heads."""
    return bool(_list_places(actor, [account.id]))


def can_help(actor, account: Account) -> bool:
    """Whether the actor may close an account or print a code for it: never an administrator's, a DPO's or one's own.

    A head of school helps those whose places are all in their schools; an administrator helps heads of school too.
    Nobody gains by it a right that they had not.
    """
    schools = school_ids(actor)
    elsewhere = (
        Office.select().where((Office.role != "principal") | Office.academy.not_in(academy_ids(actor))),
        Membership.select().join(Classroom).where(Classroom.school.not_in(schools)),
        Guardian.select().where(Guardian.school.not_in(schools)),
    )
    if account.id == actor.account_id:
        return False
    return not any(query.where(query.model.account == account.id).exists() for query in elsewhere)


def _within_reach(actor) -> tuple:
    """Who teaches or assists, who is a guardian, who holds an office, where the actor administers or heads."""
    schools = school_ids(actor)
    whole = Office.school.is_null() & Office.academy.in_(academy_ids(actor))
    return (
        Membership.select(Membership.account).join(Classroom).where(Classroom.school.in_(schools)),
        Guardian.select(Guardian.account).where(Guardian.school.in_(schools) & Guardian.account.is_null(False)),
        Office.select(Office.account).where(Office.school.in_(schools) | whole),
    )


def _reach(actor):
    """The row ids of all these accounts, each once."""
    team, families, offices = _within_reach(actor)
    return team | families | offices


def _list_places(actor, ids: list[int]) -> dict[int, set[tuple[str, str]]]:
    """The role and the school (none: the whole academy) of each place within reach, of these accounts."""
    team, families, offices = _within_reach(actor)
    chosen = (
        team.select(Membership.account, Membership.role, School.name).join(School),
        families.select(Guardian.account, Value("guardian"), School.name).join(School),
        offices.select(Office.account, Office.role, fn.COALESCE(School.name, "")).join(School, JOIN.LEFT_OUTER),
    )
    places = defaultdict(set)
    for query in chosen:
        for account, role, school in query.where(query.model.account.in_(ids)).tuples():
            places[account].add((role, school))
    return places


def _describe(actor, accounts: list[Account]) -> list[Person]:
    """These accounts with their places and their state: someone without a password may have entered by a code."""
    places = _list_places(actor, [account.id for account in accounts])
    unproved = [account.id for account in accounts if not account.password_hash]
    entered = Session.select(Session.account).where(Session.account.in_(unproved)).distinct().tuples()
    seen = {account for (account,) in entered}

    def state(account) -> str:
        if account.disabled_at:
            return "disabled"
        return "active" if account.password_hash or account.id in seen else "waiting"

    return [
        Person(each.public_id, each.name, each.identifier, tuple(sorted(places[each.id])), state(each))
        for each in accounts
    ]
