"""Two addresses for those who run it: /healthz says whether it works, /metrics counts; neither holds personal data."""

import hmac
import ipaddress
import threading
from collections import Counter
from datetime import datetime

import flask

from appliance import __version__
from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.services import backlog
from appliance.services.backup import status
from appliance.services.health import checks, keeping
from appliance.services.media import scrub
from appliance.storage import database, migrate
from appliance.web import routing

FORWARDED = "preau.forwarded"  # in the environment of a request that came through a proxy, trusted or not
_requests: Counter = Counter()
_seconds: Counter = Counter()
_lock = threading.Lock()
_FILES_SECONDS = 60
_files: tuple[float, list[str]] = (0.0, [])


def install(app: flask.Flask) -> None:
    """Declare the two routes."""
    for rule, view, access in (("/healthz", healthz, "public"), ("/metrics", metrics, "loopback")):
        app.add_url_rule(rule, view.__name__, view)
        routing.ACCESS[view.__name__] = access


def count(endpoint: str | None, status: int, seconds: float) -> None:
    """Remember one answered request."""
    with _lock:
        _requests[endpoint or "none", status] += 1
        _seconds[endpoint or "none"] += seconds


def healthz():
    """JSON: status, version, database kind and schema; 503 when the database does not answer."""
    try:
        schema = migrate.schema_version()
        status = "ok" if schema == migrate.latest_version() else "migrate"
    except Exception:  # any failure of the database is the answer itself
        schema, status = None, "database"
    answer = flask.jsonify(status=status, version=__version__, database=database.kind(), schema=schema)
    return answer, 200 if status == "ok" else 503


def _is_forwarded(request) -> bool:
    """Whether a proxy passed this request on: then its address says nothing about who asks."""
    return FORWARDED in request.environ or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers


def metrics():
    """Prometheus text, for loopback or for the bearer of the token."""
    request, token = flask.request, flask.current_app.config["PREAU"].server.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        local = ipaddress.ip_address(request.remote_addr or "").is_loopback and not _is_forwarded(request)
    except ValueError:
        local = False
    if not local and not (token and hmac.compare_digest(given.encode(), token.encode())):
        raise NotFound()
    lines = ["# TYPE preau_info gauge", f'preau_info{{version="{__version__}",database="{database.kind()}"}} 1']
    lines.append("# TYPE preau_requests_total counter")
    with _lock:
        counted, timed = sorted(_requests.items()), sorted(_seconds.items())
    lines += [f'preau_requests_total{{endpoint="{name}",status="{status}"}} {n}' for (name, status), n in counted]
    lines.append("# TYPE preau_request_seconds_total counter")
    lines += [f'preau_request_seconds_total{{endpoint="{name}"}} {n:.6f}' for name, n in timed]
    lines += _count_work()
    lines += _count_files()
    lines += _count_health()
    return flask.Response("\n".join(lines) + "\n", mimetype="text/plain")


def _count_files() -> list[str]:
    """The encrypted files: how many, how many damaged, how long ago the oldest comparison; counted once a minute."""
    global _files
    at, lines = _files
    if clock.monotonic() - at > _FILES_SECONDS or not lines:
        found = scrub.report()
        look = found.last_look
        age = (clock.now() - found.compared_since).total_seconds() if found.compared_since else 0
        values = {
            "preau_media_files": found.files,
            "preau_media_bytes": found.bytes,
            "preau_media_damaged_files": found.damaged,
            "preau_media_oldest_comparison_seconds": int(age),
            "preau_media_leftover_files": look.leftovers if look else 0,
            "preau_media_leftover_bytes": look.leftover_bytes if look else 0,
        }
        lines = [line for name, value in values.items() for line in (f"# TYPE {name} gauge", f"{name} {value}")]
        _files = clock.monotonic(), lines
    return lines


def _count_work() -> list[str]:
    """How much waits to be prepared, for how long, and what has failed for good."""
    found = backlog.summary()
    counted = {"waiting": found.waiting, "running": found.running, "failed": found.failed}
    lines = ["# TYPE preau_tasks gauge", *(f'preau_tasks{{state="{state}"}} {n}' for state, n in counted.items())]
    return [*lines, "# TYPE preau_task_oldest_seconds gauge", f"preau_task_oldest_seconds {found.oldest_seconds}"]


def _count_health() -> list[str]:
    """What was found last: 0 well, 1 to watch, 2 a problem; and the ages and sizes behind it."""
    lines = ["# TYPE preau_health gauge"]
    lines += [f'preau_health{{check="{each.check.code}"}} {each.check.level}' for each in keeping.list_states()]
    place = keeping.place()
    lines.append("# TYPE preau_disk_free_bytes gauge")
    lines.append(f'preau_disk_free_bytes{{place="data"}} {checks.count_free(place.blobs.root)}')
    folder = checks.backup_folder(place.config)
    if folder is not None:
        lines.append(f'preau_disk_free_bytes{{place="backup"}} {checks.count_free(folder)}')
    values = {"preau_database_bytes": database.count_bytes(), "preau_database_wal_bytes": database.count_wal_bytes()}
    looked, end = keeping.find_last_run(), checks.read_certificate_end(place.config) if place.config.secure else None
    if looked is not None:
        values["preau_health_age_seconds"] = int((clock.now() - looked).total_seconds())
    if end is not None:
        values["preau_certificate_days"] = (end - clock.now()).days
    for what, ended in status.read(place.data).items():
        if what in ("backup", "rehearsal") and ended.get("last_ok"):
            age = clock.now() - datetime.fromisoformat(ended["last_ok"])
            values[f"preau_{what}_age_seconds"] = int(age.total_seconds())
    return lines + [line for name, value in values.items() for line in (f"# TYPE {name} gauge", f"{name} {value}")]
