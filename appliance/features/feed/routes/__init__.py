"""HTTP of the feed: parse, call, render."""

from appliance.features.feed.routes import answers, posts, reading
from appliance.features.feed.routes.common import bp

__all__ = ["answers", "bp", "posts", "reading"]
