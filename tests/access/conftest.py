"""The fixture `town`: one filled school for the whole folder, each test of which leaves it as it found it."""

import dataclasses
import pickle

import pytest

from tests.access import filling
from tests.access import town as support


@pytest.fixture(scope="session")
def _town_template(_app_and_template, tmp_path_factory, worker):
    """The filled database and the ids in it, made once a test process."""
    from appliance.core import clock
    from appliance.storage import database
    from tests.support import world as worlds

    app, template, server, name = _app_and_template
    folder = tmp_path_factory.mktemp("town")
    if server is None:
        url = worlds.copy_sqlite(template / name, folder / "town.db")
    else:
        server.drop(f"access_{worker}")
        url = server.create(f"access_{worker}", template=name)
    clock.set(support.NOW)
    town = filling.build(_open(app, url, folder))
    database.disconnect()
    if server is not None:
        database.db.close_all()
    clock.set(None)
    return app, url, folder, pickle.dumps(dataclasses.replace(town, world=None))


@pytest.fixture
def town(_town_template, clock, monkeypatch):
    """The school of tests/access/town.py; whatever the test writes is rolled back."""
    from appliance.services import background
    from appliance.storage import database

    app, url, folder, kept = _town_template
    town = dataclasses.replace(pickle.loads(kept), world=_open(app, url, folder))  # noqa: S301 - our own bytes
    # One connection holds the transaction of the test: it is never handed back, and no other thread may wait for it.
    monkeypatch.setattr(database, "release", lambda: None)
    monkeypatch.setattr(background, "submit", lambda work, *arguments: bool(work(*arguments)) or True)
    with town.undone():
        yield town
    database.disconnect()
    if not database.is_sqlite():
        database.db.close_all()


def _open(app, url, folder):
    """The world around a database of its own."""
    from tests.support import world as worlds

    return worlds.move_to(app, url, folder)
