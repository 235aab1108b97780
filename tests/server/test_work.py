"""The real server prepares films behind the pages, and a stop in the middle of one loses nothing."""

import io
from types import SimpleNamespace

import pytest

from appliance.core import config
from appliance.services import work
from appliance.services.media import store
from appliance.services.media.models import Media
from tests.support import films
from tests.support.process import serving

pytestmark = pytest.mark.server


@pytest.fixture
def config_file(world, _app_and_template):
    """The configuration of a server on the world's database."""
    (world.folder / "keys").mkdir()
    (world.folder / "keys/kek").write_bytes((_app_and_template[1] / "keys/kek").read_bytes())
    (world.folder / "keys/kek").chmod(0o400)
    path = world.folder / "config.toml"
    path.write_text(config.example(database={"url": world.config.database.url}))
    return path


def test_a_stop_in_the_middle_of_a_film_gives_it_back_and_the_next_start_finishes_it(world, config_file, tmp_path):
    actor = world.actor("teacher")
    film = films.of_a_phone(tmp_path, size="960x540", fps=30, seconds=8)
    upload = SimpleNamespace(filename="film.mov", stream=io.BytesIO(film))
    media = store.accept(actor, next(iter(actor.classes)), [upload])[0]
    with serving(config_file) as server:
        server.wait_for(lambda: (work.find_progress("media", media.public_id) or 0) >= 10)
        assert server.stop() == 0
    task = work.Task.get()
    assert (task.attempts, task.leased_until, task.leased_by) == (0, None, "")
    assert Media.get_by_id(media.id).state == "waiting"
    with serving(config_file) as server:
        server.wait_for(lambda: Media.get_by_id(media.id).state == "ready")
    assert not work.Task.select().exists()
