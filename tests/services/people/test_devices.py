"""A person's own devices, and nobody else's."""

from dataclasses import replace

import pytest

from appliance.core.errors import NotFound
from appliance.school.models import Session
from appliance.services import audit
from appliance.services.people import devices


def test_one_closes_ones_own_devices_and_never_anothers(world):
    world.sign_in("guardian1"), world.sign_in("guardian2")
    actor = world.actor("guardian1")
    theirs = Session.get(Session.account == world.account("guardian2"))
    with pytest.raises(NotFound):
        devices.revoke_session(actor, theirs.public_id)
    assert [row.account_id for row in devices.list_sessions(actor)] == [actor.account_id]
    devices.revoke_session(actor, devices.list_sessions(actor)[0].public_id)
    assert devices.list_sessions(actor) == []
    last = audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).first()
    assert b'"authn_token_revoked"' in last.entry


def test_closing_the_others_keeps_this_device(world):
    browsers = [world.sign_in("guardian1") for _i in range(3)]
    rows = devices.list_sessions(world.actor("guardian1"))
    actor = replace(world.actor("guardian1"), session_id=rows[1].id)
    assert devices.revoke_other_sessions(actor) == 2
    assert [row.id for row in devices.list_sessions(actor)] == [rows[1].id]
    assert sorted(browser.get("/compte").status_code for browser in browsers) == [200, 303, 303]
