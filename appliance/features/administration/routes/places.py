"""Schools, years and classes."""

import flask

from appliance.core.errors import NotFound
from appliance.core.i18n import _
from appliance.features.administration import actions, forms, queries
from appliance.features.administration.routes import antivirus, care, health
from appliance.features.administration.routes.base import bp, done, page_url, show, show_code, to
from appliance.services import plans
from appliance.services.people import accounts

BOTH = ("GET", "POST")


@bp.page("/administration", access="manager")
def index():
    """The schools, with a search by name, town or number; for a head of a single school, that one."""
    actor, searched = flask.g.actor, flask.request.args.get("nom", "")[:100].strip()
    found = queries.list_schools(actor, searched, flask.request.args.get("page", 1, type=int))
    academies = queries.list_academies(actor)
    if found.total == 1 and found.schools and not academies:
        return to("school", school=found.schools[0].public_id)
    cards = {**antivirus.card(actor), **care.card(actor), **health.card()} if academies else {}
    return show(
        "index", schools=found.schools, total=found.total, searched=searched, academies=academies,
        before=page_url(".index", searched, found.page - 1) if found.page > 1 else None,
        after=page_url(".index", searched, found.page + 1) if found.has_more else None, **cards,
    )  # fmt: skip


@bp.page("/administration/academies/<academy>/ecoles/nouvelle", access="admin", methods=BOTH)
def add_school(academy):
    """Create a school."""
    found, form = queries.get_academy(flask.g.actor, academy), forms.NewSchoolForm()
    if form.submit(
        lambda: actions.create_school(flask.g.actor, academy, form.name.data, form.city.data, form.uai.data or "")
    ):
        done(_("L’école est créée. Ajoutez-lui une direction et des classes."))
        return to("school", school=form.result.public_id)
    return show("school_form", form, form=form, school=None, academy=found)


@bp.page("/administration/ecoles/<school>", access="manager")
def school(school):
    """A school: its classes by year, its head."""
    found = queries.get_school(flask.g.actor, school)
    classrooms = queries.list_classrooms(found)
    return show(
        "school",
        school=found,
        classrooms=classrooms,
        storages=plans.list_storage_of([each.id for each in classrooms]),
        plan=plans.plan_named(found.plan),
        holders=queries.list_holders(found),
        roles=forms.ROLES,
        is_admin=queries.administers(flask.g.actor, found.academy_id),
    )


@bp.page("/administration/ecoles/<school>/modifier", access="manager", methods=BOTH)
def rename_school(school):
    """Change name and town."""
    found = queries.get_school(flask.g.actor, school)
    form = forms.SchoolForm(obj=found)
    if form.submit(lambda: actions.rename_school(flask.g.actor, school, form.name.data, form.city.data)):
        done(_("L’école est à jour."))
        return to("school", school=school)
    return show("school_form", form, form=form, school=found, academy=None)


@bp.page("/administration/ecoles/<school>/classes/nouvelle", access="manager", methods=BOTH)
def add_classroom(school):
    """Create a class for this year or the next."""
    found, form = queries.get_school(flask.g.actor, school), forms.NewClassroomForm()
    form.year.choices = [(name, name) for name in actions.list_year_names()]
    if form.submit(
        lambda: actions.create_classroom(flask.g.actor, school, form.name.data, form.level.data, form.year.data)
    ):
        done(_("La classe est créée. Donnez-lui un enseignant."))
        return to("classroom", classroom=form.result.public_id)
    return show("classroom_form", form, form=form, school=found, classroom=None)


@bp.page("/administration/classes/<classroom>", access="manager", methods=BOTH)
def classroom(classroom):
    """A class from outside: its name, its teachers' names, and a form for one more; nothing of what it holds."""
    found, form = queries.get_classroom(flask.g.actor, classroom), forms.IdentifierForm()
    del form.role
    if form.submit(lambda: actions.add_teacher(flask.g.actor, found, form.identifier.data)):
        done(_("La classe a un enseignant de plus."))
        return to("classroom", classroom=classroom)
    return show(
        "classroom", form, form=form, classroom=found, team=queries.list_team(found), roles=forms.ROLES,
        plan=plans.plan_of(found.id), storage=plans.storage_of(found.id),
    )  # fmt: skip


@bp.page("/administration/classes/<classroom>/modifier", access="manager", methods=BOTH)
def rename_classroom(classroom):
    """Change name and level."""
    found = queries.get_classroom(flask.g.actor, classroom)
    form = forms.ClassroomForm(obj=found)
    if form.submit(lambda: actions.rename_classroom(flask.g.actor, classroom, form.name.data, form.level.data)):
        done(_("La classe est à jour."))
        return to("classroom", classroom=classroom)
    return show("classroom_form", form, form=form, school=found.school, classroom=found)


@bp.page("/administration/classes/<classroom>/enseignant", access="manager", methods=BOTH)
def create_teacher(classroom):
    """Open an account for a new teacher; the code is shown once."""
    found, form = queries.get_classroom(flask.g.actor, classroom), forms.PersonForm()
    del form.role
    if form.submit(lambda: actions.create_teacher(flask.g.actor, found, person_of(form))):
        account, code = form.result
        return show_code(account, code, flask.url_for(".classroom", classroom=classroom))
    return show(
        "person_form", form, form=form, title=_("Nouvel enseignant"), at=found.name,
        back=flask.url_for(".classroom", classroom=classroom),
    )  # fmt: skip


def person_of(form) -> accounts.Person:
    """What a PersonForm says."""
    return accounts.Person(form.first_name.data, form.last_name.data, form.identifier.data)


def get_place(kind: str, public_id: str):
    """The school or the academy of an address; NotFound outside what the actor governs."""
    if kind == "ecoles":
        return queries.get_school(flask.g.actor, public_id)
    if kind == "academies":
        return queries.get_academy(flask.g.actor, public_id)
    raise NotFound()
