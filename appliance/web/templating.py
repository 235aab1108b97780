"""What every template may use: texts, dates in the reader's language, hashed addresses of static files."""

from datetime import date, datetime

import flask
import markupsafe
from babel import dates

from appliance.core import clock, i18n, richtext
from appliance.core.i18n import file_size
from appliance.school.policy import tint
from appliance.web import assets, nav

ROLES = {
    "guardian": i18n.lazy_("Responsable légal"),
    "contact": i18n.lazy_("Contact"),
    "teacher": i18n.lazy_("Enseignant"),
    "assistant": i18n.lazy_("Assistant de classe"),
    "principal": i18n.lazy_("Direction"),
    "admin": i18n.lazy_("Administration"),
    "dpo": i18n.lazy_("Délégué à la protection des données"),
}


def format_date(value: date | datetime | None, style: str = "long") -> str:
    """“12 novembre 2026” on the school's calendar."""
    if value is None:
        return ""
    return dates.format_date(clock.local(value) if isinstance(value, datetime) else value, style, locale=i18n.current())


def format_datetime(value: datetime | None, style: str = "medium") -> str:
    """“12 nov. 2026, 18:30” on the school's clocks."""
    if value is None:
        return ""
    here, locale = clock.local(value), i18n.current()
    return f"{dates.format_date(here, style, locale=locale)}, {dates.format_time(here, 'short', locale=locale)}"


def ago(value: datetime | None) -> markupsafe.Markup:
    """The moment as people say it that day (“aujourd’hui à 18:30”), inside <time>; a page kept until tomorrow stays
    true."""
    if value is None:
        return markupsafe.Markup("")
    here, locale = clock.local(value), i18n.current()
    days = (clock.today() - here.date()).days
    hour = dates.format_time(here, "short", locale=locale)
    if days == 0:
        text = i18n._("aujourd’hui à %(hour)s", hour=hour)
    elif days == 1:
        text = i18n._("hier à %(hour)s", hour=hour)
    elif 1 < days < 7:
        text = i18n._("%(day)s à %(hour)s", day=dates.format_date(here, "EEEE", locale=locale), hour=hour)
    else:
        text = dates.format_date(here, "d MMMM" if here.year == clock.today().year else "d MMMM y", locale=locale)
    full = dates.format_datetime(here, "full", locale=locale)
    return markupsafe.Markup('<time datetime="{}" title="{}">{}</time>').format(here.isoformat(), full, text)


def install(app: flask.Flask) -> None:
    """Give the templates their functions and filters."""
    env = app.jinja_env
    env.add_extension("jinja2.ext.i18n")
    env.add_extension("jinja2.ext.do")
    env.install_gettext_callables(i18n._, lambda one, more, n: i18n.ngettext(one, more, n), newstyle=False)
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update(
        date=format_date, datetime=format_datetime, ago=ago, rich=richtext.render, file_size=file_size, tint=tint
    )
    env.globals.update(
        _=i18n._,
        ngettext=i18n.ngettext,
        static=assets.address,
        role_names=ROLES,
        language_names=i18n.NAMES,
        languages=i18n.languages,
        menu=nav.draw,
    )
    app.context_processor(_context)


def _context() -> dict:
    actor = flask.g.get("actor")
    return {
        "actor": actor,
        "lang": i18n.current(),
        "dir": i18n.direction(),
        "theme": actor.theme if actor else flask.request.cookies.get("theme", ""),
        "flashes": flask.get_flashed_messages(with_categories=True),
        "footer_links": nav.FOOTER,
        "demo": flask.current_app.config["PREAU"].demo,
    }
