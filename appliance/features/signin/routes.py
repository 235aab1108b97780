"""HTTP of signin: parse, call, render. No address of these pages is sent on as a Referer: it can hold a code."""

import flask

from appliance.core.errors import Refused, Unavailable
from appliance.core.i18n import _
from appliance.features.signin.forms import CodeForm, ForgottenForm, NewPasswordForm, SignInForm
from appliance.services import audit, mail
from appliance.services.people import accounts, confirmations, devices, resets
from appliance.web import routing, sessions
from appliance.web.forms import Form
from appliance.web.routing import Slice

bp = Slice("signin", __name__)
_KEPT = (Refused, Unavailable)


@bp.after_request
def _hide_address(response):
    # The origin alone still goes along: the forgery check wants it on HTTPS.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _network() -> str:
    return audit.truncate_address(flask.request.remote_addr or "")


def _show(template: str, form, **values):
    answer = flask.make_response(flask.render_template(template, form=form, **values), form.status)
    if form.status in (429, 503):
        answer.headers["Retry-After"] = "900" if form.status == 429 else "5"
    return answer


@bp.page("/connexion", access="public", methods=("GET", "POST"), slow=True)
def sign_in():
    """Identifier and password; whoever is signed in goes on."""
    target = routing.safe_target(flask.request.values.get("suite"))
    if flask.g.actor is not None:
        return flask.redirect(target, 303)
    form = SignInForm()
    form.suite.data = target
    if flask.request.method == "POST":
        done = form.submit(
            lambda: accounts.authenticate(
                form.identifier.data, form.password.data, network=_network(), then=sessions.sign_in
            ),
            keep=_KEPT,
        )
        if done:
            return flask.redirect(target, 303)
    return _show("signin/sign_in.html", form, left="sorti" in flask.request.args)


def _sign_in_later():
    """The same page while too many wait: the identifier stays, and nothing was tried."""
    form = SignInForm()
    form.suite.data = routing.safe_target(flask.request.form.get("suite"))
    form.refuse(Unavailable())
    form.status = Unavailable.status
    return _show("signin/sign_in.html", form, left=False)


routing.BUSY[f"{bp.name}.sign_in"] = _sign_in_later


@bp.page("/deconnexion", access="public", methods=("POST",))
def sign_out():
    """Close this session; what the browser kept of it, pages and texts that were begun, is forgotten."""
    if flask.g.actor is not None:
        devices.note_sign_out(flask.g.actor)
    sessions.sign_out()
    answer = flask.redirect(flask.url_for("signin.sign_in", sorti=1), 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@bp.page("/mot-de-passe-oublie", access="public", methods=("GET", "POST"))
def forgotten():
    """Ask for a link by mail, or learn where a printed code comes from; the answer never tells who has an account."""
    form = ForgottenForm()
    if flask.request.method == "POST":
        public_url = flask.current_app.config["PREAU"].server.public_url
        done = form.submit(
            lambda: resets.request_mail(form.identifier.data, network=_network(), public_url=public_url), keep=_KEPT
        )
        if done:
            return flask.redirect(flask.url_for("signin.forgotten_sent"), 303)
    return _show("signin/forgotten.html", form, by_mail=mail.is_possible())


@bp.page("/mot-de-passe-oublie/envoye", access="public")
def forgotten_sent():
    """The same page for everyone who asked."""
    return flask.render_template("signin/forgotten_sent.html")


@bp.page("/reinitialiser", access="public", methods=("GET", "POST"), slow=True)
def reset():
    """Type a printed code, then a new password."""
    if flask.request.method != "POST":
        return _show("signin/reset_code.html", CodeForm())
    if "password" in flask.request.form:
        return _choose_password()
    form = CodeForm()
    if form.submit(lambda: resets.check_code(form.code.data, network=_network()), keep=_KEPT):
        return flask.redirect(flask.url_for("signin.reset_link", code=form.code.data), 303)
    return _show("signin/reset_code.html", form)


@bp.page("/reinitialiser/<code>", access="public")
def reset_link(code: str):
    """The link of a mail or the code of a letter: opening it spends nothing."""
    form = NewPasswordForm(formdata=None, data={"code": code})
    try:
        resets.check_code(code, network=_network())
    except Refused as error:
        return _refuse_code(code, error)
    return _show("signin/reset.html", form)


@bp.page("/confirmer-adresse/<code>", access="public", methods=("GET", "POST"))
def confirm_email(code: str):
    """The link of a mail: opening it spends nothing, since programs open links too; the button confirms."""
    form = Form()
    act = confirmations.confirm if flask.request.method == "POST" else confirmations.check
    try:
        act(code, network=_network())
    except Refused as error:
        form.refuse(error)
        form.status = error.status
    else:
        if flask.request.method == "POST":
            flask.flash(_("Votre adresse est confirmée."), "done")
            return flask.redirect("/", 303)
    return _show("signin/confirm_email.html", form, code=code)


def _choose_password():
    form = NewPasswordForm()
    try:
        done = form.submit(
            lambda: resets.reset_password(
                form.code.data, form.password.data, network=_network(), then=sessions.sign_in
            ),
            keep=_KEPT,
        )
    finally:
        form.password.data = None
    if done:
        flask.flash(_("Votre nouveau mot de passe est enregistré. Vos autres appareils sont déconnectés."), "done")
        return flask.redirect("/", 303)
    if form.code.errors:
        return _refuse_code(form.code.data, None, form)
    return _show("signin/reset.html", form)


def _refuse_code(code: str, error: Refused | None, failed: NewPasswordForm | None = None):
    """Back to the field of the code, with the reason beside it."""
    form = CodeForm(formdata=None, data={"code": code[:60]})
    form.status = error.status if error else failed.status
    if error is not None:
        form.code.errors = []
        form.refuse(error)
    else:
        form.code.errors = list(failed.code.errors)
    return _show("signin/reset_code.html", form)
