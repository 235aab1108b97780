"""Real processes on one database: whatever is killed, wherever, each task has one outcome."""

import pytest

from appliance.services import work
from appliance.services.work import Task
from tests.support import worker

pytestmark = pytest.mark.slow


@pytest.fixture
def shared_world(world, _app_and_template):
    """The world, with its key where other processes look for it."""
    (world.folder / "keys").mkdir()
    (world.folder / "keys/kek").write_bytes((_app_and_template[1] / "keys/kek").read_bytes())
    (world.folder / "keys/kek").chmod(0o400)
    return world


def outcomes() -> list[str]:
    """The subjects that have an outcome, each as often as it has one."""
    return sorted(task.subject.split("-")[0] for task in Task.select().where(Task.kind == worker.OUTCOME))


@pytest.mark.parametrize("point", worker.POINTS)
def test_a_worker_killed_anywhere_leaves_one_outcome(shared_world, clock, point):
    work.submit(worker.KIND, "a")
    with worker.start(shared_world, point) as killed:
        assert killed.wait(60) == -9, killed.stderr.read()
    if point == "committed":
        assert outcomes() == ["a"] and not Task.select().where(Task.kind == worker.KIND).exists()
        return
    task = Task.get(Task.kind == worker.KIND)
    assert outcomes() == [] and task.attempts == 1
    with worker.start(shared_world) as other:  # the lease is not over yet
        assert other.wait(60) == 0, other.stderr.read()
    assert outcomes() == []
    Task.update(leased_until=clock.now()).where(Task.id == task.id).execute()
    with worker.start(shared_world) as other:
        assert other.wait(60) == 0, other.stderr.read()
    assert outcomes() == ["a"] and Task.select().count() == 1


def test_two_workers_share_the_tasks_and_do_none_twice(shared_world):
    subjects = sorted(f"t{number:02}" for number in range(60))
    for subject in subjects:
        work.submit(worker.KIND, subject)
    with worker.start(shared_world) as one, worker.start(shared_world) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0), one.stderr.read() + other.stderr.read()
    assert outcomes() == subjects and not Task.select().where(Task.kind == worker.KIND).exists()
