"""Apply a plan: one transaction, every written row in the journal, and what it was kept so that it can be undone.

It is applied only if it is still the difference that the person saw; otherwise nothing is written.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from appliance.core import clock
from appliance.core.errors import Conflict, Refused
from appliance.core.i18n import _
from appliance.school.models import School
from appliance.services import audit
from appliance.services.people import places
from appliance.services.roster.difference import Plan
from appliance.services.roster.images import insert_all
from appliance.services.roster.models import APPLIED, PENDING, RosterChange, RosterImport
from appliance.services.roster.plan import find_year, plan_import
from appliance.services.roster.records import Roster
from appliance.services.roster.writing import Writer
from appliance.storage.database import locked, transaction


def apply_import(
    actor,
    school: School,
    roster: Roster,
    seen: str,
    decisions: Mapping[str, object] | None = None,
    *,
    waiting: RosterImport | None = None,
) -> RosterImport:
    """Write the difference whose digest the person has `seen`; Conflict when it is another one by now.

    `waiting` is the upload that this applies; its files are deleted with the same commit.
    """
    with transaction():
        hold_school(school)
        if waiting is not None and _status(waiting) != PENDING:
            raise Conflict(_("Cet import a déjà été appliqué ou abandonné. Rien n’a été modifié une seconde fois."))
        year = find_year(school, clock.today())
        plan = plan_import(school, year, roster, decisions, lock=True)
        if plan.digest != seen:
            raise Conflict(
                _(
                    "La base a changé depuis que vous avez regardé la différence. "
                    "Rien n’a été modifié : regardez la nouvelle."
                )
            )
        if plan.changes_nothing:
            raise Refused(_("Il n’y a rien à appliquer : la base dit déjà ce que dit le fichier."))
        made = None
        if year is None:
            made = plan.state.year = places.find_or_create_year(actor, school.academy, clock.today())
        done = _open_import(actor, plan, waiting)
        writer = Writer(actor, plan, done)
        if made is not None:
            writer.note_created("year", made.id, made)
        writer.write()
        _keep_changes(plan, done, writer.changes)
        _record(actor, plan, done)
    return done


def hold_school(school: School) -> None:
    """Let one import or undoing at a time work on a school."""
    list(locked(School.select(School.id).where(School.id == school.id)))


def _status(waiting: RosterImport) -> str:
    return RosterImport.select(RosterImport.status).where(RosterImport.id == waiting.id).tuples().get()[0]


def _open_import(actor, plan: Plan, waiting: RosterImport | None) -> RosterImport:
    done = waiting or RosterImport.create(
        school=plan.state.school, account=actor.account_id or None, created_at=clock.now()
    )
    values = {
        "year": plan.state.year,
        "status": APPLIED,
        "upload": None,
        "expires_at": None,
        "applied_at": clock.now(),
        "counts": json.dumps(plan.counts()),
        "report": plan.state.seal("roster_import", "report", done.public_id, report_of(plan)),
    }
    RosterImport.update(values).where(RosterImport.id == done.id).execute()
    return RosterImport.get_by_id(done.id)


def report_of(plan: Plan) -> dict[str, list]:
    """The lists of a plan as JSON, for the page of its result."""
    shown = [each for each in plan.differences if each.state != "silent"]
    return {
        "differences": [
            [each.kind, each.state, each.name, each.place, [list(item) for item in each.fields]] for each in shown
        ],
        "doubts": [[doubt.kind, doubt.name, doubt.place, doubt.line, doubt.reason] for doubt in plan.doubts],
        "teachers": [asdict(teacher) for teacher in plan.teachers],
    }


def _keep_changes(plan: Plan, done: RosterImport, changes: list) -> None:
    rows = [
        {
            "roster_import": done.id,
            "position": position,
            "kind": kind,
            "row_id": row_id,
            "action": action,
            "images": plan.state.seal(
                "roster_change", "images", f"{done.public_id}:{position}", {"before": before, "after": after}
            ),
        }
        for position, (kind, row_id, action, before, after) in enumerate(changes)
    ]
    insert_all(RosterChange, rows)


def _record(actor, plan: Plan, done: RosterImport) -> None:
    counts = plan.counts()
    reason = " ".join(f"{name}={counts[name]}" for name in ("new", "changed", "left", "kept", "ambiguous", "unchanged"))
    audit.record(
        actor,
        "create",
        "roster_imported",
        kind="roster",
        object_id=done.public_id,
        tenant=plan.state.academy.public_id,
        reason=reason,
    )
