"""init, serve, migrate: the life of one installation."""

import argparse
import errno
import logging
import os
import sys
from pathlib import Path

from appliance.core import config as configuration
from appliance.core.errors import ConfigError

INIT = """\
Creates what is missing beside F and touches nothing that is there: the configuration with every setting explained, the
master key (keys/, 0400), an SQLite database, the responsible body, its first school and this school year.

  preau --config F init --non-interactive
  preau --config F init --academy "Commune de Saint-Loup" --school "École Jules-Ferry"

Then: preau --config F import onde --help ; preau --config F account create --help ; preau --config F serve
Keep the master key elsewhere too, on paper: preau --config F sheet --help
"""
SERVE = """\
Serves until SIGTERM or Ctrl-C; requests in flight are finished first. The address, the port and the web server in front
are settings of F, in [server].

  preau --config F serve
  preau --config F serve --port 9000
  curl http://127.0.0.1:8080/healthz
"""
MIGRATE = """\
Applies the steps that this program knows and the database does not have yet, each in one transaction; done twice, it
does nothing. Stop the service first. A database that is newer than the program is refused by every command.

  preau --config F migrate --with-backup
"""
# What another program or the machine itself forbids when an address is asked for.
_TAKEN = (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL)


def add_commands(groups) -> None:
    """Declare the group."""
    raw = argparse.RawDescriptionHelpFormatter
    init = groups.add_parser(
        "init", help="create config, keys and database beside the configuration file", epilog=INIT, formatter_class=raw
    )
    init.add_argument("--non-interactive", action="store_true", help="ask nothing, take sensible answers")
    init.add_argument("--academy", default="Mon école", help="name of the responsible body (default: %(default)s)")
    init.add_argument("--school", default="Mon école", help="name of the first school (default: %(default)s)")
    init.set_defaults(run=run_init)
    serve = groups.add_parser("serve", help="serve the appliance", epilog=SERVE, formatter_class=raw)
    serve.add_argument("--port", type=port, help="listen on this port instead of the configured one")
    serve.set_defaults(run=run_serve)
    migrate = groups.add_parser(
        "migrate", help="bring the database to this program's schema", epilog=MIGRATE, formatter_class=raw
    )
    migrate.add_argument(
        "--with-backup", action="store_true", help="first copy the database, when there are steps to do"
    )
    migrate.set_defaults(run=run_migrate)


def port(text: str) -> int:
    """A port typed on the command line, within the bounds of the setting; 0 is any free one."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text}")
    return int(text)


def load(options) -> configuration.Config:
    """The configuration named on the command line."""
    return configuration.load(options.config)


def set_up_logs() -> None:
    """One line of JSON an event, on standard error; no personal data, no content, no secret."""
    from appliance.core.logs import JsonFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=os.environ.get("PREAU_LOG", "WARNING"), handlers=[handler], force=True)


def ask(question: str, default: str) -> str:
    """One question with its sensible answer."""
    try:
        return input(f"{question} [{default}] ").strip() or default
    except EOFError:
        raise ConfigError("nobody is there to answer. Without a terminal: preau init --non-interactive") from None


def run_init(options) -> None:
    """Create what is missing and touch nothing that is there."""
    path: Path = options.config
    academy, school = options.academy, options.school
    if not options.non_interactive:
        academy = ask("Nom de la collectivité ou de l’organisme responsable :", academy)
        school = ask("Nom de l’école :", school)
    try:
        install(path, academy, school)
    except OSError as error:
        where = error.filename or path.parent
        raise ConfigError(f"{where}: {error.strerror}. Choose with --config a folder where you may write.") from None
    print(f"Ready: {path}\nNext: preau --config {path} account create --office admin … ; preau --config {path} serve")


def install(path: Path, academy_name: str, school_name: str, **overrides) -> configuration.Config:
    """Write configuration and key, create the database, the first academy, school and year; what exists is kept."""
    from appliance import app
    from appliance.core import clock
    from appliance.crypto.keyfile import create_kek
    from appliance.school import keys
    from appliance.school.models import Academy
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places
    from appliance.storage import database, migrate

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(configuration.example(**overrides))
    config = configuration.load(path)
    kek = Path(app.kek_path(config))
    if not kek.exists():
        kek.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_kek(kek)
    app.open_kernel(config)
    with database.connection():
        migrate.migrate()
        keys.require_ours()
        if not Academy.select().exists():
            academy = places.create_academy(SYSTEM, academy_name)
            places.create_school(SYSTEM, academy, school_name)
            places.find_or_create_year(SYSTEM, academy, clock.today())
    return config


def open_database(options):
    """Kernel and an open connection for a command on a migrated database."""
    return open_kernel_and_database(load(options))


def open_kernel_and_database(config: configuration.Config, *, whatever_key: bool = False):
    """The same for a configuration at hand; `whatever_key` is for a command that tells what is wrong with the key."""
    from appliance import app
    from appliance.storage import database

    kernel = app.open_kernel(config)
    database.connect()
    require_usable(whatever_key=whatever_key)
    return kernel


def require_usable(*, whatever_key: bool = False) -> None:
    """Refuse an older or newer schema, and a key file that opens nothing here, with the remedy."""
    from appliance.school import keys
    from appliance.storage import migrate

    found, wanted = migrate.schema_version(), migrate.latest_version()
    if found < wanted:
        raise ConfigError(f"the database has schema {found}, this program needs {wanted}. Run: preau migrate")
    if found > wanted:
        raise ConfigError(
            f"the database has schema {found}, newer than this program ({wanted}): install the newer one."
        )
    if not whatever_key:
        keys.require_ours()


def run_serve(options) -> None:
    """Serve until SIGTERM."""
    import dataclasses

    from appliance import app, server
    from appliance.storage import database

    set_up_logs()
    config = load(options)
    if options.port is not None:
        config = dataclasses.replace(config, server=dataclasses.replace(config.server, port=options.port))
    application = app.create_app(config)
    with database.connection():
        require_usable()
    try:
        server.serve(
            application, config, lambda port: print(f"Préau is ready on http://{config.server.host}:{port}", flush=True)
        )
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        raise ConfigError(
            f"port {config.server.port} of {config.server.host} cannot be used ({error.strerror}). "
            "Stop what serves there, or choose another one: [server] port, or serve --port 9000"
        ) from None


def run_migrate(options) -> None:
    """Apply the missing steps."""
    from appliance import app
    from appliance.storage import database, migrate

    kernel = app.open_kernel(load(options))
    with database.connection():
        if options.with_backup and 0 < migrate.schema_version() < migrate.latest_version():
            from appliance.cli import backup

            print(f"rows copied to {backup.copy_rows(options, kernel)}")
        done = migrate.migrate()
        for step in done:
            print(f"applied {step.number:04} {step.title}")
        print(f"schema {migrate.schema_version()}")
