"""Undo an import: put back exactly what it changed, in one transaction, unless something was built on it since.

What was built on (an account linked, a letter printed, a post addressed to a child, a correction by hand) is kept with
all that it needs, and listed; nothing is ever destroyed silently.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from appliance.core import clock
from appliance.core.errors import Conflict, NotFound, Refused
from appliance.core.i18n import _
from appliance.school.models import School
from appliance.services import audit
from appliance.services.media import rights
from appliance.services.roster.apply import hold_school
from appliance.services.roster.dependents import OWN_TABLES, find_references
from appliance.services.roster.images import MODELS, batches, from_image, read_images
from appliance.services.roster.keeping import open_report
from appliance.services.roster.models import APPLIED, UNDONE, RosterChange, RosterImport
from appliance.services.roster.state import State
from appliance.storage.database import transaction

# Rows that refer to others go first.
_ORDER = ("roster_source", "guardianship", "enrolment", "guardian", "student", "classroom", "year")
_PEOPLE = ("classroom", "student", "guardian")
_EVENTS = {
    "year": "year_deleted", "classroom": "classroom_deleted", "student": "student_deleted",
    "guardian": "guardian_deleted", "enrolment": "enrolment_deleted", "guardianship": "guardianship_deleted",
}  # fmt: skip


@dataclass
class Undone:
    """What came of it: how many rows were put back, of whom how many go, and what is kept, as (kind, name, why)."""

    restored: int = 0
    gone: dict[str, int] = field(default_factory=dict)
    kept: list[tuple[str, str, str]] = field(default_factory=list)


def find_last_import(school: School) -> RosterImport | None:
    """The school's latest import that is applied and can still be undone."""
    query = RosterImport.select().where(
        (RosterImport.school == school) & (RosterImport.status == APPLIED) & RosterImport.forgotten_at.is_null()
    )
    return query.order_by(RosterImport.applied_at.desc(), RosterImport.id.desc()).first()


def foresee_undo(actor, done: RosterImport) -> Undone:
    """What undoing an import would put back and keep; nothing is written."""
    _require_undoable(done)
    return _Undoing(actor, State(done.school, done.school.academy, done.year), done).foresee()


def undo_import(actor, done: RosterImport) -> Undone:
    """Put back what an import changed; Conflict when it is undone already, Refused when it is too old."""
    school = done.school
    with transaction():
        hold_school(school)
        present = RosterImport.get_or_none(RosterImport.id == done.id)
        _require_undoable(present)
        state = State(school, school.academy, present.year)
        result = _Undoing(actor, state, present).run()
        RosterChange.delete().where(RosterChange.roster_import == present.id).execute()
        report = {**open_report(present), "undone": [list(each) for each in result.kept]}
        values = {
            "status": UNDONE,
            "undone_at": clock.now(),
            "report": state.seal("roster_import", "report", present.public_id, report),
        }
        RosterImport.update(values).where(RosterImport.id == present.id).execute()
        audit.record(
            actor, "update", "roster_import_undone", kind="roster", object_id=present.public_id,
            tenant=school.academy.public_id, reason=f"restored={result.restored} kept={len(result.kept)}",
        )  # fmt: skip
    return result


def _require_undoable(done: RosterImport | None) -> None:
    if done is None:
        raise NotFound()
    if done.status != APPLIED:
        raise Conflict(_("Cet import est déjà annulé. Rien n’a été modifié une seconde fois."))
    if done.forgotten_at is not None:
        raise Refused(_("Cet import est trop ancien : ce qu’il avait changé n’est plus gardé. Rien n’a été modifié."))


class _Undoing:
    """The changes of one import, read backwards."""

    def __init__(self, actor, state: State, done: RosterImport):
        self.actor, self.state, self.done = actor, state, done
        self.created: dict[str, dict[int, dict]] = defaultdict(dict)
        self.updated: dict[str, dict[int, tuple[dict, dict]]] = defaultdict(dict)
        self.deleted: dict[str, dict[int, dict]] = defaultdict(dict)
        self.keep: dict[tuple[str, int], str] = {}
        self.result = Undone()
        query = RosterChange.select().where(RosterChange.roster_import == done.id).order_by(RosterChange.position)
        for change in query:
            place = f"{done.public_id}:{change.position}"
            images = state.unseal("roster_change", "images", place, change.images)
            if change.action == "create":
                self.created[change.kind][change.row_id] = images["after"]
            elif change.action == "update":
                self.updated[change.kind][change.row_id] = images["before"], images["after"]
            else:
                self.deleted[change.kind][change.row_id] = images["before"]
        every = {kind: {*self.created[kind], *self.updated[kind], *self.deleted[kind]} for kind in _ORDER}
        self.present = {kind: read_images(MODELS[kind], rows) for kind, rows in every.items()}

    def foresee(self) -> Undone:
        """Decide what stays and what goes."""
        self._find_what_was_built()
        self._keep_what_it_needs()
        for kind, row in sorted(self.keep):
            if kind in _PEOPLE:
                self.result.kept.append((kind, _label(self.present[kind][row]), self.keep[kind, row]))
        for kind in _PEOPLE:
            for row, (before, _after) in self.updated[kind].items():
                now = self.present[kind].get(row)
                if now is not None and len(self._back(kind, row)) < len(before):
                    self.result.kept.append((kind, _label(now), "changed"))
            self.result.gone[kind] = len(self._going(kind))
        return self.result

    def run(self) -> Undone:
        """Decide, then delete, restore and put back."""
        self.foresee()
        for kind in _ORDER:
            self._delete(kind)
        for kind in reversed(_ORDER):
            self._restore(kind)
        self._put_links_back()
        return self.result

    # What stays

    def _find_what_was_built(self) -> None:
        for kind in _ORDER:
            rows = self.created[kind]
            for row, after in rows.items():
                now = self.present[kind].get(row)
                if now is not None and now != after:
                    self.keep[kind, row] = "account" if now.get("account") != after.get("account") else "changed"
            for row, references in find_references(kind, rows).items() if rows else ():
                for table, other in sorted(references, key=str):
                    own = OWN_TABLES.get(table)
                    if own is None or other not in self.created[own]:
                        self.keep.setdefault((kind, row), table)

    def _keep_what_it_needs(self) -> None:
        """A kept person keeps the family: the links, the pupils, their enrolments, the classes, what the file said."""
        near = defaultdict(set)
        pairs = {"guardianship": ("guardian", "student"), "enrolment": ("student", "classroom"), "classroom": ("year",)}
        for kind, columns in pairs.items():
            for row, after in self.created[kind].items():
                for column in columns:
                    if after[column] in self.created[column]:
                        near[kind, row].add((column, after[column]))
                        if column in ("guardian", "student") and kind != "classroom":
                            near[column, after[column]].add((kind, row))
        for row, after in self.created["roster_source"].items():
            for owner in _PEOPLE:
                if after[owner] in self.created[owner]:
                    near[owner, after[owner]].add(("roster_source", row))
                    near["roster_source", row].add((owner, after[owner]))
        waiting = list(self.keep)
        while waiting:
            here = waiting.pop()
            for other in near[here]:
                if other not in self.keep:
                    self.keep[other] = "family"
                    waiting.append(other)

    # What goes and what comes back

    def _going(self, kind: str) -> list[int]:
        """The rows that the import created and nothing holds."""
        return [row for row in self.created[kind] if (kind, row) not in self.keep and row in self.present[kind]]

    def _back(self, kind: str, row: int) -> dict[str, object]:
        """The columns of a changed row that still are as the import left them, with what they were before."""
        before, after = self.updated[kind][row]
        now = self.present[kind].get(row)
        return {name: before[name] for name in before if now[name] == after[name]} if now is not None else {}

    def _delete(self, kind: str) -> None:
        rows, model = self._going(kind), MODELS[kind]
        for some in batches(rows):
            model.delete().where(model.id.in_(some)).execute()
        for row in rows:
            self._record("delete", _EVENTS.get(kind), kind, self.created[kind][row])
        self.result.restored += len(rows)

    def _restore(self, kind: str) -> None:
        model = MODELS[kind]
        for row in self.updated[kind]:
            back = self._back(kind, row)
            if back:
                model.update(from_image(model, back)).where(model.id == row).execute()
                if "photo_rights" in back:
                    rights.forget_permissions(row, back["photo_rights"])
                self._record("update", f"{kind}_restored", kind, self.present[kind][row])
                self.result.restored += 1

    def _put_links_back(self) -> None:
        model = MODELS["guardianship"]
        for row, before in self.deleted["guardianship"].items():
            ends = [MODELS[end].get_or_none(MODELS[end].id == before[end]) for end in ("guardian", "student")]
            again = model.get_or_none((model.guardian == before["guardian"]) & (model.student == before["student"]))
            if not all(ends) or again is not None:
                continue
            values = from_image(model, before)
            if model.get_or_none(model.id == row) is None:
                values["id"] = row
            model.insert(values).execute()
            self._record("create", "guardianship_created", "guardianship", before)
            self.result.restored += 1

    def _record(self, operation: str, event: str | None, kind: str, image: dict) -> None:
        if kind == "roster_source":
            return
        room = self._public_id("classroom", image["classroom"]) if kind == "enrolment" else ""
        owner = {"enrolment": "student", "guardianship": "guardian"}.get(kind)
        object_id = self._public_id(owner, image[owner]) if owner else image.get("public_id") or image["name"]
        audit.record(
            self.actor, operation, event, kind=kind, object_id=object_id, classroom=room,
            classroom_id=image["classroom"] if room else None, tenant=self.state.academy.public_id,
            reason="import undone",
        )  # fmt: skip

    def _public_id(self, kind: str, row: int) -> str:
        for known in (self.created[kind], self.present[kind]):
            if row in known:
                return known[row]["public_id"]
        found = MODELS[kind].get_or_none(MODELS[kind].id == row)
        if found is not None:
            self.present[kind][row] = {"public_id": found.public_id}
        return found.public_id if found is not None else ""


def _label(image: dict) -> str:
    if "name" in image:
        return image["name"]
    return f"{image['usage_name'] or image['last_name']} {image['first_name']}".strip()
