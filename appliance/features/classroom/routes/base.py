"""What every page of the class needs: the blueprint, the reader's access, the tabs."""

from dataclasses import dataclass

import flask

from appliance.core.errors import Denied
from appliance.core.i18n import _
from appliance.features.classroom.queries import people
from appliance.school import policy
from appliance.web.forms import Form
from appliance.web.routing import Slice

bp = Slice("classroom", "appliance.features.classroom")  # templates stand beside this package


@dataclass(frozen=True)
class Tab:
    """A page of the class."""

    label: str
    url: str
    current: bool
    count: int | None = None


def open_staffed(classroom: str) -> policy.ClassAccess:
    """The class, for someone who works with it this year; for everyone else the page does not exist."""
    access = policy.get_access(flask.g.actor, classroom)
    _require(access, access.sees_people)
    return access


def open_managed(classroom: str) -> policy.ClassAccess:
    """The class, for someone who decides who belongs to it."""
    access = policy.get_access(flask.g.actor, classroom)
    _require(access, access.can_manage)
    return access


def _require(access, allowed: bool) -> None:
    if access.is_past and not allowed:
        raise Denied(
            _(
                "L’année de cette classe est finie\u202f: vous y relisez ce qui a été publié, et rien ne s’y change "
                "plus. Les élèves et leurs responsables se trouvent dans leur classe de cette année."
            )
        )
    policy.require(allowed)


def show(template: str, access, form=None, **values):
    """Render a page of the class, with the status of its forms (200 when none was refused)."""
    filled = [each for each in (form, *values.values()) if isinstance(each, Form)]
    page = flask.render_template(template, access=access, form=form, tabs=tabs(access), **values)
    return page, max((each.status for each in filled if each.is_submitted()), default=200)


def to(endpoint: str, access, **values):
    """Go on to a page of the class, with GET."""
    return flask.redirect(flask.url_for(f"classroom.{endpoint}", classroom=access.classroom_public_id, **values), 303)


def public_url() -> str:
    """The address that families type."""
    return flask.current_app.config["PREAU"].server.public_url


def pdf(content: bytes, name: str) -> flask.Response:
    """A file to print; nothing keeps a copy of it."""
    answer = flask.Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return answer


def done(text: str) -> None:
    """Say on the next page what was done."""
    flask.flash(text, "done")


def tabs(access) -> list[Tab]:
    """The pages of the class that this reader may open; `current` is the one that is shown."""
    here = flask.request.path
    base = f"/classes/{access.classroom_public_id}"

    def tab(label: str, path: str, *others: str, count: int | None = None) -> Tab:
        current = any(here.startswith(base + other) for other in (path, *others))
        return Tab(label, base + path, current, count)

    found = [tab(_("Élèves"), "/membres", "/eleves", "/coordonnees")]
    if access.can_manage:
        waiting = len(people.list_requests(access))
        found += [
            tab(_("Invitations"), "/invitations"),
            tab(_("Demandes"), "/demandes", count=waiting or None),
            tab(_("Groupes"), "/groupes"),
            tab(_("Équipe"), "/equipe"),
            tab(_("Clé"), "/cle"),
        ]
    return found
