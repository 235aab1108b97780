"""A demo school served by the real program, and people who visit it with a real Chromium.

The school is made once (a few seconds) and served from copies, so that no test meets what another one wrote.
"""

import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.process import PREAU, ROOT, serving

PASSWORD = "preau-demo-password"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
# Nobody (None) is whoever has not signed in; guardian3 has a child in each class.
ROLES = {
    "signed_out": None,
    "guardian": "guardian3",
    "teacher": "teacher",
    "contact": "contact",
    "principal": "principal",
    "admin": "admin",
    "dpo": "dpo",
}
PATIENCE = 60_000  # milliseconds: the machine may be slow and busy
PUBLIC_ID = re.compile(r"\b[a-hjkmnp-tv-z0-9]{16}\b")


def make_seed(folder: Path) -> Path:
    """The files of a demo school that nobody has visited yet."""
    command = [sys.executable, "-c", PREAU, "demo", "--folder", str(folder), "--seed-only"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"the demo school cannot be made:\n{done.stderr}")
    return folder


@contextmanager
def served_copy(seed: Path, folder: Path):
    """The address of a server that has its own copy of the school."""
    shutil.copytree(seed, folder)
    with serving(folder / "config.toml", "demo", "--folder", str(folder), "--port", "0") as running:
        yield running.url


@contextmanager
def chromium():
    """Debian's Chromium, or the one on PATH; nothing is downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What no page may ever do, noted while people look at it."""

    host: str
    faults: list[str] = field(default_factory=list)

    def follow(self, context) -> None:
        """Listen to every page of a browser's profile."""
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"a script failed: {error.error}"))

    def _request(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != self.host:
            self.faults.append(f"a request left the server: {request.url}")

    def _console(self, message) -> None:
        text = message.text
        if "Content Security Policy" in text or "Permissions-Policy" in text or "Refused to" in text:
            self.faults.append(f"the policy was violated on {message.location.get('url')}: {text[:300]}")


class School:
    """One served school: `visit("teacher")` gives a page of that person's browser, signed in."""

    def __init__(self, browser, url: str):
        self.browser, self.url = browser, url
        self.watch = Watch(urlsplit(url).netloc)
        self._cookies: dict[str, list] = {}
        self._open: list = []

    def visit(self, login: str | None = None, *, phone=True, scheme="light", javascript=True, **options):
        """A page of a browser of its own; the person signs in once, by the form, and stays so."""
        options.setdefault("viewport", PHONE if phone else DESKTOP)
        options.setdefault("locale", "fr-FR")
        context = self.browser.new_context(
            base_url=self.url,
            color_scheme=scheme,
            java_script_enabled=javascript,
            timezone_id="Europe/Paris",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        self.watch.follow(context)
        self._open.append(context)
        page = context.new_page()
        if login is not None:
            if login not in self._cookies:
                sign_in(page, login)
                self._cookies[login] = context.cookies()
            else:
                context.add_cookies(self._cookies[login])
        return page

    def close_visits(self) -> None:
        """Close every browser that was opened."""
        while self._open:
            self._open.pop().close()

    def class_of(self, page) -> str:
        """The address of the first class that this person's home leads to."""
        page.goto("/")
        return page.locator('main a[href^="/classes/"]').first.get_attribute("href").split("/publications")[0]


def sign_in(page, login: str) -> None:
    """Sign in by the form, as people do."""
    page.goto("/connexion")
    page.get_by_label("Identifiant").fill(f"{login}@demo.test")
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/")


def shape(address: str) -> str:
    """An address without what changes from one object to the next: two of the same shape are the same page."""
    parts = urlsplit(address)
    keys = ",".join(sorted(pair.split("=")[0] for pair in parts.query.split("&") if pair))
    path = re.sub(r"/\d+$", "/N", PUBLIC_ID.sub("ID", parts.path))
    return f"{path}?{keys}" if keys else path


LINKS = "links => links.filter(l => !l.hasAttribute('download')).map(l => l.getAttribute('href'))"
SEVERAL = {"/publications/ID": 3, "/publications/ID/modifier": 2}
MOST = 120


def pages_of(page, start=("/",)):
    """Walk from link to link and yield the address of each different page, with `page` on it."""
    todo, seen, met = [*start], set(), {}
    while todo:
        address = todo.pop(0)
        name = shape(address)
        if address in seen or met.get(name, 0) >= SEVERAL.get(name, 1):
            continue
        seen.add(address)
        answer = _open(page, address)
        if answer is None:
            continue
        assert answer.status < 400, f"a link leads to an error {answer.status}: {address}"
        met[name] = met.get(name, 0) + 1
        yield address
        links = page.locator("a[href]").evaluate_all(LINKS)
        todo += [link.split("#")[0] for link in links if link.startswith("/") and not link.startswith("/static/")]
        assert len(met) < MOST, f"links never end: {address}"


def _open(page, address: str):
    """Go there; the answer, or None when it is a file and no page."""
    from playwright.sync_api import Error

    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in error.message or "net::ERR_ABORTED" in error.message:
            return None
        raise
    return answer if answer.headers.get("content-type", "").startswith("text/html") else None
