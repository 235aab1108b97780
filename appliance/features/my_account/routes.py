"""HTTP of my_account: parse, call, render."""

import flask

from appliance.core import i18n
from appliance.core.errors import Refused, Unavailable
from appliance.core.i18n import _
from appliance.features.my_account import actions, queries
from appliance.features.my_account.forms import AppearanceForm, EmailForm, NameForm, PasswordForm
from appliance.school import notice as text
from appliance.services import audit
from appliance.services.people import accounts
from appliance.services.people.devices import list_sessions, revoke_other_sessions, revoke_session
from appliance.web import routing
from appliance.web.forms import Form
from appliance.web.routing import Slice

bp = Slice("my_account", __name__)
_KEPT = (Refused, Unavailable)
_YEAR = 31_536_000


def _network() -> str:
    return audit.truncate_address(flask.request.remote_addr or "")


def _home(message: str):
    flask.flash(message, "done")
    return flask.redirect(flask.url_for("my_account.show"), 303)


def _show(template: str, form, **values):
    answer = flask.make_response(flask.render_template(template, form=form, **values), form.status)
    if form.status in (429, 503):
        answer.headers["Retry-After"] = "900" if form.status == 429 else "5"
    return answer


@bp.page("/compte", access="signed_in")
def show():
    """Everything about one's own account, one line a thing."""
    actor = flask.g.actor
    return flask.render_template(
        "my_account/show.html",
        account=accounts.get_account(actor),
        children=queries.list_own_children(actor),
        devices=list_sessions(actor),
        classes=[access for access in actor.classes if access.is_staff],
    )


@bp.page("/compte/nom", access="signed_in", methods=("GET", "POST"))
def name():
    """One's own name."""
    actor = flask.g.actor
    form = NameForm(data={"first_name": actor.first_name, "last_name": actor.last_name})
    if flask.request.method == "POST":
        if form.submit(lambda: actions.rename(actor, form.first_name.data, form.last_name.data)):
            return _home(_("Votre nom est enregistré."))
    return _show("my_account/name.html", form)


@bp.page("/compte/affichage", access="signed_in", methods=("GET", "POST"))
def appearance():
    """Language and colours."""
    actor = flask.g.actor
    form = AppearanceForm(data={"language": actor.language, "theme": actor.theme})
    if flask.request.method == "POST":
        if form.submit(lambda: actions.set_appearance(actor, form.language.data, form.theme.data)):
            i18n.activate(form.language.data)
            return _remember(_home(_("L’affichage est enregistré.")), form.language.data)
    return _show("my_account/appearance.html", form)


@bp.page("/langue", access="public", methods=("POST",))
def language():
    """The language of this device before anybody has signed in."""
    target = routing.safe_target(flask.request.form.get("suite"))
    chosen = flask.request.form.get("language", "")
    answer = flask.redirect(target, 303)
    return _remember(answer, chosen) if chosen in i18n.languages() else answer


def _remember(answer, chosen: str):
    secure = flask.current_app.config["PREAU"].secure
    answer.set_cookie("language", chosen, max_age=_YEAR, path="/", secure=secure, httponly=True, samesite="Lax")
    return answer


@bp.page("/compte/adresse", access="signed_in", methods=("GET", "POST"), slow=True)
def email():
    """The address that reset links go to."""
    actor = flask.g.actor
    account = accounts.get_account(actor)
    form = EmailForm(data={"email": account.email})
    if flask.request.method == "POST":
        saved = form.submit(
            lambda: actions.set_email(actor, form.email.data, form.present.data, network=_network()), keep=_KEPT
        )
        if saved:
            if accounts.must_confirm(actor):
                return _home(
                    _("Votre adresse est enregistrée. Ouvrez le lien que nous y envoyons\u202f: elle servira ensuite.")
                )
            return _home(_("Votre adresse est enregistrée."))
    return _show("my_account/email.html", form, identifier=account.identifier)


@bp.page("/compte/mot-de-passe", access="signed_in", methods=("GET", "POST"), slow=True)
def password():
    """The present password, then a new one."""
    form = PasswordForm()
    if flask.request.method == "POST":
        changed = form.submit(
            lambda: accounts.change_password(flask.g.actor, form.present.data, form.new.data, network=_network()),
            keep=_KEPT,
        )
        if changed:
            return _home(_("Votre mot de passe est changé. Vos autres appareils sont déconnectés."))
    return _show("my_account/password.html", form)


@bp.page("/compte/appareils", access="signed_in")
def devices():
    """Where one is signed in."""
    return flask.render_template("my_account/devices.html", devices=list_sessions(flask.g.actor))


@bp.page("/compte/appareils/deconnecter-les-autres", access="signed_in", methods=("POST",))
def revoke_others():
    """Close every session but this one."""
    revoke_other_sessions(flask.g.actor)
    flask.flash(_("Vos autres appareils sont déconnectés."), "done")
    return flask.redirect(flask.url_for("my_account.devices"), 303)


@bp.page("/compte/appareils/<public_id>/deconnecter", access="signed_in", methods=("POST",))
def revoke(public_id: str):
    """Close one of one's own sessions."""
    revoke_session(flask.g.actor, public_id)
    flask.flash(_("Cet appareil est déconnecté."), "done")
    return flask.redirect(flask.url_for("my_account.devices"), 303)


@bp.page("/compte/avis", access="signed_in", methods=("GET", "POST"))
def notice():
    """The notice, its proof, and the way to withdraw it."""
    form = Form()
    if flask.request.method == "POST" and form.submit(lambda: actions.withdraw_notice(flask.g.actor)):
        return flask.redirect(flask.url_for("onboarding.notice"), 303)
    return _show(
        "my_account/notice.html",
        form,
        paragraphs=text.paragraphs(),
        proofs=queries.list_notices(flask.g.actor),
        mode=flask.current_app.config["PREAU"].school.notice,
    )
