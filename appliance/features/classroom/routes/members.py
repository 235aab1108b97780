"""The list of classes, the members of one, and the contact details that are read on purpose."""

import flask

from appliance.features.classroom.actions import pupils
from appliance.features.classroom.actions.names import fold
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, open_staffed, show
from appliance.school import policy
from appliance.services import plans

PAGE = 100  # a head of a whole academy has thousands of classes


@bp.page("/classes", access="signed_in")
def index():
    """The classes that this person may open, those of past years last; with a single one, that one."""
    classes, asked = flask.g.actor.classes, flask.request.args
    if len(classes) == 1:
        return flask.redirect(f"/classes/{classes[0].classroom_public_id}", 303)
    searched = asked.get("nom", "")[:100].strip()
    found = [each for each in classes if fold(searched) in fold(f"{each.classroom_name} {each.school_name}")]
    found.sort(key=lambda access: -access.year_ends_on.toordinal())
    page = max(1, min(asked.get("page", 1, type=int), -(-len(found) // PAGE)))
    return flask.render_template(
        "classroom/index.html", classes=found[(page - 1) * PAGE : page * PAGE], searched=searched,
        many=len(classes) > PAGE, years=len({each.year_name for each in classes}) > 1,
        before=_page(searched, page - 1) if page > 1 else None,
        after=_page(searched, page + 1) if page * PAGE < len(found) else None,
    )  # fmt: skip


def _page(searched: str, page: int) -> str:
    return flask.url_for("classroom.index", nom=searched or None, page=page)


@bp.page("/classes/<classroom>/membres", access="signed_in")
def members(classroom):
    """For the staff, the pupils with their adults, until the year ends; for a guardian, the teachers and their own
    children."""
    access = policy.get_access(flask.g.actor, classroom)
    team = people.list_team(access)
    if not access.sees_people:
        return flask.render_template("classroom/members_family.html", access=access, team=team)
    departed = pupils.list_departed(access) if access.can_manage else []
    return show(
        "classroom/members.html",
        access,
        pupils=people.read_list(flask.g.actor, access),
        team=team,
        departed=departed,
        contacts=False,
        storage=plans.storage_of(access.classroom_id, flask.g.actor),
        plan=plans.plan_of(access.classroom_id, flask.g.actor),
    )


@bp.page("/classes/<classroom>/coordonnees", access="staff")
def contacts(classroom):
    """The members with addresses and telephones; each opening is in the journal."""
    access = open_staffed(classroom)
    return show(
        "classroom/members.html",
        access,
        pupils=people.read_contacts(flask.g.actor, access),
        team=people.list_team(access),
        departed=[],
        contacts=True,
    )
