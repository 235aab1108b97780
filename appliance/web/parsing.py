"""What of a connection is a request: read strictly, and what is refused before the application is asked is refused in
words, under the headers of every other answer.

Bodies say how long they are (RFC 9112 §6.3): nothing that sends to us has a need of another coding, and two programs
that disagree about where one ends are how a request hides inside another.
"""

import re

from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, RequestEntityTooLarge
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from appliance.core import i18n
from appliance.services.media import uploads
from appliance.web import errors, headers
from appliance.web import uploads as pieces

IN_MEMORY = 8 << 20  # a longer body is spooled: a piece of a file never is
_CODED = re.compile(rb"^transfer-encoding:", re.IGNORECASE | re.MULTILINE)


class LengthRequired(BadRequest):
    """A body that doesn't say how long it is."""

    code = 411
    reason = "Length Required"


class PieceTooLong(RequestEntityTooLarge):
    """Said before a piece that could not stay in memory is read at all; a shorter one is refused by its route."""


class Parser(HTTPRequestParser):
    """Bodies of PATCH are pieces of files: one that is too long is not read."""

    command = path = ""  # until the first line is read, and where it can't be

    def received(self, data):
        """The usual reading; what even Python's own parsers give up on is refused too, and nobody who is refused is
        asked to go on: what they sent then would be read as another request."""
        try:
            used = super().received(data)
        except ValueError:  # of an address, or of a number with thousands of digits
            used, self.error, self.completed = len(data), BadRequest(""), True
        if self.error is not None:
            self.expect_continue = False
        return used

    def parse_header(self, header_plus):
        """The usual reading, then the refusal of what would be spooled outside of memory."""
        if _CODED.search(header_plus):
            self.error = LengthRequired("")
            return
        super().parse_header(header_plus)
        if self.path.startswith("//"):
            self.path = "/" + self.path.lstrip("/")  # as the application will see it: its lane depends on it
        piece = self.command == "PATCH" or self.path.startswith(pieces.HERE)
        if piece and self.content_length > IN_MEMORY:
            self.error, self.completed, self.body_rcv = PieceTooLong(""), True, None


class Refusal(ErrorTask):
    """The answer to what was refused here or by waitress, and to what failed outside of the application."""

    def execute(self):
        """Say it in the reader's language, and close the connection."""
        error = self.request.error
        accepted = parse_accept_header(self.request.headers.get("ACCEPT_LANGUAGE"), LanguageAccept)
        fields = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
        with i18n.speaking(accepted.best_match(i18n.languages(), i18n.SOURCE)):
            text = errors.say(error.code)
            if isinstance(error, PieceTooLong):
                text = uploads.too_long().message
                fields.append(("Tus-Resumable", pieces.VERSION))
        body = f"{text}\n".encode()
        self.status, self.content_length, self.close_on_finish = f"{error.code} {error.reason}", len(body), True
        self.response_headers = headers.complete(fields, self.channel.adj.url_scheme == "https")
        self.write(b"" if self.request.command == "HEAD" else body)
