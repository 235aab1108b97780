"""The page of health: what is wrong first with its remedy, nothing looked at in the request, administrators only."""

import pytest

from appliance.services import work
from appliance.services.health import checks, keeping
from appliance.services.health.checks import Check
from tests.features.administration.test_accounts_and_journal import main_of

HERE = "/administration/sante"


def test_nothing_is_looked_at_in_the_request(world, monkeypatch):
    monkeypatch.setattr(checks, "look", lambda *arguments, **options: pytest.fail("looked at in a request"))
    browser = world.sign_in("admin")
    assert "Pas encore vérifié" in main_of(browser.get(HERE))
    assert "demandée" in browser.submit(f"{HERE}/verifier", follow_redirects=True).text
    assert "en cours" in main_of(browser.get(HERE))


def test_what_is_wrong_comes_first_with_its_remedy(world):
    keeping.ask()
    work.run_due()
    keeping.save([Check("disk", checks.PROBLEM, "full", {"free_bytes": 5_000_000})])
    page = main_of(world.sign_in("admin").get(HERE))
    assert page.index("Disque des données") < page.index("Fiche de secours") < page.index("Ce qui va bien")
    for text in ("Problème", "À surveiller", "Faites de la place", "Vérifié", "aujourd’hui à", "SQLite", "Python"):
        assert text in page or (text == "SQLite" and "PostgreSQL" in page), text
    assert "Tout va bien" not in page


def test_all_is_well_is_said(world):
    keeping.save([Check("disk", checks.OK, "ok", {"free_bytes": 10**10})])
    browser = world.sign_in("admin")
    assert "Tout va bien" in main_of(browser.get(HERE)) and "Tout va bien" in main_of(browser.get("/administration"))


def test_the_first_page_counts_what_is_not_well(world):
    keeping.save([Check("disk", checks.WARNING, "low", {"free_bytes": 1}), Check("sheet", checks.WARNING, "never")])
    page = main_of(world.sign_in("admin").get("/administration"))
    assert "2 points à voir" in page and f'href="{HERE}"' in page


def test_what_a_backup_said_is_shown_as_it_is_and_escaped(world):
    facts = {"at": "2026-03-02T01:00:00+00:00", "says": "<b>the disk is full</b>"}
    keeping.save([Check("backup", checks.PROBLEM, "failed", facts)])
    page = main_of(world.sign_in("admin").get(HERE))
    assert "&lt;b&gt;the disk is full" in page and "<b>" not in page


@pytest.mark.parametrize("who", ["principal", "dpo", "teacher", "guardian1"])
def test_health_is_for_administrators(world, who):
    browser = world.sign_in(who)
    assert browser.get(HERE).status_code == 403 and browser.submit(f"{HERE}/verifier").status_code == 403
