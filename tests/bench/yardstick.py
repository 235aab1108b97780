"""What everything is compared with: a Flask hello and the same bytes in clear, served by the very same server."""

import sys
from pathlib import Path

import flask

from appliance import server
from appliance.core.config import Config, Server


def create_app(folder: Path) -> flask.Flask:
    """Three routes: hello, and any file of the folder in clear, with ranges."""
    app = flask.Flask("yardstick")

    @app.get("/hello")
    def hello():
        return "hello"

    @app.get("/clear/<name>")
    def clear(name):
        return flask.send_file(folder / name, conditional=True, mimetype="application/octet-stream")

    return app


if __name__ == "__main__":
    config = Config(server=Server(port=0), folder=Path(sys.argv[1]))
    server.serve(
        create_app(config.folder), config, lambda port: print(f"ready on http://127.0.0.1:{port}", flush=True), jobs=()
    )
