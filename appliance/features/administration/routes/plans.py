"""Plans of schools and classes, *Confort famille*: who chooses, what each holds, in words."""

import flask

from appliance.core.i18n import _, file_size, ngettext
from appliance.features.administration import actions, forms, queries
from appliance.features.administration.routes.base import bp, done, show, to
from appliance.services import plans

BOTH = ("GET", "POST")


@bp.page("/administration/ecoles/<school>/formule", access="admin", methods=BOTH)
def school_plan(school):
    """Choose the plan that the classes of a school have unless they have their own."""
    found = queries.get_school(flask.g.actor, school)
    form = forms.SchoolPlanForm(data={"plan": found.plan})
    form.plan.choices = _choices(_("Celle de l’établissement"), plans.default_plan(), found.plan)
    if form.submit(lambda: actions.choose_school_plan(flask.g.actor, school, form.plan.data or "")):
        done(_("La formule de l’école est à jour. Elle vaut dès maintenant."))
        return to("school", school=school)
    back = flask.url_for(".school", school=school)
    return show("plan", form, form=form, name=found.name, back=back, storage=None)


@bp.page("/administration/classes/<classroom>/formule", access="manager", methods=BOTH)
def classroom_plan(classroom):
    """Choose *Confort famille* for a class and, for an administrator, its plan."""
    found = queries.get_classroom(flask.g.actor, classroom)
    form = forms.ClassroomPlanForm(data={"plan": found.plan, "family_comfort": found.family_comfort})
    if queries.administers(flask.g.actor, found.school.academy_id):
        above = plans.plan_named(found.school.plan)
        form.plan.choices = _choices(_("Celle de l’école"), above, found.plan)
    else:
        del form.plan
    if form.submit(lambda: _choose(classroom, form)):
        done(_("C’est enregistré. Cela vaut dès maintenant."))
        return to("classroom", classroom=classroom)
    back = flask.url_for(".classroom", classroom=classroom)
    return show("plan", form, form=form, name=found.name, back=back, storage=plans.storage_of(found.id))


def _choose(classroom: str, form) -> None:
    name = (form.plan.data or "") if form.plan else None
    actions.choose_classroom_plan(flask.g.actor, classroom, name, form.family_comfort.data)


def _choices(above: str, inherited: plans.Plan, present: str) -> list[tuple[str, str]]:
    """The plan of the place above, then each plan with what it holds; one that is gone stays until another is
    chosen."""
    found = [("", _("%(above)s\u202f: %(plan)s", above=above, plan=inherited.title))]
    found += [(each.name, f"{each.title}\u202f: {describe(each)}") for each in plans.list_plans()]
    if present not in dict(found):
        found.append((present, _("%(plan)s (n’existe plus dans la configuration)", plan=present)))
    return found


def describe(plan: plans.Plan) -> str:
    """What a plan holds, in one line."""
    parts = []
    if plan.storage_bytes:
        parts.append(file_size(plan.storage_bytes))
    for number, one, many in (
        (plan.photos_per_post, "%(num)s photo par publication", "%(num)s photos par publication"),
        (plan.videos_per_post, "%(num)s vidéo par publication", "%(num)s vidéos par publication"),
        (plan.video_minutes, "%(num)s minute par vidéo", "%(num)s minutes par vidéo"),
        (plan.administrators, "%(num)s enseignant", "%(num)s enseignants"),
        (plan.members, "%(num)s membre", "%(num)s membres"),
    ):
        if number:
            parts.append(ngettext(one, many, number))
    return ", ".join(parts) or _("sans limite")
