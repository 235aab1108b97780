"""The team of the class and the class key."""

import flask

from appliance.core import clock
from appliance.core.i18n import _
from appliance.features.classroom import forms
from appliance.features.classroom.actions import class_key, team
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, done, open_managed, public_url, show, to
from appliance.services import plans
from appliance.services.people import invitations

BOTH = ("GET", "POST")


@bp.page("/classes/<classroom>/equipe", access="staff", methods=BOTH)
def team_list(classroom):
    """Who works with the class; a form for a colleague who has an account, another for a printed code."""
    access, form = open_managed(classroom), forms.ColleagueForm()
    if form.submit(lambda: team.add_colleague(flask.g.actor, access, form.identifier.data, form.role.data)):
        done(_("Votre collègue fait partie de l’équipe."))
        return to("team_list", access)
    return _show_team(access, form, forms.InviteColleagueForm(formdata=None))


def _show_team(access, form, invite):
    return show(
        "classroom/team.html",
        access,
        form,
        invite=invite,
        team=people.list_team(access),
        waiting=invitations.list_colleague_invitations(flask.g.actor, access),
        most=plans.plan_of(access.classroom_id).administrators,
    )


@bp.page("/classes/<classroom>/equipe/inviter", access="staff", methods=("POST",))
def invite_colleague(classroom):
    """A code for a colleague without account; shown once."""
    access, form = open_managed(classroom), forms.InviteColleagueForm()
    if form.submit(lambda: team.invite_colleague(flask.g.actor, access, form.invited_role.data)):
        return show(
            "classroom/colleague_invited.html",
            access,
            code=form.result,
            role=form.invited_role.data,
            until=clock.now() + invitations.life(),
            address=f"{public_url()}/invitation",
        )
    return _show_team(access, forms.ColleagueForm(formdata=None), form)


@bp.page("/classes/<classroom>/equipe/codes/<invitation>/annuler", access="staff", methods=("POST",))
def cancel_code(classroom, invitation):
    """Make a colleague's code that has not served worthless."""
    access = open_managed(classroom)
    invitations.cancel_colleague_invitation(flask.g.actor, access, invitation)
    done(_("Ce code n’ouvre plus rien."))
    return to("team_list", access)


@bp.page("/classes/<classroom>/equipe/<colleague>/retirer", access="staff", methods=BOTH)
def remove_colleague(classroom, colleague):
    """Ask, then take a colleague off the class."""
    access, form = open_managed(classroom), forms.Form()
    found = [each for each in people.list_team(access) if each.public_id == colleague]
    if flask.request.method == "POST" and not found:
        return to("team_list", access)  # sent twice
    people.get_membership(access, colleague)
    if form.submit(lambda: team.remove_colleague(flask.g.actor, access, colleague)):
        done(_("%(name)s n’est plus dans l’équipe.", name=found[0].name))
        if colleague == flask.g.actor.public_id:
            return flask.redirect("/", 303)
        return to("team_list", access)
    return show("classroom/colleague_remove.html", access, form, colleague=found[0])


@bp.page("/classes/<classroom>/cle", access="staff")
def class_key_page(classroom):
    """The class key, as one reads it to a family."""
    access = open_managed(classroom)
    address = f"{public_url()}/joindre"
    return show("classroom/key.html", access, key=people.get_classroom(access).join_code, address=address)


@bp.page("/classes/<classroom>/cle/renouveler", access="staff", methods=("POST",))
def renew_key(classroom):
    """A new key in place of the old one."""
    access = open_managed(classroom)
    class_key.renew(flask.g.actor, access)
    done(_("La classe a une nouvelle clé. L’ancienne n’ouvre plus rien."))
    return to("class_key_page", access)


@bp.page("/classes/<classroom>/cle/desactiver", access="staff", methods=("POST",))
def disable_key(classroom):
    """No key at all."""
    access = open_managed(classroom)
    class_key.disable(flask.g.actor, access)
    done(_("La classe n’a plus de clé. Personne ne peut demander à la rejoindre."))
    return to("class_key_page", access)
