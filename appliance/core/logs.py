"""Logs for machines: one JSON object a line, only fields that the code named, never a value that a person typed."""

import json
import logging
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Turns a record and its `extra` into one line of JSON; of an exception only the type and the place are kept."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg if not record.args else str(record.msg),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info and record.exc_info[0]:
            last = record.exc_info[2]
            while last and last.tb_next:
                last = last.tb_next
            line["error"] = record.exc_info[0].__name__
            line["where"] = f"{last.tb_frame.f_code.co_name}:{last.tb_lineno}" if last else ""
        return json.dumps(line, ensure_ascii=False, default=str)
