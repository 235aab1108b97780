"""What was found is kept, written when it changes, and told to the administrators once, through a real relay."""

import json
import logging
from dataclasses import replace

import pytest

from appliance.core import clock as time
from appliance.core.config import Mail
from appliance.school.models import Account
from appliance.services import mail, work
from appliance.services.health import checks, keeping, telling
from appliance.services.health.checks import Check
from appliance.services.health.models import HealthState
from appliance.storage import database
from tests.features.signin.test_resets import inbox

__all__ = ["inbox"]


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    monkeypatch.setattr(keeping, "_known", None)
    monkeypatch.setattr(database, "read_clock", lambda: None)  # the tests' clock stands still, PostgreSQL's goes on


@pytest.fixture
def rules(monkeypatch):
    """The rules, replaced by what the test says."""
    said = {"disk": Check("disk", checks.OK, "ok", {"free_bytes": 10**9})}

    def look(_place, *, thorough=False):
        yield from said.values()

    monkeypatch.setattr(checks, "look", look)

    def say(level, code="disk", wording="full"):
        said[code] = Check(code, level, wording if level else "ok", {"free_bytes": 10**9})

    return say


def turn(clock, **later):
    clock.advance(**(later or {"minutes": 6}))
    return keeping.look_if_due()


def test_nothing_is_looked_at_twice_within_minutes_however_many_processes_do(world, clock, rules, monkeypatch):
    assert keeping.look_if_due() and not keeping.look_if_due()
    monkeypatch.setattr(keeping, "_known", None)  # another process, which knows nothing
    assert not keeping.look_if_due()
    clock.advance(minutes=6)
    assert keeping.look_if_due()


def test_a_quiet_machine_writes_one_row_a_turn_at_most(world, clock, rules):
    keeping.look_if_due()
    before = {row.code: row.checked_at for row in HealthState.select()}
    turn(clock)
    after = {row.code: row.checked_at for row in HealthState.select()}
    said = [] if database.is_sqlite() else [keeping.RUN]  # a memory card is spared for half an hour
    assert [code for code in after if after[code] != before[code]] == said


def test_what_was_found_is_kept_with_since_when(world, clock, rules):
    keeping.look_if_due()
    began = time.now()
    rules(checks.WARNING, wording="low")
    turn(clock)
    turn(clock)
    (state,) = keeping.list_states()
    assert (state.check.level, state.check.wording) == (checks.WARNING, "low")
    assert state.since > began and keeping.find_last_run() == time.now() and keeping.count_bad() == 1


def test_a_problem_is_told_once_to_administrators_and_so_is_its_end(world, clock, inbox, rules):
    keeping.look_if_due()
    rules(checks.PROBLEM)
    turn(clock)
    turn(clock)
    ((to, letter),) = inbox.letters
    text = letter.get_content()
    assert to == ["admin@demo.test"] and letter["Subject"] == "Préau a besoin de vous"
    assert "Disque des données" in text and "plus aucun fichier n’est accepté" in text and "Faites de la place" in text
    rules(checks.OK)
    turn(clock)
    turn(clock)
    assert len(inbox.letters) == 2 and "n’est plus un problème" in inbox.letters[1][1].get_content()


def test_a_problem_that_comes_and_goes_writes_once_a_day(world, clock, inbox, rules):
    for _ in range(4):
        rules(checks.PROBLEM)
        turn(clock)
        rules(checks.OK)
        turn(clock)
    assert len(inbox.letters) == 2
    rules(checks.PROBLEM)
    turn(clock, days=1)
    assert len(inbox.letters) == 3


def test_a_warning_writes_to_nobody(world, clock, inbox, rules):
    rules(checks.WARNING, wording="low")
    turn(clock)
    assert not inbox.letters


def test_nobody_is_written_at_an_address_that_was_not_confirmed_or_whose_account_is_closed(world, clock, inbox, rules):
    Account.update(email_confirmed_at=None).where(Account.id == world.account("admin").id).execute()
    rules(checks.PROBLEM)
    turn(clock)
    assert not inbox.letters and not HealthState.get(HealthState.code == "disk").told
    Account.update(email_confirmed_at=time.now(), disabled_at=time.now()).where(
        Account.id == world.account("admin").id
    ).execute()
    turn(clock)
    assert not inbox.letters
    Account.update(disabled_at=None).execute()
    turn(clock)
    assert len(inbox.letters) == 1, "it is told as soon as there is someone to tell"


def test_without_a_relay_nothing_leaves_and_all_is_kept(world, clock, rules):
    rules(checks.PROBLEM)
    turn(clock)
    assert not mail.is_possible() and HealthState.get(HealthState.code == "disk").level == checks.PROBLEM


def test_a_relay_that_does_not_answer_is_tried_again(world, clock, rules, inbox, caplog):
    mail.configure(replace(Mail(), host="127.0.0.1", port=1, timeout=1))
    rules(checks.PROBLEM)
    with caplog.at_level(logging.INFO):
        turn(clock)
    assert not HealthState.get(HealthState.code == "disk").told and "@" not in caplog.text


def test_the_letter_and_the_rows_hold_nothing_of_anyone(world, clock, inbox):
    keeping.look_if_due()
    clock.advance(days=9)  # no backup was ever made: a problem
    keeping.look_if_due()
    texts = [letter.get_content() for _to, letter in inbox.letters]
    assert texts and "Aucune sauvegarde" in texts[0]
    texts += [row.facts for row in HealthState.select()]
    for account in Account.select():
        assert not any(account.last_name in text or account.identifier in text for text in texts)


def test_asking_looks_at_everything_by_a_task(world, clock):
    keeping.ask()
    assert keeping.is_asked() and work.Task.get().kind == keeping.TASK
    work.run_due()
    assert not keeping.is_asked() and keeping.find_last_run() == time.now()
    codes = {state.check.code for state in keeping.list_states()}
    assert {"disk", "database", "queue", "backup", "clock", "versions"} <= codes
    assert all(isinstance(json.loads(row.facts), dict) for row in HealthState.select())


def test_what_is_looked_at_only_when_asked_stays_until_then(world, clock, rules):
    rules(checks.OK, code="integrity")
    keeping.look_thoroughly("", None)
    rules(checks.OK, code="proxy")
    turn(clock)
    checks_kept = {state.check.code for state in keeping.list_states()}
    assert {"integrity", "proxy"} <= checks_kept


def test_what_no_longer_concerns_this_machine_goes(world, clock, monkeypatch):
    said = [Check("certificate", checks.PROBLEM, "over", {"ends_at": time.now().isoformat()})]
    monkeypatch.setattr(checks, "look", lambda _place, *, thorough=False: iter(said))
    keeping.look_if_due()
    said.clear()
    turn(clock)
    assert keeping.list_states() == []


def test_those_who_are_told_are_each_told_once(world):
    assert [account.identifier for account in telling.list_readers()] == ["admin@demo.test"]
