"""What a command line names: a school, a class, a person; each refusal says what there is or how to see it."""

from appliance.core.errors import ConfigError


def list_schools(text: str | None) -> list:
    """All schools when none is named; else those of exactly this name, UAI or id, else those whose name is so written
    but for accents, capitals and hyphens; by name."""
    from appliance.school.models import School
    from appliance.services.roster.matching import name_key

    schools = list(School.select().order_by(School.name, School.id))
    if not text:
        return schools
    exact = [one for one in schools if text in (one.name, one.public_id) or text.upper() == one.uai.upper() != ""]
    return exact or [one for one in schools if name_key(one.name) == name_key(text)]


def get_school(text: str | None):
    """The school that is named; the only one when none is."""
    found = list_schools(text)
    if len(found) == 1:
        return found[0]
    known = ", ".join(school.name for school in list_schools(None)) or "none"
    which = "say which school with --school NAME or --school UAI"
    said = f"there is no school {text!r}" if text and not found else which
    raise ConfigError(f"{said}. Known schools: {known}.")


def list_classrooms() -> list:
    """All classes with their schools and years, the latest year first."""
    from appliance.school.models import Classroom, School, SchoolYear

    return list(
        Classroom.select(Classroom, School, SchoolYear)
        .join(School)
        .switch(Classroom)
        .join(SchoolYear)
        .order_by(SchoolYear.starts_on.desc(), School.name, Classroom.name, Classroom.id)
    )


def get_classroom(name: str, school: str | None, year: str | None = None):
    """The class of this name in a school year: the present one when none is named."""
    from appliance.core import clock
    from appliance.services.people.places import year_dates

    over = get_school(school) if school else None
    wanted = year or year_dates(clock.today())[0]  # in August two years are open: the one that begins
    found = [
        each
        for each in list_classrooms()
        if each.name.casefold() == name.casefold()
        and each.year.name == wanted
        and (over is None or each.school_id == over.id)
    ]
    if len(found) > 1:
        raise ConfigError(f"several schools have a class {name!r}: add --school NAME.")
    if not found:
        where, option = (f"in {year}", " --all-years") if year else ("this school year", "")
        raise ConfigError(f"there is no class {name!r} {where}. See: preau class list{option}")
    return found[0]


def get_account(identifier: str):
    """The account that this identifier signs in to."""
    from appliance.school.models import Account
    from appliance.services.people.accounts import fold_identifier

    account = Account.get_or_none(Account.identifier == fold_identifier(identifier))
    if account is None:
        raise ConfigError(f"nobody signs in with {identifier!r}. See: preau account list ; preau account create --help")
    return account
