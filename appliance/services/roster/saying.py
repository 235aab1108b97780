"""The words for a difference: fields, values, doubts, what an undoing keeps; for the screen and the command alike."""

from datetime import date

from babel import dates

from appliance.core.i18n import _, current, lazy_

FIELDS = {
    "name": lazy_("nom"),
    "last_name": lazy_("nom"),
    "first_name": lazy_("prénom"),
    "usage_name": lazy_("nom d’usage"),
    "born_on": lazy_("date de naissance"),
    "gender": lazy_("sexe"),
    "photo_rights": lazy_("droit à l’image"),
    "class": lazy_("classe"),
    "level": lazy_("niveau"),
    "civility": lazy_("civilité"),
    "address": lazy_("adresse"),
    "postal_code": lazy_("code postal"),
    "city": lazy_("commune"),
    "country": lazy_("pays"),
    "email": lazy_("courriel"),
    "phone_home": lazy_("téléphone du domicile"),
    "phone_work": lazy_("téléphone du travail"),
    "phone_mobile": lazy_("téléphone portable"),
    "authority": lazy_("autorité"),
    "link": lazy_("lien"),
}
_AUTHORITIES = {
    "legal": lazy_("autorité parentale"),
    "contact": lazy_("contact seulement"),
    "withdrawn": lazy_("autorité retirée"),
}
_VALUES = {
    "photo_rights": {"yes": lazy_("oui"), "no": lazy_("non"), "unknown": lazy_("inconnu")},
    "gender": {"F": lazy_("fille"), "M": lazy_("garçon")},
    "authority": _AUTHORITIES,
    "link": _AUTHORITIES,
}
KINDS = {
    "class": lazy_("Classes"),
    "pupil": lazy_("Élèves"),
    "guardian": lazy_("Responsables"),
    "link": lazy_("Liens"),
}
DOUBTS = {
    "several_classes": lazy_("plusieurs classes peuvent être celle-ci"),
    "renamed_class": lazy_(
        "la plupart de ses élèves étaient dans une classe absente du fichier : a-t-elle changé de nom ?"
    ),
    "namesakes": lazy_("quelqu’un porte déjà ce nom : est-ce la même personne ?"),
    "renamed": lazy_("quelqu’un de proche n’est plus dans le fichier : a-t-il changé de nom ?"),
}
KEPT = {
    "changed": lazy_("modifié depuis"),
    "account": lazy_("un compte y est rattaché"),
    "family": lazy_("tient à quelqu’un qui est gardé"),
    "invitation": lazy_("une lettre d’invitation a été imprimée"),
    "membership": lazy_("des enseignants y ont été ajoutés"),
    "post": lazy_("des publications y ont été écrites"),
    "post_target": lazy_("une publication lui est adressée"),
    "pupil_group": lazy_("un groupe y a été fait"),
    "group_student": lazy_("il est dans un groupe"),
    "enrolment": lazy_("des élèves y ont été ajoutés"),
    "guardianship": lazy_("un lien y a été ajouté"),
    "join_request": lazy_("quelqu’un a demandé à rejoindre la classe"),
    "media": lazy_("des fichiers y ont été déposés"),
}
_OTHERWISE = lazy_("quelque chose y a été rattaché")
PEOPLE = {"classroom": lazy_("classe"), "student": lazy_("élève"), "guardian": lazy_("responsable")}


def field_name(field: str) -> str:
    """The name of a column as people say it."""
    return str(FIELDS.get(field, field))


def value(field: str, raw: object) -> str:
    """A value as people write it; a dash where there is none."""
    if raw in (None, ""):
        return "—"
    if field == "born_on":
        day = raw if isinstance(raw, date) else date.fromisoformat(str(raw))
        return dates.format_date(day, "dd/MM/yyyy", locale=current())
    return str(_VALUES.get(field, {}).get(raw, raw))


def change(field: str, before: object, after: object) -> str:
    """« nom : Martin → Durand »."""
    return _(
        "%(field)s : %(before)s → %(after)s",
        field=field_name(field),
        before=value(field, before),
        after=value(field, after),
    )


def kept(field: str, mine: object, theirs: object) -> str:
    """What the school decided, beside what the file says."""
    return _(
        "%(field)s : l’école a « %(mine)s », le fichier « %(theirs)s »",
        field=field_name(field), mine=value(field, mine), theirs=value(field, theirs),
    )  # fmt: skip


def next_year(present: str) -> str:
    """What becomes of a list of the year to come that is applied too early."""
    return _(
        "La plupart des élèves changeraient de classe dans l’année %(year)s, en cours\u202f: leurs familles ne "
        "verraient plus la classe où ils sont. Une liste de l’année suivante s’importe à partir du 1er août\u202f: ses "
        "classes s’ajoutent alors à celles-ci.",
        year=present,
    )


def why_kept(reason: str) -> str:
    """Why an undoing left something in place."""
    return str(KEPT.get(reason, _OTHERWISE))
