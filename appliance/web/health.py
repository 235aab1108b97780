"""Two addresses for those who run it: /healthz says whether it works, /metrics counts; neither holds personal data."""

import hmac
import ipaddress
import threading
from collections import Counter

import flask

from appliance import __version__
from appliance.core.errors import NotFound
from appliance.storage import database, migrate
from appliance.web import routing

_requests: Counter = Counter()
_seconds: Counter = Counter()
_lock = threading.Lock()


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


def metrics():
    """Prometheus text, for loopback or for the bearer of the token."""
    request, token = flask.request, flask.current_app.config["PREAU"].server.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        local = ipaddress.ip_address(request.remote_addr or "").is_loopback and "X-Forwarded-For" not in request.headers
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
    return flask.Response("\n".join(lines) + "\n", mimetype="text/plain")
