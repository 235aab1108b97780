"""What was sent becomes what is shown: the task of kind “media”, done by whoever holds its lease.

The kind is decided by content, the family's own module draws, and the outcome is written in the transaction that
checks the lease: a worker that lost it leaves nothing but files that no row mentions.
"""

import os

from appliance.core.errors import NotFound
from appliance.core.i18n import lazy_
from appliance.services import work
from appliance.services.media import (
    admission,
    antivirus,
    arrivals,
    documents,
    files,
    heif,
    kinds,
    programs,
    sound,
    still,
    store,
    video,
)
from appliance.services.media.refusals import FileRefused

FAILED = "failed"

# What the page says of a media that was refused: the row keeps the code alone.
REASONS = {
    FAILED: lazy_(
        "Ce fichier n’a pas pu être préparé. Renvoyez-le\u202f; si cela se reproduit, prévenez l’administrateur."
    ),
    "empty": lazy_("Ce fichier est vide. Vérifiez qu’il s’ouvre sur votre appareil, puis renvoyez-le."),
    "truncated": lazy_("Ce fichier est incomplet\u202f: l’envoi ou l’enregistrement a été coupé. Renvoyez-le."),
    "damaged": lazy_("Ce fichier est abîmé. Vérifiez qu’il s’ouvre sur votre appareil, puis renvoyez-le."),
    "too_large": lazy_("Cette image a trop de pixels pour être lue sans risque. Réduisez-la, puis renvoyez-la."),
    "too_heavy": lazy_("Ce fichier est trop lourd."),
    "bomb": lazy_("Ce document est trop volumineux une fois ouvert. Enregistrez-le en PDF."),
    "encrypted": lazy_("Ce document est protégé par un mot de passe. Enlevez-le, puis renvoyez-le."),
    "macros": lazy_("Ce document contient des macros. Enregistrez-le en PDF, puis renvoyez-le."),
    "polyglot": lazy_("Ce fichier mélange plusieurs types de contenus. Enregistrez-le de nouveau, puis renvoyez-le."),
    "old_office": lazy_("Ce document est à l’ancien format d’Office, ou protégé. Enregistrez-le en PDF."),
    "program": lazy_("Les programmes et scripts ne sont pas acceptés."),
    "active": lazy_("Les pages web, images SVG et scripts ne sont pas acceptés."),
    "svg": lazy_("Les pages web, images SVG et scripts ne sont pas acceptés."),
    "archive": lazy_("Les archives (ZIP, RAR…) ne sont pas acceptées. Joignez les fichiers eux-mêmes."),
    "heic": lazy_("Cette photo n’a pas pu être lue. Enregistrez-la en JPEG avant de l’envoyer."),
    "other_picture": lazy_("Ce format d’image n’est pas accepté. Enregistrez-la en JPEG."),
    "not_allowed": lazy_("Ce type de fichier n’est pas accepté ici."),
    "unknown": lazy_("Ce type de fichier n’est pas accepté."),
    **antivirus.REASONS,
    **arrivals.REASONS,
    **heif.REASONS,
    **video.REASONS,
    **sound.REASONS,
    **programs.REASONS,
}


def configure(settings) -> None:
    """Take the limits of the configuration, and do the tasks of kind “media” from here on."""
    work.configure(settings.attempts)
    video.configure(settings)
    sound.configure(settings)
    work.register(store.PROCESSING, process, give_up)
    work.register(documents.PREVIEW, documents.draw_preview)


def describe(reason: str) -> str:
    """What to tell the person whose file was refused, in their language."""
    return str(REASONS.get(reason, REASONS[FAILED]))


def process(media_public_id: str, lease) -> None:
    """Draw, convert and encrypt one media anew; what was deleted or settled meanwhile is left alone."""
    try:
        row = files.get_media(media_public_id)
    except NotFound:
        return
    if row.state != "waiting":
        return
    writer = files.writer_for(row)
    try:
        with files.open_source(row) as source:
            arrivals.verify(row, source)
            values = _draw(row, source, writer, lease)
        with lease.finish():
            store.settle(row, writer, **values)
    except antivirus.Infected as error:
        writer.remove()
        with lease.finish():
            antivirus.quarantine(row, error.signature)
    except FileRefused as error:
        writer.remove()
        with lease.finish():
            store.refuse(row, error.reason)
    except BaseException:
        if not lease.ended:  # once it is committed these files are the media
            writer.remove_unless_kept()
        raise


def give_up(media_public_id: str, _error: str) -> None:
    """A media whose processing failed for good is refused, so that its owner learns of it."""
    try:
        row = files.get_media(media_public_id)
    except NotFound:
        return
    if row.state == "waiting":
        store.refuse(row, FAILED)


def _draw(row, source, writer, lease) -> dict:
    kind = kinds.identify(source, allowed=admission.accepted())
    admission.require_size(kind, source.seek(0, os.SEEK_END))
    antivirus.require_clean(source, kept=kind.family == "document", tick=lease.progress)
    if kind.family == "video":
        values = video.process_video(row, source, writer, lease, kind.name)
    elif kind.family == "audio":
        values = sound.process_sound(row, source, writer, lease, kind.name)
    elif kind.family == "picture":
        values = still.process_picture(row, source, writer, lease)
    else:
        values = documents.process_document(row, source, writer, lease)
    return {"family": kind.family, "kind": kind.name, **values}
