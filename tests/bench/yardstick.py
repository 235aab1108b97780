"""What everything is compared with: a Flask hello and the same bytes in clear, served by the very same server."""

import os
import sys
from pathlib import Path

import flask

from appliance import server
from appliance.core.config import Config, Server
from appliance.storage import database


def create_app(folder: Path) -> flask.Flask:
    """Hello, any file of the folder in clear, with ranges, and what is written there in clear and synced."""
    app = flask.Flask("yardstick")

    @app.get("/hello")
    def hello():
        return "hello"

    @app.get("/clear/<name>")
    def clear(name):
        return flask.send_file(folder / name, conditional=True, mimetype="application/octet-stream")

    @app.post("/append/<place>")
    def append(place):
        with (folder / "upload").open("wb" if place == "first" else "ab", buffering=0) as file:
            file.write(flask.request.get_data(cache=False))
            os.fsync(file.fileno())
        return "", 204

    return app


if __name__ == "__main__":
    config = Config(server=Server(port=0, workers=0), folder=Path(sys.argv[1]))
    database.configure("sqlite:///yardstick.db", config.folder, 1)  # nothing is asked of it
    server.serve(
        create_app(config.folder), config, lambda port: print(f"ready on http://127.0.0.1:{port}", flush=True), jobs=()
    )
