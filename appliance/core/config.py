"""The configuration: one TOML file, every setting typed, documented and checked here.

`config.example.toml` is printed from this module, so that what is documented is what is read. A key that is unknown
or of the wrong kind stops the start with its name, its line and the remedy.
"""

import dataclasses
import re
import tomllib
import types
import typing
from dataclasses import dataclass, field, fields
from pathlib import Path

from appliance.core.errors import ConfigError


def setting(default, doc: str, *, low=None, high=None, choices=None):
    """One documented setting with its default, its bounds and its choices."""
    metadata = {"doc": doc, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Server:
    """Where the service listens."""

    host: str = setting("127.0.0.1", "Address to listen on. Keep loopback: nginx stands in front.")
    port: int = setting(8080, "Port to listen on.", low=0, high=65535)
    public_url: str = setting(
        "http://127.0.0.1:8080",
        "Address that families type, without a final slash. Cookies are Secure when it is https.",
    )
    threads: int = setting(4, "Threads that answer requests. Few are faster than many.", low=1, high=64)
    slow_threads: int = setting(8, "Threads for passwords and uploads, which never hold up a page.", low=1, high=64)
    connections: int = setting(1000, "Open connections at most.", low=10, high=20000)
    trusted_proxy: str = setting("", "Address of the proxy whose X-Forwarded-* headers are believed; empty: none.")
    metrics_token: str = setting("", "Bearer token for /metrics from elsewhere than loopback; empty: loopback only.")


@dataclass(frozen=True)
class Database:
    """Where rows live."""

    url: str = setting(
        "sqlite:///preau.db",
        "sqlite:///FILE (relative to this file) or postgresql://USER:PASSWORD@HOST:PORT/NAME.",
    )
    pool: int = setting(16, "PostgreSQL connections at most: threads + slow_threads + 4.", low=1, high=200)


@dataclass(frozen=True)
class Storage:
    """Where encrypted media and keys live."""

    blobs: str = setting("blobs", "Folder of the encrypted media, relative to this file.")
    kek_file: str = setting(
        "keys/kek", "File of the key-encryption key (mode 0400). Not in the backups: print the recovery sheet."
    )
    suite: int = setting(
        1, "Cipher for new media: 1 = AES-256-GCM, 2 = ChaCha20-Poly1305 (no AES instructions).", choices=(1, 2)
    )
    reserve_mb: int = setting(256, "Free space (MB) kept for the database and the journal.", low=0)


@dataclass(frozen=True)
class School:
    """Habits of the place."""

    timezone: str = setting("Europe/Paris", "Time zone of civil dates.")
    language: str = setting("fr", "Language of pages before a person has chosen.")
    notice: str = setting(
        "acknowledge",
        "Sensitive-data notice at first login: acknowledge (public-interest mission) or consent.",
        choices=("acknowledge", "consent"),
    )


@dataclass(frozen=True)
class Mail:
    """How letters leave the server; nothing leaves while host is empty."""

    host: str = setting("", "SMTP relay; empty: no mail, printed codes only.")
    port: int = setting(25, "Its port.", low=1, high=65535)
    security: str = setting("none", "none, starttls or tls.", choices=("none", "starttls", "tls"))
    username: str = setting("", "Login at the relay, if it asks for one.")
    password_file: str = setting("", "File that holds the relay's password.")
    sender: str = setting("Préau <preau@localhost>", "From line.")
    timeout: int = setting(10, "Seconds before the relay is given up.", low=1, high=120)


@dataclass(frozen=True)
class Limits:
    """Every number that stops someone."""

    request_mb: int = setting(64, "One request at most (MB).", low=1, high=1024)
    document_mb: int = setting(40, "One document at most (MB).", low=1, high=1024)
    picture_mb: int = setting(25, "One picture at most (MB).", low=1, high=200)
    picture_megapixels: int = setting(50, "One picture at most (millions of pixels), checked before decoding.", low=1)
    pictures_at_once: int = setting(2, "Pictures decoded at the same time; each may take 250 MB.", low=1, high=32)
    photos_per_post: int = setting(36, "Photos in one post.", low=1)
    documents_per_post: int = setting(10, "Documents in one post.", low=0)
    post_chars: int = setting(20000, "Characters in a post.", low=100)
    comment_chars: int = setting(2000, "Characters in a comment.", low=10)
    comments_per_hour: int = setting(60, "Comments one account may write in an hour.", low=1)
    posts_per_hour: int = setting(60, "Posts one account may write in an hour.", low=1)
    members_per_class: int = setting(400, "Guardians, teachers and assistants of one class.", low=1)
    administrators_per_class: int = setting(4, "Teachers who manage one class.", low=1)
    roster_mb: int = setting(8, "One roster file at most (MB).", low=1, high=100)


@dataclass(frozen=True)
class Security:
    """Sign-in and sessions."""

    session_hours: int = setting(720, "A session ends after this many hours without a visit.", low=1)
    session_days: int = setting(90, "A session ends after this many days whatever happens.", low=1)
    attempts_per_account: int = setting(10, "Wrong passwords for one account in 15 minutes before it waits.", low=3)
    attempts_per_address: int = setting(100, "Wrong passwords from one network address in 15 minutes.", low=3)
    reset_minutes: int = setting(30, "Life of a reset link sent by mail.", low=5, high=1440)
    invitation_days: int = setting(60, "Life of a printed invitation.", low=1, high=365)
    hashing_workers: int = setting(1, "Passwords hashed at once.", low=1, high=32)
    hashing_queue: int = setting(32, "Sign-ins that may wait for their turn; the next is asked to come back.", low=1)


@dataclass(frozen=True)
class Cache:
    """Memory spent to answer faster."""

    pages_mb: int = setting(32, "Rendered pages, fragments and pictures just asked for (MB).", low=0, high=4096)


@dataclass(frozen=True)
class Config:
    """All settings, and the folder that relative paths start from."""

    server: Server = field(default_factory=Server)
    database: Database = field(default_factory=Database)
    storage: Storage = field(default_factory=Storage)
    school: School = field(default_factory=School)
    mail: Mail = field(default_factory=Mail)
    limits: Limits = field(default_factory=Limits)
    security: Security = field(default_factory=Security)
    cache: Cache = field(default_factory=Cache)
    folder: Path = Path(".")
    demo: bool = False

    def path(self, relative: str) -> Path:
        """A path of the configuration, from the folder of its file."""
        return (self.folder / relative).resolve()

    @property
    def secure(self) -> bool:
        """Whether families come over HTTPS, so that cookies are `__Host-` and Secure."""
        return self.server.public_url.startswith("https://")


def _sections() -> dict[str, type]:
    hints = typing.get_type_hints(Config)
    return {item.name: hints[item.name] for item in fields(Config) if dataclasses.is_dataclass(hints[item.name])}


def _line_of(text: str, section: str | None, key: str | None) -> int:
    """The line of a section or of a key in it; a TOML parser keeps no positions, so they are looked up for the
    message."""
    inside = section is None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
        if header:
            inside = header.group(1).strip("\"'") == section
            if inside and key is None:
                return number
        elif inside and key is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return 1


def _check(where: str, spec: dataclasses.Field, kind: type, value: object) -> object:
    accepted = kind.__args__ if isinstance(kind, types.UnionType) else (kind,)
    if type(value) not in accepted:
        names = {str: "a text in quotes", int: "a whole number", bool: "true or false", float: "a number"}
        raise ConfigError(f"{where} must be {names[accepted[0]]}, not {value!r}.")
    low, high, choices = spec.metadata["low"], spec.metadata["high"], spec.metadata["choices"]
    if low is not None and value < low:
        raise ConfigError(f"{where} must be at least {low}, not {value}.")
    if high is not None and value > high:
        raise ConfigError(f"{where} must be at most {high}, not {value}.")
    if choices and value not in choices:
        raise ConfigError(f"{where} must be one of {', '.join(map(str, choices))}, not {value!r}.")
    return value


def parse(text: str, *, name: str = "config.toml", folder: Path = Path(".")) -> Config:
    """The configuration in a TOML text; ConfigError names the key, its line and the remedy."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: this is not valid TOML: {error}. Compare with config.example.toml.") from None
    sections, values = _sections(), {}
    for section, content in raw.items():
        line = _line_of(text, section, None) if isinstance(content, dict) else _line_of(text, None, section)
        if section not in sections or not isinstance(content, dict):
            known = ", ".join(f"[{known}]" for known in sections)
            raise ConfigError(f"{name}, line {line}: unknown section or key “{section}”. Known sections: {known}.")
        values[section] = _parse_section(text, name, section, sections[section], content)
    return Config(**values, folder=folder)


def _parse_section(text: str, name: str, section: str, kind: type, content: dict) -> object:
    specs, hints, values = {spec.name: spec for spec in fields(kind)}, typing.get_type_hints(kind), {}
    for key, value in content.items():
        where = f"{name}, line {_line_of(text, section, key)}: {section}.{key}"
        if key not in specs:
            raise ConfigError(f"{where} is not a setting. Settings of [{section}]: {', '.join(specs)}.")
        values[key] = _check(where, specs[key], hints[key], value)
    return kind(**values)


def load(path: Path) -> Config:
    """Read a configuration file; the folder of the file is where its relative paths start."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. Create it with: preau --config {path} init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. It must be UTF-8 text readable by this user.") from None
    return parse(text, name=str(path), folder=path.resolve().parent)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def example(**overrides: dict[str, object]) -> str:
    """A complete file with every setting, its documentation and its default; `section={"key": value}` writes a
    value."""
    parts = ["# Préau: every setting with its default. A line that is absent keeps its default.\n"]
    for section, kind in _sections().items():
        parts.append(f"\n# {kind.__doc__}\n[{section}]\n")
        for spec in fields(kind):
            low, high = spec.metadata["low"], spec.metadata["high"]
            bounds = f" ({low} to {high})" if None not in (low, high) else f" (at least {low})" if low else ""
            value = overrides.get(section, {}).get(spec.name, spec.default)
            parts.append(f"# {spec.metadata['doc']}{bounds}\n{spec.name} = {_literal(value)}\n")
    return "".join(parts)
