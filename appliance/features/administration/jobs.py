"""What looks after the files and the service by itself, a little at each tick, and what the journal's page asks for."""

from appliance.features.administration.models import JournalCheck
from appliance.services import audit, work
from appliance.services.health import checks, keeping
from appliance.services.media import scrub

JOURNAL = "journal"


def compare_files() -> int:
    """Read some files again and compare them with what was written; once a day, count them."""
    return scrub.run()


def look_after_health() -> bool:
    """Look at what is cheap every few minutes, and write to the administrators when something is wrong."""
    return keeping.look_if_due()


def verify_journal(_subject: str, lease) -> None:
    """The task: recompute the journal's chain and tree, and keep the result; the verification is in the journal too."""
    size, root = audit.root()
    problems = audit.verify()
    with lease.finish():
        made = JournalCheck.create(size=size, root=root, problems=len(problems))
        audit.record(None, "system", "journal_verified", kind="journal", reason=f"{len(problems)} problems")
        facts = {"looked_at": made.at.isoformat(timespec="seconds")}
        level, wording = (checks.PROBLEM, "broken") if problems else (checks.OK, "ok")
        keeping.save([checks.Check("journal", level, wording, facts)])


work.register(JOURNAL, verify_journal)
