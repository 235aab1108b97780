"""The composition root: storage, keys, shell and features become one application. Nothing else puts them together."""

from dataclasses import dataclass

import flask

from appliance import features
from appliance.core import clock
from appliance.core.config import Config
from appliance.crypto.keyfile import load_kek
from appliance.crypto.keyring import Keyring
from appliance.school import keys
from appliance.school.models import MODELS as SCHOOL_MODELS
from appliance.services import audit, mail, work
from appliance.services.media import models as media_models
from appliance.services.media import store as media_store
from appliance.services.people import accounts, invitations, joining, resets
from appliance.services.people import models as people_models
from appliance.storage import database
from appliance.storage.blobs import BlobStore
from appliance.web import shell

SERVICE_MODELS = (*audit.MODELS, *work.MODELS, *media_models.MODELS, *people_models.MODELS)


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
    clock.set_zone(config.school.timezone)
    database.configure(config.database.url, config.folder, config.database.pool)
    ring = Keyring(load_kek(kek_path(config)))
    keys.configure(ring)
    blobs = BlobStore(config.path(config.storage.blobs), config.storage.reserve_mb * 1_000_000)
    media_store.configure(blobs, suite=config.storage.suite, limits=config.limits)
    mail.configure(config.mail)
    accounts.configure(config.security)
    resets.configure(config.security)
    invitations.configure(config.security, config.limits)
    joining.configure(config.limits)
    return Kernel(config, ring, blobs)


def kek_path(config: Config) -> str:
    """Where the key-encryption key is: a file, or `credential:NAME` handed over by systemd."""
    named = config.storage.kek_file
    return named if named.startswith("credential:") else str(config.path(named))


def create_app(config: Config) -> flask.Flask:
    """The whole application, ready to serve a migrated database."""
    kernel = open_kernel(config)
    app = shell.create_shell(config, kernel.ring.derive("web"))
    app.extensions["preau"] = kernel
    for feature in features.load():
        shell.register(app, feature)
    return app
