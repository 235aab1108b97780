"""The people of a class: pupils, their adults, groups, the team, the class key, invitations and requests to join."""

from appliance.core.feature import Feature, NavItem
from appliance.core.i18n import lazy_
from appliance.features.classroom import routes

feature = Feature(
    name="classroom",
    title=lazy_("Classe"),
    blueprint=routes.bp,
    nav=(NavItem(lazy_("Classes"), "classroom.index", "class", 20, lambda actor: bool(actor.classes)),),
)
