"""What every test may use: the database of this run, a frozen clock, the test data; and what no test may do: go out."""

import gc
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import network, postgres, run
from tests.support.needs import BY_DESIGN, in_ci, lacking
from tests.support.needs import needs as _needs

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = 75  # the exit code by which a step of the Makefile says that it could not run here

# A busy machine is no failure; and CI tries the same examples each time, so that it blames the change and not its luck.
settings.register_profile("preau", deadline=None, derandomize=in_ci())
settings.load_profile("preau")


def pytest_addoption(parser):
    parser.addoption("--db", choices=("sqlite", "postgresql"), default="sqlite", help="the database of the suite")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if hasattr(config, "workerinput"):  # a worker of xdist: the process that started it keeps the run
        return
    if config.getoption("--db") == "postgresql" and postgres.find_binaries() is None:
        pytest.exit(
            "PostgreSQL's server programs are not installed: apt install postgresql", 1 if in_ci() else LEFT_OUT
        )
    # The other steps measure, send gigabytes and install packages: they want the disk, and no setting of ours.
    is_unit_suite = "not bench" in config.option.markexpr
    if is_unit_suite:
        run.keep_bytecode_apart(ROOT / ".cache" / "bytecode")
    folder = run.begin(in_memory=is_unit_suite)
    if run.is_in_memory() and not config.option.basetemp:
        config.option.basetemp = str(folder / "files")


def pytest_unconfigure(config):
    if run.is_mine():
        postgres.end_shared()
        run.end()


def pytest_report_header(config):
    where = "in memory, gone at the end (--basetemp=FOLDER keeps them)" if run.is_in_memory() else "on the disk"
    return f"database: {config.getoption('--db')}; files of the tests: {where}"


def pytest_collection_modifyitems(config, items):
    kind = config.getoption("--db")
    left_out = [item for item in items if (mark := item.get_closest_marker("dialect")) and mark.args != (kind,)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session):
    # What was collected lives as long as the run: looking through it for garbage again and again finds none. And a
    # process of tests has room to look a tenth as often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(7_000, 10, 10)


def pytest_make_parametrize_id(config, val, argname):
    """Name no case by bytes or by a long text: neither reads well, and bytes may differ among test processes."""
    if isinstance(val, bytes):
        return argname
    return f"{val[:40]}…" if isinstance(val, str) and len(val) > 60 else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    _no_skip_in_ci(report)
    if call.when == "teardown" and (files := getattr(item, "funcargs", {}).get("tmp_path")):
        run.forget(files)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    report = (yield).get_result()
    _no_skip_in_ci(report)


def _no_skip_in_ci(report) -> None:
    """Under CI a skip is a failure, whoever asked for it, unless its reason says that it is meant."""
    if not (in_ci() and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(BY_DESIGN):
        report.outcome, report.longrepr = "failed", f"CI=true, so nothing may be left out: {reason}"


@pytest.fixture(scope="session", autouse=True)
def _no_network():
    network.close()
    yield
    network.reopen()


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def needs():
    """`needs("zbarimg")` gives the program's path, or says what to install and leaves the test out."""
    return _needs


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real rosters and public test vectors, which stands beside the project and is never part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        lacking("the folder ../shared/data with real rosters and test vectors is absent")
    return folder


@pytest.fixture(params=["some", pytest.param("all", marks=pytest.mark.slow)])
def naughty(request, shared_data) -> list[str]:
    """Texts that break programs (the Big List of Naughty Strings): one in eight in the unit suite, all in the slow."""
    texts = json.loads((shared_data / "vectors" / "blns" / "blns.json").read_text("utf-8"))
    assert len(texts) > 400
    return texts if request.param == "all" else texts[::8]


@pytest.fixture(scope="session")
def database_kind(request) -> str:
    """`sqlite` or `postgresql`: the database that this run is about."""
    return request.config.getoption("--db")


@pytest.fixture(scope="session")
def postgres_server() -> postgres.Server:
    """A throw-away PostgreSQL server, one for the whole run, whose data need not survive a power cut."""
    _needs("psycopg2")
    _needs("initdb")
    return postgres.shared()


@pytest.fixture(scope="session")
def postgres_url(postgres_server, worker) -> str:
    """The address of an empty PostgreSQL database of this test process."""
    name = f"test_{worker}"
    postgres_server.drop(name)
    return postgres_server.create(name)


@pytest.fixture
def durable_postgres_server(tmp_path_factory):
    """A PostgreSQL server of this test alone, with every safety on, for what must survive kill -9."""
    import tempfile

    _needs("psycopg2")
    _needs("initdb")
    server = postgres.start(Path(tempfile.mkdtemp(prefix="preau-postgresql-")), durable=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def worker(request) -> str:
    """The name of this test process: `gw0`, `gw1`… with -n, else `main`."""
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture
def clock():
    """The appliance's clock, stopped on a Monday of term, ten in the morning in Paris; `advance(hours=2)` moves it."""
    from appliance.core import clock

    clock.set(datetime(2025, 9, 15, 8, 0, tzinfo=UTC))
    yield clock
    clock.set(None)


@pytest.fixture(scope="session")
def _app_and_template(tmp_path_factory, database_kind, worker, request):
    """The application, built once, and the filled database that each test gets a copy of."""
    from appliance import app as composition
    from appliance.core import clock
    from appliance.crypto.keyfile import create_kek
    from appliance.storage import database
    from tests.support import world

    folder = tmp_path_factory.mktemp("world")
    (folder / "keys").mkdir()
    create_kek(folder / "keys" / "kek")
    if database_kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        name = f"template_{worker}"
        server.drop(name)
        url = server.create(name)
    else:
        server, name, url = None, "template.db", "sqlite:///template.db"
    clock.set(datetime(2025, 9, 15, 8, 0, tzinfo=UTC))
    app = composition.create_app(world.config_for(url, folder))
    world.build_template(url, folder)
    database.disconnect()
    clock.set(None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app, folder, server, name


@pytest.fixture(scope="session")
def _copies(_app_and_template, worker):
    """What gives each test its own copy of the template in PostgreSQL; None for SQLite, where a copy is a file."""
    _app, _folder, server, name = _app_and_template
    copies = server and postgres.Copies(server, f"world_{worker}", name)
    yield copies
    if copies:
        copies.close()


@pytest.fixture
def world(_app_and_template, _copies, clock, tmp_path):
    """A plausible school (tests/support/world.py), fresh for this test, with the clock stopped in September."""
    from appliance.storage import database
    from tests.support import world as support

    app, folder, server, name = _app_and_template
    url = _copies.fresh() if _copies else support.copy_sqlite(folder / name, tmp_path / "test.db")
    with pytest.MonkeyPatch.context() as patch:
        support.spend_little_on_passwords(patch)
        yield support.move_to(app, url, tmp_path)
    database.disconnect()
    if server is not None:
        database.db.close_all()
