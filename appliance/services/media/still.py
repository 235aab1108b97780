"""A photo that waited becomes its three renditions; nothing of the file that was sent is kept."""

import os

from appliance.services.media import admission, heif, kinds, pictures


def draw(kind: kinds.Kind, fileobj, tick=None) -> pictures.Renditions:
    """The renditions of a picture of a known kind, one of the few at a time; FileRefused when it may not come in."""
    admission.require_size(kind, fileobj.seek(0, os.SEEK_END))
    limits = admission.picture_limits()
    with admission.decoding():
        if kind.name in heif.KINDS:
            return heif.make_renditions(fileobj, limits=limits, tick=tick)
        return pictures.make_renditions(fileobj, limits=limits)


def process_picture(row, source, writer, lease) -> dict:
    """Draw a picture anew and encrypt each rendition; gives what else the row of its media must say: nothing."""
    kind = kinds.identify(source, allowed=frozenset({"picture"}))
    lease.progress(10)
    drawn = draw(kind, source, lease.progress)
    lease.progress(80)
    for each in drawn:
        writer.add(each.name, each.mime, (each.data,), each.width, each.height)
    return {}
