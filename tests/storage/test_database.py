"""Transactions: whole or absent, events after the commit, and no write lost when many write at once."""

import re
import threading
import traceback
from dataclasses import dataclass

import pytest

from appliance.core import bus
from appliance.core.errors import ConfigError
from appliance.school.models import Revision
from appliance.services import audit
from appliance.storage import database


@dataclass
class Happened:
    what: str


def test_what_a_failed_transaction_did_is_absent(world):
    with pytest.raises(RuntimeError), database.transaction():
        audit.bump("here")
        raise RuntimeError
    assert Revision.get_or_none(Revision.scope == "here") is None


def test_events_leave_after_the_commit_and_never_after_a_rollback(world):
    heard = []
    bus.subscribe(Happened, heard.append)
    with database.transaction():
        database.emit(Happened("kept"))
        assert heard == []
    with pytest.raises(RuntimeError), database.transaction():
        database.emit(Happened("lost"))
        raise RuntimeError
    assert heard == [Happened("kept")]


def test_a_nested_transaction_shares_the_fate_of_the_outer_one(world):
    with pytest.raises(RuntimeError), database.transaction():
        with database.transaction():
            audit.bump("inner")
        raise RuntimeError
    assert Revision.get_or_none(Revision.scope == "inner") is None


def test_an_event_outside_a_transaction_is_a_mistake(world):
    with pytest.raises(RuntimeError):
        database.emit(Happened("nowhere"))


def test_eight_threads_lose_no_write(world):
    with database.transaction():
        audit.bump("count")

    def work():
        with database.connection():
            for _ in range(25):
                with database.transaction():
                    audit.bump("count")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Revision.get(Revision.scope == "count").value == 201


def trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("sign", ["%", "@", "%zz", "@h/", "/", "#", "?", "[", "℀", ":12@"])
def test_an_address_whose_password_is_read_wrongly_is_refused_without_showing_it(sign):
    for password in (f"S3C{sign}RET", f"123{sign}RET"):
        with pytest.raises(ConfigError, match="write %25 for %, %40 for @") as refused:
            database.try_postgresql(f"postgresql://u:{password}@127.0.0.1:1/db")
        assert not re.findall(r"RET|S3C", trace(refused.value))


@pytest.mark.parametrize("sign", ["/", "#", "?", "[", "℀"])
def test_an_address_in_use_that_cannot_be_read_is_refused_without_showing_it(sign, tmp_path):
    url = f"postgresql://u:S3C{sign}RET@127.0.0.1:1/db"
    with pytest.raises(ConfigError, match="write %25 for %, %40 for @") as refused:
        database.configure(url, tmp_path)
    assert not re.findall(r"RET|S3C", trace(refused.value))


def test_an_address_with_its_password_written_well_is_tried():
    with pytest.raises(ConfigError, match="refused"):
        database.try_postgresql("postgresql://u:S3C%25%40RET@127.0.0.1:1/db")
