"""What the routes of the feed share: the blueprint, the way back, the limits in force."""

import flask

from appliance.web.routing import Slice, safe_target

bp = Slice("feed", "appliance.features.feed")


def limits():
    """The limits of the configuration in use."""
    return flask.current_app.config["PREAU"].limits


def go_back(default: str, anchor: str = ""):
    """Back to the page whose button was pressed, at the same card."""
    target = safe_target(flask.request.form.get("suite"), default).split("#")[0]
    return flask.redirect(target + (f"#{anchor}" if anchor else ""), 303)


def url_of(post: str) -> str:
    """The page of a post."""
    return f"/publications/{post}"
