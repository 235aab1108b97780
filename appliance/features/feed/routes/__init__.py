"""HTTP of the feed: parse, call, render."""

from appliance.features.feed.routes import answers, moving, posts, reading, seen
from appliance.features.feed.routes.common import bp

__all__ = ["answers", "bp", "moving", "posts", "reading", "seen"]
