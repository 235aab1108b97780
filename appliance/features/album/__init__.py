"""The photos and films of a class by date, and one archive of them for those who may keep copies."""

from appliance.core.feature import Feature
from appliance.core.i18n import lazy_
from appliance.features.album import routes

feature = Feature(name="album", title=lazy_("Album"), blueprint=routes.bp, uses=("feed",))
