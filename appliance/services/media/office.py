"""Office documents are zip files whose list of entries says what they are; nothing is unpacked but two small entries.

OpenDocument 1.3 part 2 §3.3 (`mimetype` first, stored); ECMA-376 part 2 §7.2 (`[Content_Types].xml`).
"""

import os
import re
import struct
import zipfile
from typing import BinaryIO

from appliance.core.i18n import _
from appliance.services.media.refusals import FileRefused, refuse_kind

_OPEN_DOCUMENT = {b"text": "odt", b"spreadsheet": "ods", b"presentation": "odp"}
_OPEN_XML = {
    b"wordprocessingml.document": "docx",
    b"spreadsheetml.sheet": "xlsx",
    b"presentationml.presentation": "pptx",
    b"presentationml.slideshow": "pptx",
}
_MAIN_PART = re.compile(rb"application/vnd\.openxmlformats-officedocument\.([a-z]+ml\.[a-z]+)\.main\+xml")
_MACRO_TYPES = re.compile(rb"macroEnabled|vbaProject|ms-excel\.(?:intl)?macrosheet|activeX", re.IGNORECASE)
_MACRO_NAMES = re.compile(r"vbaProject|(?:^|/)(?:activeX|macrosheets)/|^(?:Basic|Scripts)/", re.IGNORECASE)
_PROGRAM_NAMES = re.compile(
    r"\.(?:exe|dll|com|scr|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|jar|class|dex|lnk|msi|sh)$|^AndroidManifest\.xml$",
    re.IGNORECASE,
)
_END = struct.Struct("<4s4H2LH")
_MAX_LIST = 1 << 20  # bytes of the list of entries: about 10,000 of them
_MAX_UNPACKED = 1 << 30
_MAX_ENTRY_READ = 1 << 18


def ends_as_zip(tail: bytes) -> bool:
    """Whether a reader of zip files would find an archive near this end of a file; they all search backwards."""
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END.size:
        return False
    length = _END.unpack_from(tail, start)[5]
    return length > start or tail.startswith(b"PK\x01\x02", start - length)


def find_kind(fileobj: BinaryIO, allowed: frozenset[str]) -> str:
    """`odt`, `docx`… for a zip file that is nothing else; damaged files, macros and plain archives are refused."""
    try:
        _check_frame(fileobj)
        with zipfile.ZipFile(fileobj) as archive:
            entries = archive.infolist()
            _check_entries(entries, allowed)
            kind = _find_open_document(archive, entries) or _find_open_xml(archive, entries, allowed)
    except FileRefused:
        raise
    except Exception as error:  # zipfile raises a dozen types on a damaged file
        raise _damaged() from error
    if kind is None:
        text = _("Les archives (ZIP, RAR…) ne sont pas acceptées. Joignez les fichiers eux-mêmes.")
        raise refuse_kind("archive", text, allowed)
    return kind


def _damaged() -> FileRefused:
    return FileRefused(
        "damaged", _("Ce document est incomplet ou abîmé. Vérifiez qu’il s’ouvre sur votre appareil, puis renvoyez-le.")
    )


def _check_frame(fileobj: BinaryIO) -> None:
    """The list of entries ends exactly at the end of the file, starts where it says, and is short enough to read."""
    size = fileobj.seek(0, os.SEEK_END)
    if size < _END.size:
        raise _damaged()
    fileobj.seek(size - _END.size)
    signature, disk, list_disk, here, total, length, start, comment = _END.unpack(fileobj.read(_END.size))
    if signature != b"PK\x05\x06" or comment or disk or list_disk or here != total:
        raise _damaged()
    if length > _MAX_LIST or start + length != size - _END.size:
        raise _damaged()
    fileobj.seek(max(0, size - _END.size - 20))
    if fileobj.read(4) == b"PK\x06\x07":  # zip64: its other list would be the one that is read
        raise _damaged()


def _check_entries(entries: list[zipfile.ZipInfo], allowed: frozenset[str]) -> None:
    names = [entry.filename for entry in entries]
    if len({name.lower() for name in names}) != len(names) or not entries or entries[0].header_offset != 0:
        raise _damaged()
    if any(name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") for name in names):
        raise _damaged()
    if sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
        raise FileRefused("bomb", _("Ce document est trop volumineux une fois ouvert. Enregistrez-le en PDF."))
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused("encrypted", _("Ce document est protégé par un mot de passe. Enlevez-le, puis renvoyez-le."))
    if any(_MACRO_NAMES.search(name) for name in names):
        raise _refuse_macros(allowed)
    if any(_PROGRAM_NAMES.search(name) for name in names):
        text = _("Ce document contient un programme ou une page web. Enregistrez-le en PDF, puis renvoyez-le.")
        raise refuse_kind("program", text, allowed)


def _refuse_macros(allowed: frozenset[str]) -> FileRefused:
    text = _(
        "Ce document contient des macros (des programmes). Enregistrez-le sans macros ou en PDF, puis renvoyez-le."
    )
    return refuse_kind("macros", text, allowed)


def _find_open_document(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str | None:
    first = entries[0]
    if first.filename != "mimetype" or first.compress_type != zipfile.ZIP_STORED or first.file_size > 100:
        return None
    mime = archive.read(first).strip()
    kind = _OPEN_DOCUMENT.get(mime.removeprefix(b"application/vnd.oasis.opendocument."))
    names = set(archive.namelist())
    return kind if {"content.xml", "META-INF/manifest.xml"} <= names and "[Content_Types].xml" not in names else None


def _find_open_xml(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], allowed: frozenset[str]) -> str | None:
    if "[Content_Types].xml" not in archive.namelist():
        return None
    with archive.open("[Content_Types].xml") as source:
        types = source.read(_MAX_ENTRY_READ)
    if _MACRO_TYPES.search(types):
        raise _refuse_macros(allowed)
    kinds = {_OPEN_XML.get(found) for found in _MAIN_PART.findall(types)} - {None}
    return kinds.pop() if len(kinds) == 1 else None
