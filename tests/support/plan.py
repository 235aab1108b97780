"""The plan of every class of a test."""

from types import MappingProxyType

from appliance.core import config
from appliance.services import plans


def set_plan(**limits: int) -> None:
    """No limit but these (0: none); the next world has the plans of the configuration again."""
    named = {**config.PLANS, "small": config.Plan(title="Petite", **limits)}
    plans.configure(config.Plans("small", MappingProxyType(named)))
