"""What the feed tells the rest of the appliance, after the commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PostPublished:
    """A post became visible to its audience, at once or on schedule."""

    post_id: int
    public_id: str
    classroom_id: int


@dataclass(frozen=True)
class PostWithdrawn:
    """A post is hidden from the families again."""

    post_id: int
    public_id: str
    classroom_id: int
