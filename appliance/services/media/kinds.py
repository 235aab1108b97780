"""The kind of a file is told by its content, never by its name or by what the browser says.

What is not recognised is refused. Pictures are drawn anew afterwards, so what is hidden in one is lost; documents are
kept as they came, so one that could also be read as something else (a polyglot) is refused.
"""

import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from appliance.core.i18n import _
from appliance.services.media import movies, office
from appliance.services.media.refusals import FileRefused, refuse_kind

HEAD = 4096
TAIL = 66_000  # an end-of-archive record may stand 65,557 bytes before the end
DEFAULT_ALLOWED = frozenset({"picture", "document"})


@dataclass(frozen=True)
class Kind:
    """What a file is. `extensions` are those that agree with it, the usual one first."""

    name: str
    mime: str
    family: str
    extensions: tuple[str, ...]

    @property
    def extension(self) -> str:
        """The usual extension, without a dot."""
        return self.extensions[0]


_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
KINDS = {
    kind.name: kind
    for kind in (
        Kind("jpeg", "image/jpeg", "picture", ("jpg", "jpeg")),
        Kind("png", "image/png", "picture", ("png",)),
        Kind("webp", "image/webp", "picture", ("webp",)),
        Kind("gif", "image/gif", "picture", ("gif",)),
        Kind("heic", "image/heic", "picture", ("heic", "heif", "hif")),
        Kind("avif", "image/avif", "picture", ("avif",)),
        Kind("pdf", "application/pdf", "document", ("pdf",)),
        Kind("odt", _OPEN_DOCUMENT + "text", "document", ("odt",)),
        Kind("ods", _OPEN_DOCUMENT + "spreadsheet", "document", ("ods",)),
        Kind("odp", _OPEN_DOCUMENT + "presentation", "document", ("odp",)),
        Kind("docx", _OPEN_XML + "wordprocessingml.document", "document", ("docx",)),
        Kind("xlsx", _OPEN_XML + "spreadsheetml.sheet", "document", ("xlsx",)),
        Kind("pptx", _OPEN_XML + "presentationml.presentation", "document", ("pptx",)),
        Kind("text", "text/plain", "document", ("txt", "csv", "tsv", "md")),
        Kind("mp3", "audio/mpeg", "audio", ("mp3",)),
        Kind("m4a", "audio/mp4", "audio", ("m4a",)),
        Kind("ogg", "audio/ogg", "audio", ("ogg", "oga", "opus")),
        Kind("wav", "audio/wav", "audio", ("wav",)),
        Kind("weba", "audio/webm", "audio", ("weba", "webm")),
        Kind("mp4", "video/mp4", "video", ("mp4", "m4v")),
        Kind("webm", "video/webm", "video", ("webm",)),
    )
}

# What opens a page or a program wherever the file is put: WHATWG MIME Sniffing §7.1, and the usual scripts.
_ACTIVE = re.compile(
    rb"<(?:!doctype|html|head|body|script|iframe|svg|style|object|embed|frameset|\?xml|\?php|!entity)\b|<\?=",
    re.IGNORECASE,
)
_PAGE = re.compile(rb"<(?:!doctype|html|head|body|script|iframe|svg)\b", re.IGNORECASE)
_SCRIPT_START = re.compile(rb"#!|@echo off\b|%!PS|\{\\rtf|MIME-Version:|-----BEGIN ", re.IGNORECASE)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_PDF_START = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,64}%PDF-[12]\.\d")

_ARCHIVES = (
    b"PK",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"MSCF",
    b"LZIP",
    b"ITSF",
)
_MACH_O = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PROGRAMS = (b"MZ", b"\x7fELF", *_MACH_O, b"L\x00\x00\x00\x01\x14\x02", b"dex\n", b"\x00asm", b"#!", b"!<arch>")
_OTHER_PICTURES = (
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"8BPS",
    b"\x00\x00\x01\x00",
    b"\xff\x0a",
    b"\x00\x00\x00\x0cJXL ",
    b"\x00\x00\x00\x0cjP",
)


def identify(fileobj: BinaryIO, *, allowed: frozenset[str] = DEFAULT_ALLOWED) -> Kind:
    """The kind of a seekable file; `allowed` holds families or names of kinds. Raises FileRefused."""
    size = fileobj.seek(0, os.SEEK_END)
    fileobj.seek(0)
    head = fileobj.read(HEAD)
    fileobj.seek(max(0, size - TAIL))
    tail = fileobj.read(TAIL)
    kind = sniff(head, tail, fileobj, allowed=allowed)
    fileobj.seek(0)
    return kind


def sniff(head: bytes, tail: bytes, fileobj: BinaryIO, *, allowed: frozenset[str] = DEFAULT_ALLOWED) -> Kind:
    """The kind of a file from its first 4 KiB, its last 64 KiB and, where these don't tell, the file itself."""
    if not head:
        raise FileRefused(
            "empty", _("Ce fichier est vide. Vérifiez qu’il s’ouvre sur votre appareil, puis renvoyez-le.")
        )
    name = _find_picture(head) or _find_document(head, tail, fileobj, allowed) or movies.find_kind(head, fileobj)
    if name is None:
        name = _find_text(head, fileobj, allowed)
    kind = KINDS[name]
    if kind.family not in allowed and kind.name not in allowed:
        text = {
            "picture": _("Les photos ne sont pas acceptées ici."),
            "document": _("Les documents de ce type ne sont pas acceptés ici."),
            "audio": _("Le son n’est pas accepté ici."),
            "video": _("Les vidéos ne sont pas acceptées ici."),
        }[kind.family]
        raise refuse_kind("not_allowed", text, allowed)
    return kind


def _find_picture(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return None


def _find_document(head: bytes, tail: bytes, fileobj: BinaryIO, allowed: frozenset[str]) -> str | None:
    is_pdf, is_zip = _PDF_START.match(head), head.startswith(b"PK\x03\x04")
    if not (is_pdf or is_zip):
        return None
    # A reader of PDF looks for the mark in the first 1,024 bytes, a browser for tags, a reader of zip at the end.
    if _PAGE.search(head[:1024]) or (is_zip and b"%PDF-" in head[:1024]) or (is_pdf and office.ends_as_zip(tail)):
        raise _refuse_polyglot(allowed)
    if is_zip:
        return office.find_kind(fileobj, allowed)
    end = tail.rfind(b"%%EOF")
    if end < 0 or b"startxref" not in tail:
        raise FileRefused(
            "truncated", _("Ce PDF est incomplet : l’envoi ou l’enregistrement a été coupé. Renvoyez-le.")
        )
    if tail[end + 5 :].strip(b"\r\n\t \x00"):
        raise _refuse_polyglot(allowed)
    return "pdf"


def _refuse_polyglot(allowed: frozenset[str]) -> FileRefused:
    text = _("Ce fichier mélange plusieurs types de contenus. Enregistrez-le de nouveau en PDF, puis renvoyez-le.")
    return refuse_kind("polyglot", text, allowed)


def _find_text(head: bytes, fileobj: BinaryIO, allowed: frozenset[str]) -> str:
    _refuse_known(head, allowed)
    if _ACTIVE.search(head) or _SCRIPT_START.match(head.lstrip(b"\xef\xbb\xbf \t\r\n")):
        reason = "svg" if b"<svg" in head.lower() else "active"
        raise refuse_kind(reason, _("Les pages web, images SVG et scripts ne sont pas acceptés."), allowed)
    fileobj.seek(0)
    while chunk := fileobj.read(1 << 16):
        # Latin-1 has a letter for each byte, so control bytes tell text from the rest, in UTF-8 too.
        if _NOT_TEXT.search(chunk):
            raise refuse_kind("unknown", _("Ce type de fichier n’est pas accepté."), allowed)
    return "text"


def _refuse_known(head: bytes, allowed: frozenset[str]) -> None:
    """What people often send by mistake gets a message that says what to do."""
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        text = _("Ce document est à l’ancien format d’Office, ou protégé par un mot de passe. Enregistrez-le en PDF.")
        raise refuse_kind("old_office", text, allowed)
    if head.startswith(_PROGRAMS):
        raise refuse_kind("program", _("Les programmes et scripts ne sont pas acceptés."), allowed)
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        text = _("Les archives (ZIP, RAR…) ne sont pas acceptées. Joignez les fichiers eux-mêmes.")
        raise refuse_kind("archive", text, allowed)
    if head.startswith(_OTHER_PICTURES):
        raise refuse_kind("other_picture", _("Ce format d’image n’est pas accepté. Enregistrez-la en JPEG."), allowed)
    if head.startswith(b"%PDF") or b"%PDF-" in head[:1024]:
        raise _refuse_polyglot(allowed)
