"""What a class may hold and its families may do: the limits of its plan, read from the configuration."""


def require_storage(place, size: int) -> None:
    """QuotaReached unless `size` more bytes fit into the storage of the class; inside the transaction that inserts
    the media, so that two uploads at once can't exceed it together."""
