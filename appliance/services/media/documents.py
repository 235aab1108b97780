"""A document is kept as it was sent and only ever saved by its readers; a picture of its first page is drawn where
that is possible, and a document without one is no less available.

PDF goes through poppler as a limited program; OpenDocument and Office files may hold a thumbnail of their own, drawn
anew like any photo that someone sent.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from appliance.core.errors import NotFound, Unavailable
from appliance.services import audit
from appliance.services.media import admission, files, kinds, pictures, programs
from appliance.services.media.models import Media, Rendition
from appliance.services.media.refusals import FileRefused
from appliance.storage import database, memory

PREVIEW = "preview"
SIZES = {PREVIEW: 1200, "thumb": 320}
PREVIEWED = frozenset(name for name, kind in kinds.KINDS.items() if kind.family == "document" and name != "text")

_PIECE = 256 * 1024
_SECONDS = 20
_MEMORY_MB = 1024
_OUTPUT_MB = 32
_MAX_THUMBNAIL = 4 << 20
_MAX_PAGES = 1_000_000
_PAGES = re.compile(rb"^Pages:\s+(\d{1,9})\s*$", re.MULTILINE)
# OpenDocument 1.3 part 2 §3.7; ECMA-376 part 2 §8.4.
_THUMBNAIL = re.compile(r"Thumbnails/thumbnail\.png|docProps/thumbnail\.(?:jpe?g|png)", re.IGNORECASE)
_LIMITS = pictures.Limits(max_bytes=_OUTPUT_MB << 20, max_pixels=4_000_000)


def process_document(row, source, writer, lease) -> dict:
    """Keep a document as it was sent, with a preview where one can be drawn; gives its number of pages."""
    kind = kinds.identify(source, allowed=frozenset({"document"}))
    admission.require_size(kind, source.seek(0, io.SEEK_END))
    source.seek(0)
    writer.add(files.ORIGINAL, kind.mime, _pieces(source))
    lease.progress(40)
    return {"pages": _add_preview(kind, source, writer, lease)}


def draw_preview(media_public_id: str, lease) -> None:
    """The task of kind “preview”: give a document that is available already the picture of its first page."""
    try:
        row = files.get_media(media_public_id)
    except NotFound:
        return
    if row.state != "ready" or row.kind not in PREVIEWED:
        return
    writer = files.writer_for(row)
    try:
        with files.open_source(row) as source:
            pages = _add_preview(kinds.KINDS[row.kind], source, writer, lease)
        with lease.finish():
            _attach(row, writer, pages)
    except BaseException:
        if not lease.ended:  # once it is committed these files are the media's
            writer.remove_unless_kept()
        raise


def _attach(row, writer: files.Writer, pages: int | None) -> None:
    """Add the files to those that the media has; of one that was deleted meanwhile nothing is left."""
    with database.transaction():
        alive = files.is_alive(row) & (Media.state == "ready")
        found = Media.update(pages=pages, bytes=Media.bytes + writer.bytes).where(alive).execute()
        if not found:
            database.after_commit(writer.remove)
        elif writer.renditions:
            Rendition.insert_many([{"media": row.media_id, **each} for each in writer.renditions]).execute()
            audit.record(
                None, "update", "media_previewed",
                kind="media", object_id=row.public_id,
                classroom=row.classroom_public_id, classroom_id=row.classroom_id, tenant=row.academy_public_id,
            )  # fmt: skip


def _add_preview(kind: kinds.Kind, source, writer: files.Writer, lease) -> int | None:
    """Draw the first page if anything can, and tell how many there are if anything does."""
    try:
        drawn, pages = draw_first_page(kind, source, tick=lease.progress)
    except (FileRefused, Unavailable):  # no tool, a hostile file, a damaged thumbnail: the document is there
        return None
    for each in drawn:
        writer.add(each.name, each.mime, (each.data,), each.width, each.height)
    return pages


def draw_first_page(kind: kinds.Kind, source: BinaryIO, tick=None) -> tuple[pictures.Renditions, int | None]:
    """The first page in two sizes, none where there is nothing to show, and the number of pages where it is known."""
    if kind.name == "pdf":
        picture, pages = _draw_pdf(source, tick)
    elif kind.name in PREVIEWED:
        picture, pages = _find_thumbnail(source), None
    else:
        picture, pages = None, None
    if picture is None:
        return pictures.Renditions(()), pages
    try:
        with admission.decoding():
            return pictures.make_renditions(io.BytesIO(picture), sizes=SIZES, limits=_LIMITS), pages
    except FileRefused:
        return pictures.Renditions(()), pages


def _draw_pdf(source: BinaryIO, tick) -> tuple[bytes | None, int | None]:
    with programs.private_folder() as folder:
        path = folder / "document.pdf"
        memory.write(path, _pieces(source))
        limits = {"folder": folder, "seconds": _SECONDS, "memory_mb": _MEMORY_MB, "output_mb": _OUTPUT_MB, "tick": tick}
        told = programs.run(["pdfinfo", str(path)], **limits)
        found = _PAGES.search(told.output) if told.ok else None
        pages = int(found[1]) if found and 0 < int(found[1]) <= _MAX_PAGES else None
        # `-scale-to` sets the pixels of the longest side, whatever the page pretends to measure.
        options = ["-f", "1", "-l", "1", "-singlefile", "-scale-to", str(SIZES[PREVIEW]), "-jpeg"]
        drawn = programs.run(["pdftoppm", *options, str(path), str(folder / "page")], **limits)
        page = folder / "page.jpg"
        if not drawn.ok or not page.is_file() or page.is_symlink():
            return None, pages
        return page.read_bytes(), pages


def _find_thumbnail(source: BinaryIO) -> bytes | None:
    try:
        with zipfile.ZipFile(source) as archive:
            entry = next((each for each in archive.infolist() if _THUMBNAIL.fullmatch(each.filename)), None)
            if entry is None or entry.file_size > _MAX_THUMBNAIL:
                return None
            with archive.open(entry) as file:
                return file.read(_MAX_THUMBNAIL)
    except Exception:  # zipfile raises a dozen types on a damaged file, and a thumbnail is not worth one
        return None


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    return iter(lambda: source.read(_PIECE), b"")
