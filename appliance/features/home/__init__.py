"""The first page: for a guardian, all children of all schools; for the staff, their classes and what waits in them."""

from appliance.core.feature import Feature, NavItem
from appliance.core.i18n import lazy_
from appliance.features.home import routes

feature = Feature(
    name="home",
    title=lazy_("Accueil"),
    blueprint=routes.bp,
    nav=(NavItem(lazy_("Accueil"), "home.index", "home", 10),),
    uses=("feed",),
)
