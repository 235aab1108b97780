"""A difference as lines of text, for the command: a table of counts, then who and what, then what is left to people."""

from collections.abc import Iterator

from appliance.core import clock
from appliance.core.i18n import _, ngettext
from appliance.services.roster import saying
from appliance.services.roster.difference import KINDS, Plan
from appliance.services.roster.problems import ERROR

_MOST = 25  # lines of one list on a terminal, but for what someone must settle; the browser shows them all
_STATES = ("new", "changed", "left", "kept", "ambiguous", "held_back", "unchanged")


def difference_lines(plan: Plan) -> Iterator[str]:
    """The whole difference."""
    yield _("École : %(school)s · année %(year)s", school=plan.state.school.name, year=plan.state.year_name)
    yield from _table(plan)
    for title, state in (
        (_("Nouveaux"), "new"), (_("Ce qui change"), "changed"), (_("Ne sont plus dans le fichier"), "left"),
    ):  # fmt: skip
        for kind in KINDS:
            # The line of a new guardian names the children already: such a link tells nothing more.
            told = [each for each in plan.select(state, kind) if each.fields or (state, kind) != ("new", "link")]
            yield from _list(f"{title} · {saying.KINDS[kind]}", [_line(each) for each in told])
    if plan.looks_like_next_year:
        yield ""
        yield saying.next_year(plan.state.year_name)
    yield from _list(_("Décidé par l’école, gardé contre le fichier"), [_line(each) for each in plan.select("kept")])
    doubts = [_doubt(plan, doubt) for doubt in plan.doubts]
    yield from _list(_("À décider par quelqu’un ; laissés de côté"), doubts, len(doubts))
    if not plan.roster.is_complete:
        yield ""
        yield _("Des lignes n’ont pas été comprises : personne n’est déclaré parti à cause de ce fichier.")
    held_back = sum(each.severity == ERROR for each in plan.roster.problems)
    remarks = [_problem(each) for each in plan.roster.problems]
    yield from _list(_("Remarques sur les fichiers"), remarks, max(held_back, _MOST))
    yield from _list(
        _("Enseignants du fichier ; aucun compte n’est ouvert"), [_teacher(each) for each in plan.teachers]
    )
    yield ""


def outcome_line(plan: Plan, done, dry_run: bool) -> str:
    """What became of it."""
    if done is not None:
        return _("Appliqué. Pour revenir en arrière : preau import undo %(id)s", id=done.public_id)
    if plan.changes_nothing:
        return _("Rien à changer : la base dit déjà ce que dit le fichier.")
    return _("Rien n’a été écrit : c’était un essai.") if dry_run else _("Rien n’a été écrit.")


def undone_lines(result) -> Iterator[str]:
    """What an undoing did and what it kept."""
    yield ngettext("%(num)s ligne remise comme avant.", "%(num)s lignes remises comme avant.", result.restored)
    kept = [f"{saying.PEOPLE[kind]} {name} : {saying.why_kept(reason)}" for kind, name, reason in result.kept]
    yield from _list(_("Gardés, parce que quelque chose y tient depuis"), kept)


def history_lines(rows) -> Iterator[str]:
    """The imports, one a line."""
    words = {"pending": _("en attente"), "applied": _("appliqué"), "undone": _("annulé")}
    for row in rows:
        at = clock.local(row.applied_at or row.created_at).strftime("%d/%m/%Y %H:%M")
        yield f"{row.public_id}  {at}  {words.get(row.status, row.status):<10}  {row.school.name}"
    if not rows:
        yield _("Aucun import.")


def _table(plan: Plan) -> Iterator[str]:
    titles = (
        _("nouveaux"), _("changés"), _("partis"), _("gardés"), _("ambigus"), _("de côté"), _("inchangés"),
    )  # fmt: skip
    widths = [max(9, len(title)) for title in titles]
    yield " " * 14 + "  ".join(title.rjust(width) for title, width in zip(titles, widths, strict=True))
    tally = plan.tally()
    for kind in KINDS:
        numbers = (str(tally[kind][state] or "·") for state in _STATES)
        cells = "  ".join(number.rjust(width) for number, width in zip(numbers, widths, strict=True))
        yield f"{str(saying.KINDS[kind]):<14}{cells}"


def _list(title: str, lines: list[str], most: int = _MOST) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title} ({len(lines)})"
    for line in lines[:most]:
        yield f"  {line}"
    if len(lines) > most:
        yield "  " + ngettext("… et %(num)s autre", "… et %(num)s autres", len(lines) - most)


def _line(each) -> str:
    words = saying.kept if each.state == "kept" else saying.change
    return " · ".join(filter(None, (each.name, each.place, "; ".join(words(*field) for field in each.fields))))


def _doubt(plan: Plan, doubt) -> str:
    known = [plan.state.of_kind(doubt.kind)[row].row for row in doubt.candidates]
    who = ", ".join(f"{each.public_id} = {candidate_name(each)}" for each in known)
    where = _("ligne %(line)s", line=doubt.line) if doubt.line else ""
    parts = (doubt.name, doubt.place, where, str(saying.DOUBTS[doubt.reason]))
    return " · ".join(filter(None, parts)) + f" [{doubt.id} → {who}]"


def candidate_name(row) -> str:
    """A class, a pupil or a guardian of the database, as a choice shows them."""
    if hasattr(row, "name"):
        return row.name
    born = saying.value("born_on", row.born_on) if getattr(row, "born_on", None) else ""
    return " ".join(filter(None, (row.usage_name or row.last_name, row.first_name, born)))


def _problem(problem) -> str:
    where = _("ligne %(line)s", line=problem.line) if problem.line else ""
    return " · ".join(filter(None, (problem.file, where, problem.message)))


def _teacher(teacher) -> str:
    known = _("déjà dans l’école") if teacher.known else _("à inviter")
    return " · ".join(filter(None, (teacher.name, ", ".join(teacher.classes), known)))
