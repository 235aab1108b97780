"""Schools, years, classes, offices and accounts, changed by those who govern the place."""

from datetime import date

from appliance.core import clock
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.features.administration import queries, reach
from appliance.features.administration.jobs import JOURNAL
from appliance.school.models import Academy, Account, Classroom, Membership, School
from appliance.school.policy import require
from appliance.services import audit, plans, work
from appliance.services.health import keeping
from appliance.services.media import store
from appliance.services.people import accounts, places, resets
from appliance.services.people.accounts import Person
from appliance.storage.database import transaction


def create_school(actor, academy_public_id: str, name: str, city: str, uai: str) -> School:
    """Create a school; administrators only."""
    return places.create_school(actor, queries.get_academy(actor, academy_public_id), name, uai=uai, city=city)


def rename_school(actor, public_id: str, name: str, city: str) -> None:
    """Change a school's name and town."""
    places.rename_school(actor, queries.get_school(actor, public_id), name, city)


def list_year_names() -> list[str]:
    """The years for which a class can be made: this one and the next, which may not be open yet."""
    return [places.year_dates(day)[0] for day in _year_days()]


def _year_days() -> tuple[date, date]:
    today = clock.today()
    return today, today.replace(year=today.year + 1, day=1)


def create_classroom(actor, school_public_id: str, name: str, level: str, year_name: str) -> Classroom:
    """Create a class for this school year or the next; the year is opened when it is its first class."""
    school = queries.get_school(actor, school_public_id)
    days = {places.year_dates(day)[0]: day for day in _year_days()}
    if year_name not in days:
        raise Refused(_("Choisissez l’année en cours ou la suivante."), field="year")
    with transaction():
        places.hold_academy(school.academy_id)
        year = places.find_or_create_year(actor, school.academy, days[year_name])
        return places.create_classroom(actor, school, year, name, level=level)


def rename_classroom(actor, public_id: str, name: str, level: str) -> None:
    """Change a class's name and level."""
    places.rename_classroom(actor, queries.get_classroom(actor, public_id), name, level)


def add_teacher(actor, classroom: Classroom, identifier: str) -> None:
    """Make someone who works for the academy a teacher of a class, within the number that its plan allows."""
    with transaction():
        account = _require_account(actor, classroom.school.academy_id, identifier)
        require_room_for_teacher(classroom, account)
        places.add_teacher(actor, account, classroom)


def create_teacher(actor, classroom: Classroom, person: Person) -> tuple[Account, str]:
    """Open an account for a new teacher of a class; the code, shown once, lets them choose a password."""
    with transaction():
        require_room_for_teacher(classroom)
        account = accounts.create_account(actor, person)
        places.add_teacher(actor, account, classroom)
        return account, resets.create_code(actor, account)


def require_room_for_teacher(classroom: Classroom, account: Account | None = None) -> None:
    """Refuse one more teacher than the plan of the class allows; someone who teaches here already is not one more."""
    plans.hold(classroom.id)
    most = plans.plan_of(classroom.id).administrators
    teachers = {
        row.account_id
        for row in Membership.select().where((Membership.classroom == classroom.id) & (Membership.role == "teacher"))
    }
    if most is not None and len(teachers) >= most and (account is None or account.id not in teachers):
        raise Refused(
            _("La classe a déjà %(max)d enseignants, le nombre maximal.", max=most),
            field="identifier",
        )


def list_roles(place: School | Academy) -> tuple[str, ...]:
    """The offices that can be given over a place."""
    return ("principal",) if isinstance(place, School) else ("admin", "dpo", "principal")


def appoint(actor, place: School | Academy, identifier: str, role: str) -> None:
    """Give an office over a place that the actor found; it counts at once."""
    _require_role(place, role)
    with transaction():
        _give(actor, place, _require_account(actor, _academy_of(place).id, identifier), role)


def create_officer(actor, place: School | Academy, person: Person, role: str) -> tuple[Account, str]:
    """Open an account with an office; the code, shown once, lets them choose a password."""
    _require_role(place, role)
    with transaction():
        places.hold_academy(_academy_of(place).id)
        account = accounts.create_account(actor, person)
        _give(actor, place, account, role)
        return account, resets.create_code(actor, account)


def dismiss(actor, place: School | Academy, account_public_id: str, role: str) -> None:
    """Withdraw an office at once; the last administrator stays, and only one of them removes a school's last head."""
    with transaction():
        places.hold_academy(_academy_of(place).id)
        holders = queries.list_holders(place)
        for office in holders:
            if office.account.public_id == account_public_id and office.role == role:
                open_ones = [each for each in holders if each.account.disabled_at is None]
                heads = {each.account_id for each in open_ones if each.role == "principal"}
                if not heads - {office.account_id} and not queries.administers(actor, office.academy_id):
                    raise Refused(_("Une école garde au moins une direction. Nommez d’abord quelqu’un d’autre."))
                places.dismiss(actor, office)


def close_account(actor, public_id: str) -> None:
    """Close the account of someone whom the actor may help: its sessions end; nothing is erased."""
    accounts.disable(actor, _require_helped(actor, public_id))


def open_account(actor, public_id: str) -> None:
    """Open a closed account again."""
    accounts.enable(actor, _require_helped(actor, public_id))


def print_code(actor, public_id: str) -> tuple[Account, str]:
    """A code that lets someone choose a new password, to hand over on paper."""
    account = _require_helped(actor, public_id)
    return account, resets.create_code(actor, account)


def _require_helped(actor, public_id: str) -> Account:
    account = reach.get_person(actor, public_id)
    require(reach.can_help(actor, account))
    return account


def _require_account(actor, academy_id: int, identifier: str) -> Account:
    account = reach.find_account(actor, academy_id, accounts.fold_identifier(identifier))
    if account is None:
        raise Refused(
            _("Personne n’a cet identifiant. Vérifiez-le, ou créez un compte. Rien n’a été modifié."),
            field="identifier",
        )
    return account


def _require_role(place: School | Academy, role: str) -> None:
    if role not in list_roles(place):
        raise Refused(_("Choisissez une fonction de la liste."), field="role")


def _academy_of(place: School | Academy) -> Academy:
    return place if isinstance(place, Academy) else place.academy


def _give(actor, place: School | Academy, account: Account, role: str) -> None:
    places.appoint(actor, account, _academy_of(place), role, place if isinstance(place, School) else None)


def delete_quarantined(actor, media_public_id: str) -> None:
    """Destroy a file that is in quarantine, unseen; administrators of its academy only."""
    if all(each.public_id != media_public_id for each in queries.list_quarantined(actor)):
        raise NotFound()
    store.delete(actor, media_public_id)


def ask_journal_check(actor) -> None:
    """Have the journal recomputed soon, by a task: it may be long."""
    with transaction():
        work.submit(JOURNAL, JOURNAL)
        audit.record(actor, "read", "journal_verification_asked", kind="journal")


def ask_health_check(actor) -> None:
    """Have the whole service looked at soon, what takes long too; administrators only."""
    require("admin" in actor.offices)
    keeping.ask()


def choose_school_plan(actor, public_id: str, name: str) -> None:
    """Choose the plan of a school's classes; administrators only, because its storage is the whole place's."""
    school = queries.get_school(actor, public_id)
    require(queries.administers(actor, school.academy_id))
    plans.choose_for_school(actor, school, name)


def choose_classroom_plan(actor, public_id: str, name: str | None, family_comfort: bool) -> None:
    """Choose whether a class has *Confort famille*, and its own plan; that (None: unchanged) administrators only."""
    classroom = queries.get_classroom(actor, public_id)
    require(name is None or queries.administers(actor, classroom.school.academy_id))
    plans.choose_for_classroom(actor, classroom, classroom.plan if name is None else name, family_comfort)
