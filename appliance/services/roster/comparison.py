"""From matches to differences: each class, pupil, guardian and link of the file, then who is no longer in it."""

from collections import defaultdict

from appliance.services.roster.difference import Difference, Plan, Step, shown_name
from appliance.services.roster.identity import Matches
from appliance.services.roster.matching import class_key
from appliance.services.roster.merging import (
    GUARDIAN_FIELDS,
    PUPIL_FIELDS,
    as_said,
    guardian_values,
    merge,
    plain,
    pupil_values,
)
from appliance.services.roster.records import LEGAL, Roster
from appliance.services.roster.state import State
from appliance.services.roster.teaching import list_teachers

LEVEL_CHARS = 50


class Comparison:
    """One comparison: gathers differences kind by kind, in the order in which they are shown and written."""

    def __init__(self, state: State, roster: Roster, classes: Matches, pupils: Matches, guardians: Matches):
        self.state, self.roster = state, roster
        self.classes, self.pupils, self.guardians = classes, pupils, guardians
        self.found: list[Difference] = []
        self.places = {f"{state.year_name}|{one.key}" for one in roster.classes if one.key not in classes.doubts}
        self.room_of_place = {
            f"{state.year_name}|{known.said['key']}": row for row, known in state.classrooms.items() if known.said
        }
        self.pupil_by_key = {pupil.key: pupil for pupil in roster.pupils}

    def plan(self) -> Plan:
        """The whole difference."""
        for one in self.roster.classes:
            self._compare_class(one)
        for pupil in self.roster.pupils:
            if pupil.key in self.pupils.new:
                self._add_pupil(pupil)
            elif pupil.key in self.pupils.found:
                self._compare_pupil(pupil, self.pupils.found[pupil.key])
        if self.roster.is_complete:
            self._find_leavers()
        self._compare_guardians()
        every = (self.classes, self.pupils, self.guardians)
        doubts = tuple(doubt for matches in every for doubt in matches.doubts.values())
        asked = tuple(doubt for matches in every for doubt in matches.asked.values())
        held_pupils = sum(pupil.class_key in self.classes.doubts for pupil in self.roster.pupils)
        held_links = sum(not self._is_settled(link) for link in self.roster.links)
        teachers = list_teachers(self.state, self.roster)
        return Plan(self.state, self.roster, tuple(self.found), doubts, asked, teachers, held_links, held_pupils)

    # Classes

    def _compare_class(self, one) -> None:
        level = ", ".join(one.levels)[:LEVEL_CHARS]
        file = {"level": level} if level else {}
        if one.key in self.classes.new:
            values = {"name": plain(one.name) or one.name, "level": level}
            steps = (
                Step("classroom", "create", one.key, values),
                self._say("classroom", one.key, {"key": one.key, **file}),
            )
            self._note("class", "new", one.name, level, (), steps)
        elif one.key in self.classes.found:
            row = self.classes.found[one.key]
            known = self.state.classrooms[row]
            ours = {"name": known.row.name, "level": known.row.level}
            merged = merge(ours, file, known.said)
            if known.said and class_key(known.row.name) == known.said["key"] != one.key:
                merged.changes["name"] = plain(one.name) or one.name  # renamed by the file, never by the school
            steps = [Step("classroom", "update", row, merged.changes)] if merged.changes else []
            self._write("class", known.row.name, "", ours, merged, steps, row, known, {"key": one.key})

    # Pupils

    def _add_pupil(self, pupil) -> None:
        values = pupil_values(pupil)
        said = {**values, "class": self._place(pupil)}
        steps = (
            Step("student", "create", pupil.key, values),
            self._enrol(pupil.key, pupil.class_key),
            self._say("student", pupil.key, said),
        )
        self._note("pupil", "new", shown_name(pupil), pupil.class_name, (), steps)

    def _compare_pupil(self, pupil, row: int) -> None:
        known = self.state.students[row]
        ours = {name: getattr(known.row, name) for name in PUPIL_FIELDS}
        merged = merge(ours, pupil_values(pupil), known.said)
        steps = [Step("student", "update", row, merged.changes)] if merged.changes else []
        moved, kept = self._move(pupil, row, known)
        steps += moved
        left = [step.ref[1] for step in moved if step.action == "leave"]
        fields = [("class", self._class_names(left), pupil.class_name)] if moved else []
        if kept:
            merged.kept["class"] = self._class_names(self.state.classes_of.get(row, ())), pupil.class_name
        self._write(
            "pupil",
            shown_name(pupil),
            pupil.class_name,
            ours,
            merged,
            steps,
            row,
            known,
            {"class": self._place(pupil)},
            fields,
        )

    def _move(self, pupil, row: int, known) -> tuple[list[Step], bool]:
        """(steps that put the pupil in the file's class, whether the staff's own move is kept against the file)."""
        target = self.classes.found.get(pupil.class_key)
        present = self.state.classes_of.get(row, set())
        place = known.said and known.said.get("class")
        if place == self._place(pupil):
            return [], target not in present
        # Also the class where the last file put the pupil, though this one does not hold it.
        followed = {*self.classes.found.values(), self.room_of_place.get(place)} - {target}
        steps = [Step("enrolment", "leave", (row, room)) for room in sorted(present & followed)]
        if target not in present:
            steps.append(self._enrol(row, pupil.class_key))
        return steps, False

    def _enrol(self, student, key: str) -> Step:
        room = self.classes.found.get(key, key)
        action = "return" if (student, room) in self.state.enrolments else "create"
        return Step("enrolment", action, (student, room))

    def _find_leavers(self) -> None:
        inside = set(self.classes.found.values())
        undecided = self.pupils.taken | self.pupils.suspected
        for row, known in sorted(self.state.students.items()):
            if row in undecided:
                continue
            rooms = sorted(self.state.classes_of.get(row, set()) & inside)
            steps = [Step("enrolment", "leave", (row, room)) for room in rooms]
            # Also of who had left by hand: a later file that names them again says something new.
            if known.said and known.said.get("class") in self.places:
                steps.append(self._say("student", row, {**known.said, "class": ""}))
            if steps:
                state = "left" if rooms else "silent"
                self._note("pupil", state, shown_name(known.row), self._class_names(rooms), (), tuple(steps))

    # Guardians and links

    def _compare_guardians(self) -> None:
        listed = defaultdict(dict)
        unsettled = set()
        for link in self.roster.links:
            student = self.pupils.found.get(link.pupil)
            if student is not None or link.pupil in self.pupils.new:
                listed[link.guardian][student or link.pupil] = link
            if link.guardian in self.guardians.doubts:
                unsettled.add(student)
        # A pupil for whom the file lists nobody, or somebody doubtful, proves nothing about the guardians there were.
        self.proven = {self.pupils.found.get(link.pupil) for link in self.roster.links} - unsettled
        self.in_file = {(row, ref) for key, row in self.guardians.found.items() for ref in listed[key]}
        for guardian in self.roster.guardians:
            if guardian.key in self.guardians.new:
                self._add_guardian(guardian, listed[guardian.key])
            elif guardian.key in self.guardians.found:
                self._compare_guardian(guardian, self.guardians.found[guardian.key], listed[guardian.key])
        if self.roster.is_complete:
            self._find_lost_links()

    def _add_guardian(self, guardian, links: dict) -> None:
        values = guardian_values(guardian)
        said = {
            **values,
            "key": guardian.key,
            "links": {self._pupil_id(ref): link.authority for ref, link in links.items()},
        }
        steps = (Step("guardian", "create", guardian.key, values), self._say("guardian", guardian.key, said))
        self._note("guardian", "new", shown_name(guardian), self._children(links), (), steps)
        for ref, link in links.items():
            self._add_link(guardian, guardian.key, ref, link)

    def _add_link(self, guardian, owner, ref, link) -> None:
        step = Step("guardianship", "create", (owner, ref), {"authority": link.authority})
        # Told apart from the line of a new guardian, which names the children already.
        told = (("link", "", link.authority),) if isinstance(owner, int) or link.authority != LEGAL else ()
        self._note("link", "new", shown_name(guardian), self._child(link), told, (step,))

    def _compare_guardian(self, guardian, row: int, links: dict) -> None:
        known = self.state.guardians[row]
        ours = {name: getattr(known.row, name) for name in GUARDIAN_FIELDS} | self.state.contact(row)
        merged = merge(ours, guardian_values(guardian), known.said)
        steps = [Step("guardian", "update", row, merged.changes)] if merged.changes else []
        before = dict(known.said.get("links", {})) if known.said else {}
        for ref, link in links.items():
            self._compare_link(guardian, row, ref, link, before)
        here = {self._pupil_id(ref): link.authority for ref, link in links.items()}
        gone = {self._pupil_id(child) for child in self._lost(row)}
        all_links = {child: authority for child, authority in before.items() if child not in gone} | here
        said = {"key": guardian.key, "links": all_links}
        self._write("guardian", shown_name(guardian), self._children(links), ours, merged, steps, row, known, said)

    def _compare_link(self, guardian, row: int, ref, link, before: dict) -> None:
        existing = self.state.links.get((row, ref))
        earlier = before.get(self._pupil_id(ref))
        if existing is None:
            if earlier:  # the staff took this link away; the file has not changed its mind since
                self._note("link", "kept", shown_name(guardian), self._child(link), (("link", "", link.authority),))
            else:
                self._add_link(guardian, row, ref, link)
            return
        if existing.authority == link.authority:
            return
        decided = existing.authority == "withdrawn" or existing.document_reference
        field = ("authority", existing.authority, link.authority)
        if not decided and earlier and earlier != link.authority:
            step = Step("guardianship", "update", existing.id, {"authority": link.authority})
            self._note("link", "changed", shown_name(guardian), self._child(link), (field,), (step,))
        else:
            self._note("link", "kept", shown_name(guardian), self._child(link), (field,))

    def _lost(self, row: int) -> list[int]:
        """The pupils whom the last file gave this guardian, and this one no longer does."""
        known = self.state.guardians[row]
        if not (known.said and self.roster.is_complete) or row in self.guardians.suspected:
            return []
        return [
            student
            for student in sorted(self.state.children_of.get(row, ()))
            if student in self.proven
            and (row, student) not in self.in_file
            and self._pupil_id(student) in known.said["links"]
        ]

    def _find_lost_links(self) -> None:
        for row, known in sorted(self.state.guardians.items()):
            lost = self._lost(row)
            for student in lost:
                self._lose_link(row, known, student)
            if lost and row not in self.guardians.taken:
                gone = {self._pupil_id(student) for student in lost}
                links = {child: said for child, said in known.said["links"].items() if child not in gone}
                say = self._say("guardian", row, {**known.said, "links": links})
                self._note("guardian", "silent", shown_name(known.row), "", (), (say,))

    def _lose_link(self, row: int, known, student: int) -> None:
        existing, child = self.state.links[row, student], self.state.students[student].row
        # What the school decided would be forgotten with the link, and come back as the file says.
        if existing.document_reference or existing.authority != known.said["links"][child.public_id]:
            field = ("link", existing.authority, "")
            self._note("link", "kept", shown_name(known.row), shown_name(child), (field,))
            return
        self._note(
            "link", "left", shown_name(known.row), shown_name(child), (), (Step("guardianship", "delete", existing.id),)
        )

    # What all kinds share

    def _write(self, kind, name, place, ours, merged, steps, row, known, said, fields=()) -> None:
        """Note what changes in a row, what the school keeps, and what the file said if that is news."""
        table = {"class": "classroom", "pupil": "student", "guardian": "guardian"}[kind]
        said = {**merged.said, **said}
        if said != known.said:
            steps = [*steps, self._say(table, row, said)]
        fields = [
            *fields,
            *((column, as_said(column, ours.get(column)), value) for column, value in merged.changes.items()),
        ]
        if fields or steps:
            self._note(kind, "changed" if fields else "silent", name, place, tuple(fields), tuple(steps))
        if merged.kept:
            kept = tuple((column, mine, theirs) for column, (mine, theirs) in merged.kept.items())
            self._note(kind, "kept", name, place, kept)

    def _note(self, kind, state, name, place="", fields=(), steps=()) -> None:
        self.found.append(Difference(kind, state, name, place, tuple(fields), tuple(steps)))

    def _say(self, table: str, ref, said: dict) -> Step:
        return Step("roster_source", "say", (table, ref), said)

    def _place(self, pupil) -> str:
        return f"{self.state.year_name}|{pupil.class_key}"

    def _pupil_id(self, ref) -> str:
        """How a guardian's source names a pupil: by public id, or by the key of one who is being added."""
        return self.state.students[ref].row.public_id if isinstance(ref, int) else ref

    def _class_names(self, rooms) -> str:
        return ", ".join(self.state.classrooms[room].row.name for room in sorted(rooms))

    def _child(self, link) -> str:
        pupil = self.pupil_by_key[link.pupil]
        return f"{shown_name(pupil)} ({pupil.class_name})"

    def _children(self, links: dict) -> str:
        return ", ".join(self._child(link) for link in links.values())

    def _is_settled(self, link) -> bool:
        people = ((self.guardians, link.guardian), (self.pupils, link.pupil))
        return all(key in matches.found or key in matches.new for matches, key in people)
