"""Delimited text becomes rows of cells kept by position; damage is confined to its line, held back and reported."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from appliance.services.roster.encoding import read_text
from appliance.services.roster.matching import header_key
from appliance.services.roster.problems import Problems, RosterRefused
from appliance.services.roster.records import RosterFile

DELIMITERS = (";", "\t", ",", "|")
_LOOK_AHEAD = 10  # lines in which the titles must be found
_SOMEBODY = 3  # filled cells of the shortest line that a roster takes
_EOL = re.compile(r"\r\n|\r|\n")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MOJIBAKE = re.compile(r"Ã[\u0080-\u00bf©¨ª«®´§‰€ˆ‡]|â€[™œ“”]")
# Possessive: a quote that is never closed must fail at once.
_QUOTED = re.compile(r' *"((?:[^"]++|"")*+)" *')


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold; beyond it the file or the line is refused with its number."""

    file_bytes: int = 8 * 1024 * 1024
    rows: int = 20_000
    columns: int = 400
    cell_chars: int = 2_000
    name_chars: int = 100
    problems: int = 500


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a line, outer blanks removed, padded to the titles; `written` is how many the line holds."""

    line: int
    cells: tuple[str, ...]
    written: int


@dataclass(frozen=True)
class Table:
    """A file read as a table; `titles` are comparable (header_key), by position, repeated ones included."""

    file: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(source: RosterFile, known: Collection[str], problems: Problems, limits: Limits) -> Table:
    """Read a delimited file whose line of titles holds some of the `known` keys; RosterRefused where none does."""
    text, encoding = read_text(source.data, source.name, limits.file_bytes)
    delimiter, header_line = _find_header(text, source.name, known, limits)
    rows = _split(text, delimiter, limits)
    header, titles, kept = (), (), []
    for line, cells, damage in rows:
        if line < header_line:
            # A heading says little; a line of many cells may be somebody, under titles that could not be read.
            if sum(bool(cell.strip()) for cell in cells) >= _SOMEBODY:
                problems.add("above_titles", source.name, line)
            continue
        if line == header_line:
            header = tuple(cell.strip() for cell in cells)
            titles = tuple(header_key(cell) for cell in cells)
            continue
        row = _accept(Row(line, tuple(cells), len(cells)), damage, titles, source.name, problems, limits)
        if row:
            kept.append(row)
        if len(kept) > limits.rows:
            raise RosterRefused("too_many_rows", source.name, count=limits.rows)
    return Table(source.name, encoding, delimiter, header, titles, tuple(kept))


def _find_header(text: str, file: str, known: Collection[str], limits: Limits) -> tuple[str, int]:
    best, too_wide = (0, 0, "", 0), False
    for delimiter in DELIMITERS:
        for line, cells, damage in islice(_split(text, delimiter, limits), _LOOK_AHEAD):
            too_wide |= damage == "too_many_cells"
            found = 0 if damage else sum(header_key(cell) in known for cell in cells)
            if found and (found, len(cells)) > best[:2]:
                best = (found, len(cells), delimiter, line)
    if best[1] >= 2:
        return best[2], best[3]
    if too_wide:
        raise RosterRefused("too_many_columns", file, count=limits.columns)
    split = any(delimiter in line for line in _EOL.split(text[:20_000])[:_LOOK_AHEAD] for delimiter in DELIMITERS)
    raise RosterRefused("no_known_column" if split else "no_delimiter", file)


def _accept(row: Row, damage: str, titles: tuple, file: str, problems: Problems, limits: Limits) -> Row | None:
    """The row cleaned and padded; None where it is blank or held back, which is then reported."""
    cells = list(row.cells)
    if not any(cell.strip() for cell in cells):
        return None
    if damage:
        problems.add(damage, file, row.line, count=limits.columns)
        return None
    if any(len(cell) > limits.cell_chars for cell in cells):
        problems.add("cell_too_long", file, row.line, count=limits.cell_chars)
        return None
    if any(cell.strip() for cell in cells[len(titles) :]):
        problems.add("long_row", file, row.line, count=row.written, expected=len(titles))
        return None
    cells = [_clean(cell, row.line, file, problems) for cell in cells[: len(titles)]]
    if all(header_key(cell) == title for cell, title in zip_longest(cells, titles, fillvalue="")):
        problems.add("titles_again", file, row.line)
        return None
    return Row(row.line, tuple(cells + [""] * (len(titles) - len(cells))), row.written)


def _clean(cell: str, line: int, file: str, problems: Problems) -> str:
    if _CONTROLS.search(cell):
        problems.add("control_characters", file, line, value=_CONTROLS.sub("", cell))
        cell = _CONTROLS.sub("", cell)
    if "\ufffd" in cell:
        problems.add("unreadable_character", file, line, value=cell)
    elif _MOJIBAKE.search(cell):
        problems.add("twice_encoded", file, line, value=cell)
    return cell.strip()


def _split(text: str, delimiter: str, limits: Limits) -> Iterator[tuple[int, list[str], str]]:
    """Yield (line, cells, damage) for each record (RFC 4180, any line end); a damaged one is one physical line."""
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    position, line, length = 0, 1, len(text)
    while position < length:
        start, cells, damage = line, [], ""
        while True:
            quoted = text[position : position + 60].lstrip(" ").startswith('"')
            if quoted:
                value, position, damage, lines = _quoted_cell(text, position, delimiter, limits)
                line += lines
            else:
                match = plain.match(text, position)
                value, position = match.group(), match.end()
            cells.append(value)
            damage = damage or ("too_many_cells" if len(cells) > limits.columns else "")
            if damage or position >= length or text[position] != delimiter:
                break
            position += 1
        end = _EOL.search(text, position) if damage else _EOL.match(text, position)
        position = end.end() if end else length
        line += 1
        yield start, cells, damage


def _quoted_cell(text: str, position: int, delimiter: str, limits: Limits) -> tuple[str, int, str, int]:
    """(value, where it ends, damage, line ends inside); on damage the position stays on the opening quote's line."""
    match = _QUOTED.match(text, position, min(len(text), position + 2 * limits.cell_chars + 64))
    if not match:
        return "?", position, "unclosed_quote", 0
    if match.end() < len(text) and text[match.end()] not in (delimiter, "\r", "\n"):
        return "?", position, "stray_quote", 0
    value = match.group(1).replace('""', '"')
    return value, match.end(), "", len(_EOL.findall(match.group()))
