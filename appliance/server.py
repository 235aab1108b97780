"""The service: waitress in front of the application, a clean stop on SIGTERM, and the scheduler, started nowhere
else."""

import gc
import logging
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable

import waitress
from apscheduler.schedulers.background import BackgroundScheduler
from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import build_http_date

from appliance import features
from appliance.core.config import Config
from appliance.core.errors import ConfigError
from appliance.services import work
from appliance.services.health import checks, words
from appliance.services.media import scrub
from appliance.services.watchdog import Watchdog, notify, read_period
from appliance.services.workers import Workers
from appliance.storage import database, memory
from appliance.web import health, parsing, routing

_log = logging.getLogger("preau.server")
TICK_SECONDS = 20
HOUR = 3600
BUSY_HEADER = "PREAU_BUSY"
UNTRUSTED = words.english(checks.Check("proxy", checks.WARNING, "untrusted"))
NO_MEMORY = words.english(checks.Check("memory", checks.PROBLEM, "absent"))
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_X_FORWARDED_HOST")
_warned = threading.Event()
HEADER_BYTES = 32 * 1024  # as in the site that is written for nginx


class Lanes(ThreadedTaskDispatcher):
    """Two pools of threads: what takes long (passwords, uploads) queues beside the pages and never in front of them.

    When too many wait in the slow lane, the next one is marked and answered at once, politely, by the fast lane.
    """

    def __init__(self, fast: int, slow: int, waiting: int):
        super().__init__()
        self.waiting = waiting
        self.slow = ThreadedTaskDispatcher()
        self.set_thread_count(fast)
        self.slow.set_thread_count(slow)

    def add_task(self, task):
        """Put a connection's next request into its lane."""
        request = task.requests[0] if getattr(task, "requests", None) else None
        if request is None or not _is_slow(request):
            super().add_task(task)
        elif len(self.slow.queue) >= self.waiting:
            request.headers[BUSY_HEADER] = "1"
            super().add_task(task)
        else:
            self.slow.add_task(task)

    def shutdown(self, cancel_pending=True, timeout=5):
        """Finish what runs in both lanes."""
        self.slow.shutdown(cancel_pending, timeout)
        return super().shutdown(cancel_pending, timeout)


def _warn_once() -> None:
    if not _warned.is_set():
        _warned.set()
        _log.warning(UNTRUSTED)


def _is_slow(request) -> bool:
    if request.command not in ("POST", "PATCH", "DELETE"):
        return False
    return request.path.startswith(tuple(routing.SLOW_PATHS)) or "multipart/" in request.headers.get("CONTENT_TYPE", "")


class KeepAliveTask(WSGITask):
    """Keep the connection after HEAD, 304 and 204: waitress closes it, and over TLS each would then cost a handshake.

    What came through a proxy is marked before waitress takes away the headers of one that it was not told to trust.
    """

    def get_environment(self):
        """The usual one, with the mark that keeps a stranger behind a proxy from passing for this machine."""
        environ = super().get_environment()
        if any(name in environ for name in _FORWARDED):
            environ[health.FORWARDED] = True
            if not self.channel.server.adj.trusted_proxy:
                _warn_once()
        return environ

    def execute(self):
        """The usual answer; to HEAD, waitress 2.1 takes the missing body for an accident."""
        super().execute()
        if self.request.command == "HEAD" and not self.wrote_header:
            self.close_on_finish = False  # what the header says decides

    def build_response_header(self):
        """The usual header, except for an answer that can have no body."""
        asked_to_close = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or self.version != "1.1" or asked_to_close or self.close_on_finish:
            return super().build_response_header()
        headers = [(k, v) for k, v in self.response_headers if k.lower() not in ("content-length", "connection")]
        headers.append(("Date", build_http_date(self.start_time)))
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Sending(threading.Condition):
    """The lock on what a connection has to send: who lets go of it wakes the loop, if the loop asked meanwhile."""

    def __init__(self, wake: Callable[[], None]):
        super().__init__()
        self._wake, self._asked, self._let_go = wake, False, self._release_save
        self._release_save = self._release_and_wake  # what `wait` lets go by

    def is_free(self) -> bool:
        """Whether nobody is sending; if somebody is, the loop will be woken."""
        self._asked = True  # before trying: who lets go in between must see it
        if not self.acquire(blocking=False):
            return False
        self._asked = False
        self.release()
        return True

    def __exit__(self, *error):
        super().__exit__(*error)
        self._answer()

    def _release_and_wake(self):
        state = self._let_go()
        self._answer()
        return state

    def _answer(self) -> None:
        if self._asked:
            self._asked = False
            self._wake()


class Channel(HTTPChannel):
    """A connection whose answers keep it alive."""

    task_class = KeepAliveTask
    error_task_class = parsing.Refusal
    parser_class = parsing.Parser

    def __init__(self, server, *rest, **options):
        super().__init__(server, *rest, **options)
        self.outbuf_lock = Sending(server.pull_trigger)

    def writable(self):
        """Whether the loop has something to send: not while a thread is at it, or it would ask again without rest."""
        return super().writable() and self.outbuf_lock.is_free()

    def handle_expt(self):
        """Close a connection that sends urgent data: no browser does; unread it would keep the loop from resting."""
        self.handle_close()

    def handle_error(self):
        """Close a connection over which something failed; the log names what, and not the address of who it was."""
        _log.error("connection failed", exc_info=True)
        self.handle_close()


def spool_to_memory(required: bool = True) -> None:
    """Bodies too large for a buffer are spooled to a RAM disk: no clear byte of an upload touches the disk.

    Without one the service refuses to start; where it isn't required, a trial or a demo, it says so and goes on.
    """
    shared = memory.find_ram_disk()
    if shared is None:
        if required:
            raise ConfigError(NO_MEMORY)
        _log.warning(NO_MEMORY)
        return
    memory.remove_left(shared)
    tempfile.tempdir = str(memory.make_folder(shared))


class _Alive:
    """The task that proves life: a thread that answers pages reads from the database.

    A database that says no is no reason to start again; one that says nothing is.
    """

    def __init__(self, done: Callable[[], None]):
        self.done = done

    def service(self) -> None:
        """Called by a thread of the fast lane."""
        try:
            database.connect()
            database.answer()
        except Exception as error:
            _log.warning("the database does not answer", extra={"error": type(error).__name__})
        finally:
            database.release()
        self.done()

    def cancel(self) -> None:
        """Called when the service stops first."""


def prove_life(server) -> Callable[[Callable[[], None]], None]:
    """What proves that a server lives: its loop turns, a thread of the fast lane is free, the database is read."""
    parts = [server, *getattr(server, "map", {}).values()]
    trigger = next(part.trigger for part in parts if hasattr(part, "trigger"))
    return lambda done: trigger.pull_trigger(lambda: server.task_dispatcher.add_task(_Alive(done)))


def list_jobs() -> tuple[list[Callable], list[Callable]]:
    """What runs at each tick, and what runs once an hour because it reads whole tables or files."""
    found = features.load()
    return (
        [work.forget_failures, *(job for feature in found for job in feature.jobs)],
        [database.empty_wal, *(job for feature in found for job in feature.hourly)],
    )


def start_scheduler(jobs: list[Callable], hourly: list[Callable]) -> BackgroundScheduler:
    """A metronome in UTC: each tick runs the features' jobs, whose work is rows, so a missed tick loses nothing."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": 3600, "max_instances": 1}
    )
    for job, seconds in (*((job, TICK_SECONDS) for job in jobs), *((job, HOUR) for job in hourly)):
        scheduler.add_job(_run_job, "interval", seconds=seconds, args=[job], id=f"{job.__module__}.{job.__name__}")
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a job that is still at it is no news
    scheduler.start()
    return scheduler


def _run_job(job: Callable) -> None:
    try:
        with database.connection():
            job()
    except Exception as error:  # the metronome goes on; the row is still due at the next tick
        _log.error("job failed", extra={"job": job.__name__, "error": type(error).__name__})


def create_server(app, config: Config):
    """A waitress server with the settings of 02 §2.8, not yet running."""
    server, limits = config.server, config.limits
    options = {
        "host": server.host,
        "port": server.port,
        "connection_limit": server.connections,
        "asyncore_use_poll": True,
        "channel_timeout": 60,
        "inbuf_overflow": parsing.IN_MEMORY,
        "max_request_header_size": HEADER_BYTES,
        "recv_bytes": 128 * 1024,
        "max_request_body_size": limits.request_mb * 1_000_000 + 1_000_000,
        "clear_untrusted_proxy_headers": True,
        "ident": None,
        "url_scheme": "https" if config.secure else "http",
    }
    if server.trusted_proxy:
        options["trusted_proxy"] = server.trusted_proxy
        options["trusted_proxy_headers"] = {"x-forwarded-for", "x-forwarded-proto"}
        options["trusted_proxy_count"] = 1
    lanes = Lanes(server.threads, server.slow_threads, config.security.hashing_queue)
    made = waitress.create_server(app, _dispatcher=lanes, **options)
    for part in (made, *getattr(made, "map", {}).values()):  # several sockets when the host has several addresses
        part.channel_class = Channel
    return made


def serve(app, config: Config, ready: Callable[[int], None] = lambda port: None, *, jobs=None) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished before the end. `jobs`: all features' if None."""
    spool_to_memory(required=config.secure and not config.demo)  # families come over HTTPS
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is load, not news
    logging.getLogger("waitress").addFilter(_forget_address)
    server = create_server(app, config)
    if config.secure and not config.server.trusted_proxy:
        _warn_once()
    jobs, hourly = list_jobs() if jobs is None else (jobs, [])
    database.hold_open()
    scheduler, workers = start_scheduler(jobs, hourly), Workers(config.server.workers)
    workers.start()
    status = f"Serves {config.server.public_url}"
    watchdog = Watchdog(prove_life(server), read_period(), status)
    # waitress finishes its tasks when run() leaves through SystemExit; the default handler would kill them
    signal.signal(signal.SIGTERM, _stop)
    try:
        gc.collect()
        gc.freeze()  # what lives as long as the service is not looked through again and again: each time was a pause
        notify(f"READY=1\nSTATUS={status}")
        watchdog.start()
        ready(getattr(server, "effective_port", config.server.port))
        server.run()
    finally:
        notify("STOPPING=1\nSTATUS=Finishes what was asked, then stops")
        watchdog.stop()
        scrub.stopping.set()
        workers.stop()  # first: what runs is given back, and is done again after the next start
        scheduler.shutdown(wait=True)
        database.disconnect()
        if tempfile.tempdir and "preau-" in tempfile.tempdir:
            shutil.rmtree(tempfile.tempdir, ignore_errors=True)


def _forget_address(record: logging.LogRecord) -> bool:
    """waitress names the address that it was serving, which can hold a code or an id."""
    record.msg = str(record.msg).partition(" serving ")[0]
    return True


def _stop(_signal, _frame) -> None:
    raise SystemExit(0)
