"""Fixtures of the browser tests: one Chromium a run, one school a file, and nobody is told of another host."""

import pytest

from tests.browser import school as support


@pytest.fixture(scope="session")
def chromium(needs):
    """One Chromium for the whole run."""
    needs("chromium")
    needs("playwright")
    with support.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def seed(tmp_path_factory):
    """The demo school, as it was made."""
    return support.make_seed(tmp_path_factory.mktemp("seed") / "demo")


@pytest.fixture(scope="module")
def served(chromium, seed, tmp_path_factory):
    """A school of this file's own, served by the real program."""
    with support.served_copy(seed, tmp_path_factory.mktemp("served") / "demo") as url:
        yield support.School(chromium, url)


@pytest.fixture
def school(served):
    """The same school; after each test its visitors leave, and none of their pages may have broken a rule."""
    yield served
    served.close_visits()
    faults, served.watch.faults[:] = list(dict.fromkeys(served.watch.faults)), []
    assert not faults, "\n".join(faults)
