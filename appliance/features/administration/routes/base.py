"""What every page of administration needs."""

import flask

from appliance.web.routing import Slice

bp = Slice("administration", "appliance.features.administration")  # templates stand beside this package


def show(template: str, *forms, **values):
    """Render a page; with the status of its forms (200 when none was refused)."""
    page = flask.render_template(f"administration/{template}.html", **values)
    return page, max((form.status for form in forms if form.is_submitted()), default=200)


def show_code(account, code: str, back: str):
    """The page that shows a one-time code, this once."""
    address = flask.current_app.config["PREAU"].server.public_url + flask.url_for("signin.reset")
    return show("code", account=account, code=code, address=address, back=back)


def to(endpoint: str, **values):
    """Go on with GET."""
    return flask.redirect(flask.url_for(f"administration.{endpoint}", **values), 303)


def page_url(endpoint: str, searched: str, page: int) -> str:
    """The address of a page of a list, of what was searched in it."""
    return flask.url_for(endpoint, nom=searched or None, page=page)


def done(text: str) -> None:
    """Say on the next page what was done."""
    flask.flash(text, "done")
