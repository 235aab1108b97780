"""Uploads by the service itself, for tests of what becomes of them."""

from contextlib import closing

from appliance.services.media import files, uploads

TEXT = b"Bonjour a tous. " * 1000


def begin(actor, access, data=TEXT, name="menu.txt", **options) -> str:
    """The id of a new upload of these bytes."""
    return uploads.begin(actor, access, name, len(data), **options).public_id


def content_of(public_id: str) -> bytes:
    """What has arrived, in clear."""
    with closing(files.open_source(files.get_media(public_id))) as source:
        return source.read()


def send(actor, public_id: str, data: bytes, size: int = 5000) -> None:
    """Send all of it, piece by piece."""
    for start in range(0, len(data), size):
        uploads.append(actor, public_id, start, data[start : start + size])
