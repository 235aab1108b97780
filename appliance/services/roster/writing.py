"""The rows of a plan, written in bulk: each one leaves its entry in the journal and its images for an undoing."""

from collections import defaultdict
from datetime import date

from appliance.core import clock
from appliance.core.ids import new_id
from appliance.school import keys
from appliance.school.models import Classroom, Enrolment, Guardian, Guardianship, Student
from appliance.services import audit
from appliance.services.media import rights
from appliance.services.people import children, places
from appliance.services.roster.difference import Plan, Step
from appliance.services.roster.images import MODELS, batches, full_row, insert_all, to_image
from appliance.services.roster.merging import CONTACT_FIELDS, contact_of
from appliance.services.roster.models import RosterImport, RosterSource
from appliance.services.roster.state import SOURCES


class Writer:
    """Writes one plan, inside the caller's transaction; `changes` is what an undoing needs, in order."""

    def __init__(self, actor, plan: Plan, done: RosterImport):
        self.actor, self.plan, self.state, self.done = actor, plan, plan.state, done
        self.changes: list[tuple[str, int, str, dict | None, dict | None]] = []
        self.ids: dict[tuple[str, object], int] = {}
        self.public_ids: dict[tuple[str, object], str] = {}
        self.touched: set[int] = set()
        for kind in ("classroom", "student", "guardian"):
            for row, known in getattr(self.state, f"{kind}s").items():
                self.ids[kind, row], self.public_ids[kind, row] = row, known.row.public_id

    def write(self) -> None:
        """Everything, those first that others refer to."""
        steps = defaultdict(list)
        for step in self.plan.steps:
            steps[step.table, step.action].append(step)
        self._create_classrooms(steps["classroom", "create"])
        self._create_students(steps["student", "create"])
        self._create_guardians(steps["guardian", "create"])
        for table in ("classroom", "student", "guardian"):
            for step in steps[table, "update"]:
                getattr(self, f"_update_{table}")(step)
        for step in steps["enrolment", "leave"] + steps["enrolment", "return"]:
            self._change_enrolment(step)
        self._create_enrolments(steps["enrolment", "create"])
        for step in steps["guardianship", "delete"]:
            self._delete_link(step)
        for step in steps["guardianship", "update"]:
            self._update_link(step)
        self._create_links(steps["guardianship", "create"])
        self._say(steps["roster_source", "say"])
        for classroom_id in sorted(self.touched):
            audit.bump(f"class:{classroom_id}")

    def note_created(self, kind: str, row_id: int, row: object) -> None:
        """Remember a row that this import created."""
        model = MODELS[kind]
        if isinstance(row, model):
            row = {name: getattr(row, name) for name in model._meta.fields if name != "id"}
        self.changes.append((kind, row_id, "create", None, to_image(model, row)))

    def _note_updated(self, kind: str, row_id: int, before: dict, after: dict) -> None:
        model = MODELS[kind]
        self.changes.append((kind, row_id, "update", to_image(model, before), to_image(model, after)))

    def _record(
        self, operation: str, event: str, kind: str, object_id: str, *, room: int | None = None, reason: str = ""
    ) -> None:
        """One entry; the pages of a class are made stale once, at the end."""
        classroom = self.public_ids["classroom", room] if room is not None else ""
        audit.record(
            self.actor, operation, event, kind=kind, object_id=object_id, classroom=classroom,
            tenant=self.state.academy.public_id if kind == "classroom" else "", reason=reason,
        )  # fmt: skip
        if room is not None:
            self.touched.add(room)

    # New rows

    def _insert(self, kind: str, rows: dict[object, dict]) -> None:
        """Insert rows that have a public id, by the key that others name them with."""
        model = MODELS[kind]
        insert_all(model, list(rows.values()))
        keys_by_id = {row["public_id"]: key for key, row in rows.items()}
        for some in batches(sorted(keys_by_id)):
            for row_id, public_id in model.select(model.id, model.public_id).where(model.public_id.in_(some)).tuples():
                key = keys_by_id[public_id]
                self.ids[kind, key], self.public_ids[kind, key] = row_id, public_id
        for key, row in rows.items():
            self.note_created(kind, self.ids[kind, key], row)
            if kind == "classroom":
                self.public_ids[kind, self.ids[kind, key]] = row["public_id"]

    def _create_classrooms(self, steps: list[Step]) -> None:
        rows = {}
        for step in steps:
            public_id = new_id()
            rows[step.ref] = full_row(
                Classroom,
                public_id=public_id,
                school=self.state.school,
                year=self.state.year,
                join_code=places.new_join_code(),
                wrapped_key=keys.new_classroom_key(self.state.academy, public_id),
                **step.values,
            )
        self._insert("classroom", rows)
        for key in rows:
            room = self.ids["classroom", key]
            self._record("create", "classroom_created", "classroom", self.public_ids["classroom", key], room=room)

    def _create_students(self, steps: list[Step]) -> None:
        rows = {step.ref: full_row(Student, school=self.state.school, **_typed(step.values)) for step in steps}
        self._insert("student", rows)
        for key in rows:
            self._record("create", "student_created", "student", self.public_ids["student", key])

    def _create_guardians(self, steps: list[Step]) -> None:
        rows = {}
        for step in steps:
            names = {name: value for name, value in step.values.items() if name not in CONTACT_FIELDS}
            row = full_row(Guardian, school=self.state.school, **names)
            contact = contact_of(step.values)
            if any(step.values.get(name) for name in CONTACT_FIELDS):
                guardian = Guardian(public_id=row["public_id"], school=self.state.school)
                row["contact"] = children.seal_contact(guardian, contact)
            rows[step.ref] = row
        self._insert("guardian", rows)
        for key in rows:
            self._record("create", "guardian_created", "guardian", self.public_ids["guardian", key])

    def _create_enrolments(self, steps: list[Step]) -> None:
        rows = {}
        for step in steps:
            student, room = self.ids["student", step.ref[0]], self.ids["classroom", step.ref[1]]
            rows[student, room] = full_row(Enrolment, student=student, classroom=room)
            public_id = self.public_ids["student", step.ref[0]]
            self._record("create", "student_enrolled", "enrolment", public_id, room=room)
        self._insert_pairs("enrolment", rows, Enrolment.student, Enrolment.classroom)

    def _create_links(self, steps: list[Step]) -> None:
        rows = {}
        for step in steps:
            guardian, student = self.ids["guardian", step.ref[0]], self.ids["student", step.ref[1]]
            rows[guardian, student] = full_row(Guardianship, guardian=guardian, student=student, **step.values)
            public_id = self.public_ids["guardian", step.ref[0]]
            reason = str(step.values["authority"])
            self._record("create", "guardianship_created", "guardianship", public_id, reason=reason)
        self._insert_pairs("guardianship", rows, Guardianship.guardian, Guardianship.student)

    def _insert_pairs(self, kind: str, rows: dict[tuple[int, int], dict], first, second) -> None:
        model = MODELS[kind]
        insert_all(model, list(rows.values()))
        for some in batches(sorted({pair[0] for pair in rows})):
            for row_id, one, other in model.select(model.id, first, second).where(first.in_(some)).tuples():
                if (one, other) in rows:
                    self.note_created(kind, row_id, rows[one, other])

    # Rows that change

    def _update(self, kind: str, row_id: int, before: dict, after: dict) -> None:
        model = MODELS[kind]
        model.update(after).where(model.id == row_id).execute()
        self._note_updated(kind, row_id, before, after)

    def _update_classroom(self, step: Step) -> None:
        row = self.state.classrooms[step.ref].row
        self._update("classroom", step.ref, {name: getattr(row, name) for name in step.values}, dict(step.values))
        self._record("update", "classroom_updated", "classroom", row.public_id, room=step.ref)

    def _update_student(self, step: Step) -> None:
        row, after = self.state.students[step.ref].row, _typed(step.values)
        self._update("student", step.ref, {name: getattr(row, name) for name in after}, after)
        if "photo_rights" in after:
            rights.forget_permissions(step.ref, after["photo_rights"])
        event = "photo_rights_changed" if set(after) == {"photo_rights"} else "student_updated"
        self._record("update", event, "student", row.public_id, reason=str(after.get("photo_rights", "")))
        self.touched |= self.state.classes_of.get(step.ref, set())

    def _update_guardian(self, step: Step) -> None:
        row = self.state.guardians[step.ref].row
        after = {name: value for name, value in step.values.items() if name not in CONTACT_FIELDS}
        if len(after) < len(step.values):
            details = {**self.state.contact(step.ref), **step.values}
            after["contact"] = children.seal_contact(self.state.as_guardian(row), contact_of(details))
        self._update("guardian", step.ref, {name: getattr(row, name) for name in after}, after)
        self._record("update", "guardian_updated", "guardian", row.public_id)

    def _change_enrolment(self, step: Step) -> None:
        row = self.state.enrolments[step.ref]
        left_on = clock.today() if step.action == "leave" else None
        self._update("enrolment", row.id, {"left_on": row.left_on}, {"left_on": left_on})
        operation, event = ("update", "student_left") if left_on else ("create", "student_enrolled")
        self._record(operation, event, "enrolment", self.public_ids["student", step.ref[0]], room=step.ref[1])

    def _update_link(self, step: Step) -> None:
        row = next(row for row in self.state.links.values() if row.id == step.ref)
        before = {"authority": row.authority, "changed_at": row.changed_at}
        self._update("guardianship", row.id, before, {**step.values, "changed_at": clock.now()})
        public_id = self.public_ids["guardian", row.guardian_id]
        reason = str(step.values["authority"])
        self._record("update", "guardianship_authority_changed", "guardianship", public_id, reason=reason)

    def _delete_link(self, step: Step) -> None:
        row = next(row for row in self.state.links.values() if row.id == step.ref)
        before = {
            name: getattr(row, item.column_name) for name, item in Guardianship._meta.fields.items() if name != "id"
        }
        self.changes.append(("guardianship", row.id, "delete", to_image(Guardianship, before), None))
        Guardianship.delete().where(Guardianship.id == row.id).execute()
        public_id = self.public_ids["guardian", row.guardian_id]
        self._record("delete", "guardianship_deleted", "guardianship", public_id, reason=row.authority)

    # What the file said

    def _say(self, steps: list[Step]) -> None:
        present = self._present_sources()
        new: dict[str, dict[int, dict]] = defaultdict(dict)
        for step in steps:
            kind, ref = step.ref
            owner, public_id = self.ids[kind, ref], self.public_ids[kind, ref]
            said = dict(step.values)
            if "links" in said:
                said["links"] = {
                    self.public_ids.get(("student", child), child): authority
                    for child, authority in said["links"].items()
                }
            sealed = self.state.seal("roster_source", kind, public_id, said)
            if (kind, owner) in present:
                row_id, before = present[kind, owner]
                self._update("roster_source", row_id, {"said": before}, {"said": sealed})
            else:
                new[kind][owner] = full_row(RosterSource, said=sealed, **{kind: owner})
        for kind, rows in new.items():
            insert_all(RosterSource, list(rows.values()))
            column = SOURCES[kind]
            for some in batches(sorted(rows)):
                for row_id, owner in RosterSource.select(RosterSource.id, column).where(column.in_(some)).tuples():
                    self.note_created("roster_source", row_id, rows[owner])

    def _present_sources(self) -> dict[tuple[str, int], tuple[int, bytes]]:
        found = {}
        for kind, column in SOURCES.items():
            known = [row for row, each in getattr(self.state, f"{kind}s").items() if each.said is not None]
            for some in batches(sorted(known)):
                query = RosterSource.select(RosterSource.id, column, RosterSource.said).where(column.in_(some)).tuples()
                found |= {(kind, owner): (row_id, said) for row_id, owner, said in query}
        return found


def _typed(values) -> dict[str, object]:
    """The values of a file as the columns take them."""
    born = values.get("born_on")
    return {**values, "born_on": date.fromisoformat(born)} if born else dict(values)
