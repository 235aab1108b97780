"""Runs inside a machine, with its Python alone: signs in over HTTPS through nginx, publishes a photo, reads it back.

Prints one JSON object: what was seen. Usage: visitor.py ADDRESS IDENTIFIER PASSWORD CLASSROOM [publish|read]
"""

import hashlib
import http.cookiejar
import io
import json
import re
import ssl
import sys
import urllib.parse
import urllib.request
import uuid

from PIL import Image

ADDRESS, IDENTIFIER, PASSWORD, CLASSROOM, DO = sys.argv[1:6]
CONTEXT = ssl.create_default_context(cafile="/etc/preau/tls/certificate.pem")


opener = urllib.request.build_opener(
    urllib.request.HTTPSHandler(context=CONTEXT), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
)


def get(path: str) -> str:
    """A page as text."""
    with opener.open(ADDRESS + path) as answer:
        return answer.read().decode()


def token(page: str) -> str:
    """The CSRF token of a form."""
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def post(path: str, fields: dict[str, str], files: list[tuple[str, bytes]] = ()) -> str:
    """Send a form as a browser does."""
    boundary, body = uuid.uuid4().hex, io.BytesIO()
    for name, value in fields.items():
        body.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        body.write(f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + content + b"\r\n")
    body.write(f"--{boundary}--\r\n".encode())
    request = urllib.request.Request(  # noqa: S310 - the address is the test's own
        ADDRESS + path, body.getvalue(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}", "Referer": ADDRESS + path},
    )  # fmt: skip
    with opener.open(request) as answer:
        return answer.read().decode()


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""


page = get("/connexion")
page = post("/connexion", {"csrf_token": token(page), "identifier": IDENTIFIER, "password": PASSWORD})
if 'action="/avis"' in page:
    page = post("/avis", {"csrf_token": token(page), "suite": hidden(page, "suite")})
seen = {"signed_in": 'action="/connexion"' not in page}
if DO == "publish":
    drawn = io.BytesIO()
    Image.effect_noise((1200, 900), 80).convert("RGB").save(drawn, "JPEG")
    photo = drawn.getvalue()
    page = get(f"/classes/{CLASSROOM}/publications/nouvelle")
    fields = {"csrf_token": token(page), "text": "Sortie à la ferme", "audience": "whole", "act": "publish"}
    fields["submission"] = hidden(page, "submission")
    post(f"/classes/{CLASSROOM}/publications/nouvelle", fields, [("ferme.jpg", photo)])
feed = get(f"/classes/{CLASSROOM}")
seen["post"] = "Sortie à la ferme" in feed
seen["media"] = {}
for media in sorted(set(re.findall(r"/medias/\w+/\w+", feed))):
    with opener.open(ADDRESS + media) as answer:
        seen["media"][media] = hashlib.sha256(answer.read()).hexdigest()
print(json.dumps(seen))
