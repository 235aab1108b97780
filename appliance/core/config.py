"""The configuration: one TOML file, every setting typed, documented and checked here.

`config.example.toml` is printed from this module, so that what is documented is what is read. A key that is unknown
or of the wrong kind stops the start with its name, its line and the remedy.
"""

import dataclasses
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import ClassVar

from appliance.core.errors import ConfigError
from appliance.core.i18n import languages
from appliance.core.settings import is_address, is_url, is_zone, line_of, named, parse_section, print_section, setting


@dataclass(frozen=True)
class Server:
    """Where the service listens."""

    host: str = setting(
        "127.0.0.1",
        "Address to listen on. Keep loopback: nginx stands in front.",
        fits=(lambda text: text == "localhost" or is_address(text), "an IP address, as 127.0.0.1"),
    )
    port: int = setting(8080, "Port to listen on.", low=0, high=65535)
    public_url: str = setting(
        "http://127.0.0.1:8080",
        "Address that families type, without a final slash. Cookies are Secure when it is https.",
        fits=(is_url, "http:// or https:// and a name, without a final slash"),
    )
    threads: int = setting(4, "Threads that answer requests. Few are faster than many.", low=1, high=64)
    slow_threads: int = setting(8, "Threads for passwords and uploads, which never hold up a page.", low=1, high=64)
    workers: int = setting(1, "Threads that prepare photos, films and documents behind the pages.", low=0, high=16)
    connections: int = setting(1000, "Open connections at most.", low=10, high=20000)
    trusted_proxy: str = setting(
        "",
        "Address of the proxy whose X-Forwarded-* headers are believed; empty: none.",
        fits=(lambda text: not text or is_address(text), "an IP address, as 127.0.0.1, or empty"),
    )
    metrics_token: str = setting("", "Bearer token for /metrics from elsewhere than loopback; empty: loopback only.")
    certificate: str = setting(
        "/etc/preau/tls/certificate.pem", "Certificate that families see, to tell when it ends; not there: not told."
    )


@dataclass(frozen=True)
class Database:
    """Where rows live."""

    url: str = setting(
        "sqlite:///preau.db",
        "sqlite:///FILE (relative to this file) or postgresql://USER:PASSWORD@HOST:PORT/NAME.",
    )
    pool: int = setting(
        20, "PostgreSQL connections at most: threads + slow_threads + 2 × workers + 4.", low=1, high=200
    )


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

    timezone: str = setting(
        "Europe/Paris",
        "Time zone of civil dates.",
        fits=(is_zone, "a name of /usr/share/zoneinfo, as Europe/Paris or Indian/Reunion"),
    )
    language: str = setting(
        "fr", f"Language of pages before a person has chosen: {', '.join(languages())}.", choices=languages()
    )
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
    """Every number that stops someone, but for those of the plans."""

    moved: ClassVar = {
        "photos_per_post": "photos_per_post of [plans.standard], and of each plan",
        "members_per_class": "members of [plans.standard], and of each plan",
        "administrators_per_class": "administrators of [plans.standard], and of each plan",
    }
    request_mb: int = setting(64, "One request at most (MB).", low=1, high=1024)
    document_mb: int = setting(40, "One document at most (MB).", low=1, high=1024)
    picture_mb: int = setting(25, "One picture at most (MB).", low=1, high=200)
    picture_megapixels: int = setting(50, "One picture at most (millions of pixels), checked before decoding.", low=1)
    pictures_at_once: int = setting(2, "Pictures decoded at the same time; each may take 250 MB.", low=1, high=32)
    video_mb: int = setting(2500, "One film at most, as it is sent (MB).", low=1, high=6000)
    sound_mb: int = setting(200, "One recording at most, as it is sent (MB).", low=1, high=2000)
    accept_pictures: bool = setting(True, "Whether photos may be sent.")
    accept_documents: bool = setting(True, "Whether documents may be sent.")
    accept_videos: bool = setting(True, "Whether films may be sent.")
    accept_sounds: bool = setting(True, "Whether recordings may be sent.")
    open_uploads: int = setting(60, "Files that one account may have on their way at once.", low=1, high=1000)
    upload_hours: int = setting(24, "An upload that stands still so long is given up.", low=1, high=720)
    documents_per_post: int = setting(10, "Documents in one post.", low=0)
    post_chars: int = setting(20000, "Characters in a post.", low=100)
    comment_chars: int = setting(2000, "Characters in a comment.", low=10)
    comments_per_hour: int = setting(60, "Comments one account may write in an hour.", low=1)
    posts_per_hour: int = setting(60, "Posts one account may write in an hour.", low=1)
    roster_mb: int = setting(8, "One roster file at most (MB).", low=1, high=100)
    letters_at_once: int = setting(
        1000, "Families' letters printed in one go; a thousand take 4 MB and some seconds.", low=1, high=5000
    )


@dataclass(frozen=True)
class Plan:
    """What one class may hold."""

    title: str = setting("", "Name that people see; empty: the name of the plan.")
    administrators: int = setting(0, "Teachers who manage the class.", low=0)
    members: int = setting(0, "Guardians, teachers and assistants.", low=0)
    storage_gb: int = setting(0, "Photos, films and documents of the class (GB).", low=0)
    photos_per_post: int = setting(0, "Photos in one post.", low=0)
    videos_per_post: int = setting(0, "Films in one post.", low=0)
    video_minutes: int = setting(0, "Length of one film.", low=0)


PLANS = {
    "initiale": Plan("Initiale", 2, 100, 5, 20, 1, 10),
    "standard": Plan("Standard", 4, 200, 10, 36, 2, 10),
    "plus": Plan("Plus", 0, 400, 20, 36, 3, 10),
    "libre": Plan("Libre"),
}


@dataclass(frozen=True)
class Plans:
    """What a class may hold: a class has its own plan, else its school's, else the default."""

    default: str = setting("standard", "Plan of the classes for which nobody chose one. Without any limit: libre.")
    named: Mapping[str, Plan] = named(
        Plan,
        PLANS,
        "Add plans as further tables [plans.NAME], then: preau class plan CLASS NAME. 0 or absent: no limit; in the "
        "four below,\n# a line that is absent keeps its default.",
    )


@dataclass(frozen=True)
class Processing:
    """How what was sent is prepared, by limited programs of their own."""

    attempts: int = setting(5, "A file whose preparation failed so many times is refused.", low=1, high=20)
    threads: int = setting(2, "Threads of one program.", low=1, high=32)
    memory_mb: int = setting(4096, "Address space of one program at most (MB); it takes far less memory.", low=512)
    output_mb: int = setting(512, "One prepared film or sound at most (MB); it is made in memory (/dev/shm).", low=16)
    video_minutes: int = setting(120, "One film at most, even where the plan has no limit.", low=1, high=600)
    sound_minutes: int = setting(120, "One recording at most.", low=1, high=600)
    video_megapixels: int = setting(17, "One image of a film at most (millions of pixels).", low=1, high=40)
    preset: str = setting(
        "veryfast",
        "Effort spent on a film: less effort, larger files.",
        choices=("ultrafast", "superfast", "veryfast", "faster", "fast", "medium"),
    )


@dataclass(frozen=True)
class Antivirus:
    """ClamAV beside this service, if there is one."""

    socket: str = setting(
        "", "Unix socket of clamd, as /run/clamav/clamd.ctl; empty: none. Without an answer, files wait."
    )
    max_mb: int = setting(
        25,
        "What it reads at most (MB): no more than StreamMaxLength and MaxFileSize of clamd.conf. Heavier documents are "
        "refused.",
        low=1,
        high=4000,
    )
    seconds: int = setting(120, "Seconds that it may take for one file.", low=5, high=3600)


@dataclass(frozen=True)
class Security:
    """Sign-in and sessions."""

    session_hours: int = setting(720, "A session ends after this many hours without a visit.", low=1, high=8784)
    session_days: int = setting(90, "A session ends after this many days whatever happens.", low=1, high=366)
    attempts_per_account: int = setting(10, "Wrong passwords for one account in 15 minutes before it waits.", low=3)
    attempts_per_address: int = setting(100, "Wrong passwords from one network address in 15 minutes.", low=3)
    reset_minutes: int = setting(30, "Life of a reset link sent by mail.", low=5, high=1440)
    invitation_days: int = setting(60, "Life of a printed invitation.", low=1, high=365)
    hashing_workers: int = setting(1, "Passwords hashed at once.", low=1, high=32)
    hashing_queue: int = setting(32, "Sign-ins that may wait for their turn; the next is asked to come back.", low=1)


@dataclass(frozen=True)
class Backup:
    """Where copies of everything but the master key go."""

    to: str = setting(
        "backups", "A folder (relative to this file), ssh://USER@HOST/FOLDER, or s3://BUCKET/PREFIX on the premises."
    )
    s3_endpoint: str = setting("", "Address of the S3 server, for s3://.")
    s3_credentials: str = setting("", "File with two lines, access key and secret key, for s3://.")
    keep_days: int = setting(
        35, "Older backups are removed. Not longer than 35 days: what was erased must leave them too.", low=2, high=35
    )


@dataclass(frozen=True)
class Care:
    """The encrypted files are compared with what was written, without any key, a little at a time."""

    scrub_days: int = setting(7, "Every file is read again within so many days.", low=1, high=365)
    scrub_mb_per_second: int = setting(20, "Reading speed of that, at most (MB per second).", low=1, high=10000)


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
    processing: Processing = field(default_factory=Processing)
    plans: Plans = field(default_factory=Plans)
    antivirus: Antivirus = field(default_factory=Antivirus)
    security: Security = field(default_factory=Security)
    backup: Backup = field(default_factory=Backup)
    care: Care = field(default_factory=Care)
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


def parse(text: str, *, name: str = "config.toml", folder: Path = Path(".")) -> Config:
    """The configuration in a TOML text; ConfigError names the key, its line and the remedy."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: this is not valid TOML: {error}. Compare with config.example.toml.") from None
    sections, values = _sections(), {}
    for section, content in raw.items():
        line = line_of(text, section, None) if isinstance(content, dict) else line_of(text, None, section)
        if section not in sections or not isinstance(content, dict):
            known = ", ".join(f"[{known}]" for known in sections)
            raise ConfigError(f"{name}, line {line or 1}: unknown section or key “{section}”. Known sections: {known}.")
        values[section] = parse_section(text, name, section, sections[section], content)
    config = Config(**values, folder=folder)
    if config.plans.default not in config.plans.named:
        line, known = line_of(text, "plans", "default") or 1, ", ".join(config.plans.named)
        raise ConfigError(f"{name}, line {line}: plans.default must be one of {known}, not {config.plans.default!r}.")
    return config


def load(path: Path) -> Config:
    """Read a configuration file; the folder of the file is where its relative paths start."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist. Create it with: preau --config {path} init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. It must be UTF-8 text readable by this user.") from None
    return parse(text, name=str(path), folder=path.resolve().parent)


def example(**overrides: dict[str, object]) -> str:
    """A complete file with every setting, its documentation and its default; `section={"key": value}` writes a
    value."""
    parts = ["# Préau: every setting with its default. A line that is absent keeps its default.\n"]
    for section, kind in _sections().items():
        parts.append(print_section(section, kind(), overrides.get(section, {})))
    return "".join(parts)
