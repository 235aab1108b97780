"""The list of classes, the members of one, and the contact details that are read on purpose."""

import flask

from appliance.features.classroom.actions import pupils
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, open_staffed, show
from appliance.school import policy
from appliance.services import plans


@bp.page("/classes", access="signed_in")
def index():
    """The classes that this person may open; with a single one, that one."""
    classes = flask.g.actor.classes
    if len(classes) == 1:
        return flask.redirect(f"/classes/{classes[0].classroom_public_id}", 303)
    return flask.render_template("classroom/index.html", classes=classes)


@bp.page("/classes/<classroom>/membres", access="signed_in")
def members(classroom):
    """For the staff, the pupils with their adults; for a guardian, the teachers and their own children."""
    access = policy.get_access(flask.g.actor, classroom)
    team = people.list_team(access)
    if not access.is_staff:
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
