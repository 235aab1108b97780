"""HTTP of onboarding: parse, call, render. No address of these pages is sent on as a Referer: it can hold a code."""

import flask

from appliance.core import i18n
from appliance.core.errors import Refused, Unavailable
from appliance.core.i18n import _
from appliance.features.onboarding import actions
from appliance.features.onboarding.forms import CodeForm, JoinForm, JoinWithAccountForm, OpenAccountForm
from appliance.school import notice as notice_text
from appliance.services import audit
from appliance.services.people import invitations
from appliance.services.people.accounts import Person
from appliance.web import routing, sessions
from appliance.web.forms import Form
from appliance.web.routing import Slice

bp = Slice("onboarding", __name__)
_KEPT = (Refused, Unavailable)


@bp.after_request
def _hide_address(response):
    # The origin alone still goes along: the forgery check wants it on HTTPS.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _before_notice():
    """Someone signed in who has not accepted the notice reads it first, here as everywhere."""
    if flask.g.actor is not None and not flask.g.actor.notice_accepted:
        return flask.redirect(flask.url_for("onboarding.notice", suite=flask.request.path), 303)
    return None


def _network() -> str:
    return audit.truncate_address(flask.request.remote_addr or "")


def _show(template: str, form, **values):
    answer = flask.make_response(flask.render_template(template, form=form, **values), form.status)
    if form.status in (429, 503):
        answer.headers["Retry-After"] = "900" if form.status == 429 else "5"
    return answer


@bp.page("/avis", access="welcome", methods=("GET", "POST"))
def notice():
    """The sensitive-data notice: nothing else opens before it is acknowledged or consented to."""
    target = routing.safe_target(flask.request.values.get("suite"))
    if flask.g.actor.notice_accepted:
        return flask.redirect(target, 303)
    mode = flask.current_app.config["PREAU"].school.notice
    form = Form()
    if form.submit(lambda: actions.accept_notice(flask.g.actor, mode)):
        return flask.redirect(target, 303)
    return flask.render_template(
        "onboarding/notice.html", paragraphs=notice_text.paragraphs(), mode=mode, target=target
    )


@bp.page("/bienvenue", access="public")
def arrival():
    """A short address to read out; a code in it goes on to its invitation."""
    code = flask.request.args.get("code", "")[:60]
    return flask.redirect(
        flask.url_for("onboarding.open_invitation", code=code) if code else flask.url_for("onboarding.invitation"), 303
    )


@bp.page("/invitation", access="public", methods=("GET", "POST"), slow=True)
def invitation():
    """Type the short code of a letter."""
    form = CodeForm()
    if flask.request.method == "POST":
        if form.submit(lambda: invitations.welcome(form.code.data, network=_network()), keep=_KEPT):
            return flask.redirect(flask.url_for("onboarding.open_invitation", code=form.code.data), 303)
    return _show("onboarding/code.html", form)


@bp.page("/invitation/<code>", access="public", methods=("GET", "POST"), slow=True)
def open_invitation(code: str):
    """Where the QR code leads: open an account, or add the invitation to one's own. Looking spends nothing."""
    if (waiting := _before_notice()) is not None:
        return waiting
    try:
        welcome = invitations.welcome(code, network=_network())
    except Refused as error:
        form = CodeForm(formdata=None, data={"code": code[:60]})
        form.code.errors, form.status = [], error.status
        form.refuse(error)
        return _show("onboarding/code.html", form)
    if flask.g.actor is not None:
        return _link(code, welcome)
    form = OpenAccountForm(data={"first_name": welcome.first_name, "last_name": welcome.last_name})
    if flask.request.method == "POST":
        opened = form.submit(
            lambda: invitations.open_account(
                code, _person(form), form.password.data, network=_network(), then=sessions.sign_in
            ),
            keep=_KEPT,
        )
        if opened:
            _tell_identifier(form.result)
            return flask.redirect("/", 303)
    return _show("onboarding/open_account.html", form, code=code, welcome=welcome)


def _link(code: str, welcome):
    form = Form()
    if flask.request.method == "POST":
        linked = form.submit(lambda: invitations.link_account(flask.g.actor, code, network=_network()), keep=_KEPT)
        if linked:
            flask.flash(_("C’est fait\u202f: tout est réuni dans votre compte."), "done")
            return flask.redirect("/", 303)
    return _show("onboarding/link.html", form, code=code, welcome=welcome)


@bp.page("/joindre", access="public", methods=("GET", "POST"), slow=True)
def join():
    """Ask to join a class with its key; the teacher decides, and nothing is shown before."""
    if (waiting := _before_notice()) is not None:
        return waiting
    actor = flask.g.actor
    form = JoinForm() if actor is not None else JoinWithAccountForm()
    if flask.request.method == "POST":
        fields = invitations.JoinFields(form.key.data, form.child_name.data, form.kinship.data)
        person = None if actor is not None else _person(form)
        password = "" if actor is not None else form.password.data
        asked = form.submit(
            lambda: invitations.ask_to_join(
                actor, fields, person, password, network=_network(),
                then=(lambda account: None) if actor is not None else sessions.sign_in,
            ),
            keep=_KEPT,
        )  # fmt: skip
        if asked:
            if actor is None:
                _tell_identifier(form.result.account)
            return flask.redirect(flask.url_for("onboarding.joined"), 303)
    return _show("onboarding/join.html", form)


@bp.page("/joindre/merci", access="welcome")
def joined():
    """The request is with the teacher."""
    return flask.render_template("onboarding/joined.html")


def _person(form) -> Person:
    return Person(form.first_name.data, form.last_name.data, email=form.email.data, language=i18n.current())


def _tell_identifier(account) -> None:
    opened = _("Votre compte est ouvert. Notez votre identifiant\u202f: %(identifier)s", identifier=account.identifier)
    flask.flash(opened, "done")
