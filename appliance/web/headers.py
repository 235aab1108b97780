"""What every answer tells the browser: run only our own files, frame nothing, remember nothing that is personal."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'; worker-src 'self'"
)
# The worker that finds faces on a picture, and nothing else: it compiles WebAssembly, reads our files, shows nothing.
# No page may do so: a worker obeys the policy of its own answer.
WASM_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'"
FIXED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "X-Frame-Options": "DENY",
}


def with_microphone() -> str:
    """The permissions of a page that records sound: our own script may ask for the microphone there, nowhere else."""
    return FIXED["Permissions-Policy"].replace("microphone=()", "microphone=(self)")


_FIXED = tuple((name.lower(), (name, value)) for name, value in FIXED.items())
_HSTS = ("Strict-Transport-Security", "max-age=31536000")


def complete(fields: list[tuple[str, str]], secure: bool) -> list[tuple[str, str]]:
    """The headers of an answer with the fixed ones that it lacks; unless it says so itself, it may not be stored."""
    present = {name.lower() for name, _value in fields}
    fields = [*fields, *(item for name, item in _FIXED if name not in present)]
    if secure:
        fields.append(_HSTS)
    if "cache-control" not in present:
        fields.append(("Cache-Control", "no-store"))
    return fields


class Always:
    """Around the whole application: every answer has its headers completed."""

    def __init__(self, below, secure: bool):
        self.below, self.secure = below, secure

    def __call__(self, environ, start_response):
        """Complete the headers of one answer."""

        def start(status, fields, exc_info=None):
            fields = complete(fields, self.secure)
            return start_response(status, fields, exc_info) if exc_info else start_response(status, fields)

        return self.below(environ, start)
