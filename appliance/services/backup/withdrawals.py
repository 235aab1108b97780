"""What was taken away stays taken away after a restore: image rights, a guardian's authority, an account.

A decision of justice or a family's refusal must not be undone because a disk died the day after.
"""

from appliance.core import clock
from appliance.school.models import Account, Guardian, Guardianship, Student
from appliance.services.backup import ledger
from appliance.services.media import rights

_OF = ":"  # guardian:student


def _refused_rights() -> list[str]:
    return [row[0] for row in Student.select(Student.public_id).where(Student.photo_rights == "no").tuples()]


def _refuse_rights(ids: list[str]) -> None:
    for student in Student.select(Student.id).where(Student.public_id.in_(ids) & (Student.photo_rights != "no")):
        Student.update(photo_rights="no").where(Student.id == student.id).execute()
        rights.forget_permissions(student.id, "no")


def _withdrawn_authority() -> list[str]:
    rows = (
        Guardianship.select(Guardian.public_id, Student.public_id, Guardianship.document_reference)
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .join_from(Guardianship, Student, on=Guardianship.student == Student.id)
        .where(Guardianship.authority == "withdrawn")
    )
    return [_OF.join(row) for row in rows.tuples()]


def _withdraw_authority(ids: list[str]) -> None:
    for each in ids:
        guardian, student, reference = each.split(_OF, 2)
        of_both = (Guardianship.guardian == Guardian.select(Guardian.id).where(Guardian.public_id == guardian)) & (
            Guardianship.student == Student.select(Student.id).where(Student.public_id == student)
        )
        Guardianship.update(authority="withdrawn", document_reference=reference, changed_at=clock.now()).where(
            of_both & (Guardianship.authority != "withdrawn")
        ).execute()


def _closed_accounts() -> list[str]:
    return [row[0] for row in Account.select(Account.public_id).where(Account.disabled_at.is_null(False)).tuples()]


def _close_accounts(ids: list[str]) -> None:
    Account.update(disabled_at=clock.now()).where(Account.public_id.in_(ids) & Account.disabled_at.is_null()).execute()


ledger.register("photo_rights", _refused_rights, _refuse_rights, may_return=True)
ledger.register("authority", _withdrawn_authority, _withdraw_authority, may_return=True)
ledger.register("account", _closed_accounts, _close_accounts, may_return=True)
