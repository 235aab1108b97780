"""What every answer tells the browser: run only our own files, frame nothing, remember nothing that is personal."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'; worker-src 'self'"
)
FIXED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "X-Frame-Options": "DENY",
}
_ITEMS = tuple(FIXED.items())
_HSTS = ("Strict-Transport-Security", "max-age=31536000")


def all_for(secure: bool, present) -> list[tuple[str, str]]:
    """The fixed headers that `present` lacks, for an answer made without the framework."""
    return [*(item for item in _ITEMS if item[0] not in present), *([_HSTS] if secure else [])]


def add(response, secure: bool):
    """Put the fixed headers on a response that doesn't have its own, and forbid storing what has no rule of its own."""
    headers = response.headers
    for name, value in _ITEMS:
        if name not in headers:
            headers[name] = value
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if secure:
        headers[_HSTS[0]] = _HSTS[1]
    return response
