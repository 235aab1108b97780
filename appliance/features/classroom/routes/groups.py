"""Groups of pupils."""

import flask

from appliance.core.i18n import _
from appliance.features.classroom import forms
from appliance.features.classroom.actions import groups
from appliance.features.classroom.queries import people
from appliance.features.classroom.queries.groups import get_group, list_groups
from appliance.features.classroom.routes.base import bp, done, open_managed, show, to

BOTH = ("GET", "POST")


@bp.page("/classes/<classroom>/groupes", access="staff", methods=BOTH)
def group_list(classroom):
    """The groups, and a form for a new one."""
    access = open_managed(classroom)
    pupils = people.list_pupils(access)
    form = _form(pupils)
    if form.submit(lambda: groups.create_group(flask.g.actor, access, form.name.data, form.pupils.data or [])):
        done(_("Le groupe est créé. Vous pouvez lui adresser une publication."))
        return to("group_list", access)
    return show("classroom/groups.html", access, form, groups=list_groups(access), pupils=pupils)


@bp.page("/classes/<classroom>/groupes/<group>", access="staff", methods=BOTH)
def edit_group(classroom, group):
    """Rename a group, choose its pupils."""
    access = open_managed(classroom)
    pupils, found = people.list_pupils(access), get_group(access, group)
    form = _form(pupils, name=found.name, pupils=[each.public_id for each in pupils if each.id in found.student_ids])
    if form.submit(lambda: groups.update_group(flask.g.actor, access, group, form.name.data, form.pupils.data or [])):
        done(_("Le groupe est à jour."))
        return to("group_list", access)
    return show("classroom/group.html", access, form, group=found)


@bp.page("/classes/<classroom>/groupes/<group>/supprimer", access="staff", methods=BOTH)
def delete_group(classroom, group):
    """Ask, then delete a group."""
    access, form = open_managed(classroom), forms.Form()
    if flask.request.method == "POST" and all(each.public_id != group for each in list_groups(access)):
        return to("group_list", access)  # sent twice
    found = get_group(access, group)
    if form.submit(lambda: groups.delete_group(flask.g.actor, access, group)):
        done(_("Le groupe est supprimé. Ses élèves restent dans la classe."))
        return to("group_list", access)
    return show("classroom/group_delete.html", access, form, group=found)


def _form(pupils, /, **values) -> forms.GroupForm:
    form = forms.GroupForm(data=values) if values else forms.GroupForm()
    form.pupils.choices = [(each.public_id, each.name) for each in pupils]
    return form
