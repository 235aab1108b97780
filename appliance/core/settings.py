"""How one setting is declared, checked and printed; which ones there are stands in `core.config`.

A key that is unknown or of the wrong kind stops the start with its name, its line and the remedy.
"""

import dataclasses
import ipaddress
import re
import types
import typing
import zoneinfo
from collections.abc import Mapping
from dataclasses import field, fields
from types import MappingProxyType

from appliance.core.errors import ConfigError

_NAMES = {str: "a text in quotes", int: "a whole number", bool: "true or false", float: "a number"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")


def setting(default, doc: str, *, low=None, high=None, choices=None, fits=None):
    """One documented setting with its default, its bounds and its choices; `fits` is a test and what must be."""
    metadata = {"doc": doc, "low": low, "high": high, "choices": choices, "fits": fits}
    return field(default=default, metadata=metadata)


def named(kind: type, built_in: Mapping[str, object], doc: str):
    """Tables of one kind, each under a name: those that are built in, whose values may be changed, and others."""
    return field(default_factory=lambda: MappingProxyType(dict(built_in)), metadata={"table": kind, "doc": doc})


def is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_url(text: str) -> bool:
    """Whether links can begin with it: http:// or https://, a name, no slash at the end."""
    return re.fullmatch(r"https?://[^\s/]+(/[^\s/]+)*", text) is not None


def is_zone(text: str) -> bool:
    """Whether this machine knows the time zone."""
    try:
        return bool(zoneinfo.ZoneInfo(text))
    except (KeyError, OSError, ValueError):  # unknown; a folder of zones; no name at all
        return False


def line_of(text: str, section: str | None, key: str | None) -> int:
    """The line of a section or of a key in it, 0 when it isn't found; a TOML parser keeps no positions, so they are
    looked up for the message."""
    inside = section is None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
        if header:
            inside = re.sub(r"[\"'\s]", "", header.group(1)) == section
            if inside and key is None:
                return number
        elif inside and key is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return 0


def check(where: str, spec: dataclasses.Field, kind: type, value: object) -> object:
    """The value, when it is of the right kind and within its bounds; else ConfigError."""
    accepted = kind.__args__ if isinstance(kind, types.UnionType) else (kind,)
    if type(value) not in accepted:
        raise ConfigError(f"{where} must be {_NAMES[accepted[0]]}, not {value!r}.")
    low, high, choices = spec.metadata["low"], spec.metadata["high"], spec.metadata["choices"]
    if low is not None and value < low:
        raise ConfigError(f"{where} must be at least {low}, not {value}.")
    if high is not None and value > high:
        raise ConfigError(f"{where} must be at most {high}, not {value}.")
    if choices and value not in choices:
        raise ConfigError(f"{where} must be one of {', '.join(map(str, choices))}, not {value!r}.")
    fits = spec.metadata["fits"]
    if fits and not fits[0](value):
        raise ConfigError(f"{where} must be {fits[1]}, not {value!r}.")
    return value


def parse_section(text: str, name: str, section: str, kind: type, content: dict, start: object = None) -> object:
    """The settings of one section; those that are absent keep the value that they have in `start`, or their
    default."""
    specs, hints, values = {spec.name: spec for spec in fields(kind)}, typing.get_type_hints(kind), {}
    tables = [spec for spec in specs.values() if "table" in spec.metadata]
    plain = [spec.name for spec in specs.values() if "table" not in spec.metadata]
    moved = getattr(kind, "moved", {})
    for key, value in content.items():
        where = f"{name}, line {_line_in(text, section, key)}: {section}.{key}"
        if tables and isinstance(value, dict) and key not in plain:
            continue
        if key in moved:
            raise ConfigError(f"{where} is now {moved[key]}: write it there.")
        if key not in plain:
            raise ConfigError(f"{where} is not a setting. Settings of [{section}]: {', '.join(plain)}.")
        values[key] = check(where, specs[key], hints[key], value)
    for spec in tables:
        others = {key: value for key, value in content.items() if key not in plain}
        values[spec.name] = _parse_tables(text, name, section, spec, others)
    return kind(**values) if start is None else dataclasses.replace(start, **values)


def _parse_tables(text: str, name: str, section: str, spec: dataclasses.Field, content: dict) -> Mapping:
    found = dict(spec.default_factory())
    for key, value in content.items():
        if not _NAME.fullmatch(key):
            raise ConfigError(
                f"{name}, line {_line_in(text, section, key)}: [{section}.{key}] must be named with at most 20 small "
                "letters, digits, - or _."
            )
        found[key] = parse_section(text, name, f"{section}.{key}", spec.metadata["table"], value, found.get(key))
    return MappingProxyType(found)


def _line_in(text: str, section: str, key: str) -> int:
    """The line of a key, of the table that it is, or of the table around it when that is written on one line."""
    above, _dot, last = section.rpartition(".")
    return (
        line_of(text, section, key)
        or line_of(text, f"{section}.{key}", None)
        or (line_of(text, above, last) if above else 0)
        or 1
    )


def literal(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def print_section(section: str, value: object, changed: dict) -> str:
    """A section with the documentation of every setting, then its tables."""
    parts = [f"\n# {type(value).__doc__}\n[{section}]\n"]
    for spec in fields(value):
        if "table" in spec.metadata:
            parts.append(_print_tables(section, spec, getattr(value, spec.name)))
            continue
        low, high = spec.metadata["low"], spec.metadata["high"]
        bounds = f" ({low} to {high})" if None not in (low, high) else f" (at least {low})" if low else ""
        parts.append(
            f"# {spec.metadata['doc']}{bounds}\n{spec.name} = "
            f"{literal(changed.get(spec.name, getattr(value, spec.name)))}\n"
        )
    return "".join(parts)


def _print_tables(section: str, spec: dataclasses.Field, tables: Mapping) -> str:
    parts = [f"\n# {spec.metadata['doc']}\n"]
    parts += [f"#   {each.name}: {each.metadata['doc']}\n" for each in fields(spec.metadata["table"])]
    for name, table in tables.items():
        parts.append(f"[{section}.{name}]\n")
        parts += [f"{each.name} = {literal(getattr(table, each.name))}\n" for each in fields(table)]
    return "".join(parts)
