"""The composition root: storage, keys, shell and features become one application. Nothing else puts them together."""

import os
from dataclasses import dataclass

import flask

from appliance import features
from appliance.core import clock
from appliance.core.config import Config
from appliance.core.errors import ConfigError
from appliance.crypto.errors import KeyFileError, KeyFileProblem
from appliance.crypto.keyfile import CREDENTIAL_PREFIX, load_keks
from appliance.crypto.keyring import Kek, Keyring
from appliance.school import keys
from appliance.school.models import MODELS as SCHOOL_MODELS
from appliance.services import audit, closing, mail, plans, work
from appliance.services.health import keeping as health
from appliance.services.health import models as health_models
from appliance.services.media import antivirus, processing, scrub
from appliance.services.media import models as media_models
from appliance.services.media import store as media_store
from appliance.services.media import uploads as media_uploads
from appliance.services.people import accounts, confirmations, invitations, resets
from appliance.services.people import models as people_models
from appliance.storage import database
from appliance.storage.blobs import BlobStore
from appliance.web import shell

SERVICE_MODELS = (
    *audit.MODELS, *work.MODELS, *health_models.MODELS, *media_models.MODELS, *people_models.MODELS,
)  # fmt: skip


@dataclass(frozen=True)
class Kernel:
    """What runs beneath the features: the settings, the keys and the encrypted files."""

    config: Config
    ring: Keyring
    blobs: BlobStore


def all_models() -> list[type]:
    """Every table, in the order of creation."""
    return [*SCHOOL_MODELS, *SERVICE_MODELS, *(model for feature in features.load() for model in feature.models)]


def open_kernel(config: Config) -> Kernel:
    """Open database, keys and files for a program: the server, a command or a job."""
    features.load()  # they say what a restore must erase again
    path = kek_path(config)
    known = load_keks(path)
    ring = Keyring(*known, reload=lambda: _read_again(path, known))
    blobs = open_files(config)
    keys.configure(ring)
    media_store.configure(blobs, suite=config.storage.suite, limits=config.limits)
    plans.configure(config.plans)
    media_uploads.configure(config.limits)
    processing.configure(config.processing)
    antivirus.configure(config.antivirus)
    closing.configure()
    health.configure(config, blobs, lambda: ring.kek_id)
    accounts.configure(config.security)
    resets.configure(config.security)
    confirmations.configure(config.server.public_url)
    invitations.configure(config.security)
    return Kernel(config, ring, blobs)


def open_files(config: Config) -> BlobStore:
    """Open the database and the encrypted files, without any key: what is compared is what was encrypted."""
    clock.set_zone(config.school.timezone)
    database.configure(config.database.url, config.folder, config.database.pool)
    _leave_root(config)
    folder = config.path(config.storage.blobs)
    try:
        blobs = BlobStore(folder, config.storage.reserve_mb * 1_000_000)
    except OSError as error:
        raise ConfigError(f"storage.blobs: {folder} cannot be made ({error.strerror}). Name another folder.") from None
    scrub.configure(blobs, config.care)
    mail.configure(config.mail)
    return blobs


def kek_path(config: Config) -> str:
    """Where the key-encryption key is: a file, or `credential:NAME` handed over by systemd."""
    named = config.storage.kek_file
    if not named.startswith(CREDENTIAL_PREFIX):
        return str(config.path(named))
    # A command typed by root has no credentials of systemd's: the key is where the unit takes it from.
    in_service = "CREDENTIALS_DIRECTORY" in os.environ
    return named if in_service else str(config.path(f"keys/{named.removeprefix(CREDENTIAL_PREFIX)}"))


def _read_again(path: str, known: tuple[Kek, ...]) -> tuple[Kek, ...]:
    """The keys that may be there since the start; a command that left root behind keeps those that it read as root."""
    try:
        return load_keks(path)
    except KeyFileError as error:
        if error.problem is KeyFileProblem.UNREADABLE:
            return known
        raise


def _leave_root(config: Config) -> None:
    """A command typed by root works as the owner of the data, so that the service can read and change what it wrote."""
    folder = config.path(config.storage.blobs)
    while not folder.exists():
        folder = folder.parent
    owner = folder.stat()
    os.umask(0o077)
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def create_app(config: Config) -> flask.Flask:
    """The whole application, ready to serve a migrated database."""
    kernel = open_kernel(config)
    with database.connection():
        secret = keys.purpose_key(keys.WEB)
    app = shell.create_shell(config, secret)
    app.extensions["preau"] = kernel
    for feature in features.load():
        shell.register(app, feature)
    return app
