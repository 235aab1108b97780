"""The titles of ONDE and Base-Élèves columns, in every spelling met; compared as `header_key` writes them."""

import re

from appliance.services.roster.problems import Problems, RosterRefused
from appliance.services.roster.tables import Table

# First match wins: « Libellé classe » is what people say, « Identifiant classe » a number.
PUPIL = {
    "last_name": "nomeleve nomdefamilleeleve nomdefamilledeleleve nomdeleleve nomdefamille nomdenaissance nom".split(),
    "usage_name": "nomdusageeleve nomusageeleve nomdusagedeleleve nomdusage nomusage".split(),
    "first_name": "prenomeleve prenomdeleleve prenom prenom1 prenoms".split(),
    "born_on": "datenaissance datedenaissance datenaissanceeleve datedenaissanceeleve neele neleneele nele".split(),
    "gender": "sexe sexeeleve genre".split(),
    "ine": "ine ineeleve numeroine identifiantnationaleleve identifiantnational".split(),
    "cycle": "cycle cycleeleve".split(),
    "level": "niveau niveaueleve".split(),
    "class": "libelleclasse classe classeouregroupement nomdelaclasse classeeleve classedeleleve classes "
    "regroupement identifiantclasse".split(),
    "photo": "autorisationsphotos autorisationphotos autorisationphoto autorisationsphoto droitalimage".split(),
}
GUARDIAN = {
    "civility": "civiliteresponsable civilitedureponsable civilite".split(),
    "usage_name": "nomusageresponsable nomdusageresponsable nomdusagedureponsable nomdusage nomusage".split(),
    "last_name": "nomresponsable nomdefamilleresponsable nomduresponsable nomdefamille nom".split(),
    "first_name": "prenomresponsable prenomduresponsable prenom".split(),
    "address": "adresseresponsable adresseduresponsable adresse".split(),
    "postal_code": "cpresponsable codepostalresponsable codepostal cp".split(),
    "city": "communeresponsable villeresponsable commune ville".split(),
    "country": "paysresponsable pays".split(),
    "email": "courriel courrielresponsable email mail adresseelectronique adressemail adresseemail mel".split(),
    "home": "telephonedomicile teldomicile telephonefixe".split(),
    "work": "telephonetravail teltravail telephoneprofessionnel".split(),
    "extension": "numerodeposte poste".split(),
    "mobile": "telephoneportable telportable telephonemobile portable".split(),
    "other": "telephone tel".split(),
    "authority": "autoriteparentale responsablelegal representantlegal".split(),
}
CHILD = {
    "usage_name": "nomdusageenfant nomusageenfant nomdusagedelenfant nomdusagedeleleve".split(),
    "last_name": "nomdefamilleenfant nomdefamilledelenfant nomenfant nomdelenfant nomdeleleve".split(),
    "first_name": "prenomenfant prenomdelenfant prenomdeleleve".split(),
    "class": "classesenfants classeenfant classesenfant classeenfants classedelenfant classesdelenfant "
    "classesdeleleve classedeleleve".split(),
}
TEACHER = {
    "civility": "civilite civiliteenseignant".split(),
    "usage_name": "nomusage nomdusage nomdusageenseignant".split(),
    "last_name": "nom nomdefamille nomenseignant".split(),
    "first_name": "prenom prenomenseignant".split(),
    "email": "courriel email mail adresseelectronique adressemail adresseemail mel".split(),
    "home": "telephonedomicile telephonefixe".split(),
    "work": "telephonetravail telephoneprofessionnel".split(),
    "mobile": "telephoneportable telephonemobile portable".split(),
    "other": "telephone tel".split(),
    "head": "directeur directrice directeurdirectrice".split(),
    "class": "classe classes libelleclasse classeouregroupement".split(),
}
# Known and left unread: the school has no use for them here (data minimisation).
UNREAD = frozenset(
    "adresse1 cp1 commune1 pays1 adresse2 cp2 commune2 pays2 attestationfournie autorisationsassociations "
    "autorisationassociations decisiondepassage adresse cp codepostal commune ville pays enseignants".split()
)
_NUMBERED = re.compile(r"\d+$")
_CHILD_TITLES = frozenset(title for titles in CHILD.values() for title in titles)
KNOWN = _CHILD_TITLES | {title for part in (PUPIL, GUARDIAN, TEACHER) for titles in part.values() for title in titles}
_PUPIL_ONLY = frozenset("nomeleve prenomeleve niveau ine autorisationsphotos autorisationphoto neele cycle".split())


def recognise(table: Table) -> str | None:
    """Which of the three files a table is (pupils, guardians, teachers) where its titles leave no doubt."""
    titles = {_NUMBERED.sub("", title) for title in table.titles} | set(table.titles)
    if titles & set(CHILD["first_name"]) and titles & set(GUARDIAN["first_name"]):
        return "guardians"
    if titles & set(TEACHER["head"]):
        return "teachers"
    return "pupils" if titles & _PUPIL_ONLY else None


def locate(table: Table, spellings: dict[str, list[str]], problems: Problems, repeats: tuple = ()) -> dict[str, int]:
    """Where each field stands, by its best title; a title written twice is read once and reported."""
    found = {}
    for field, titles in spellings.items():
        title = next((title for title in titles if title in table.titles), None)
        if title is None:
            continue
        found[field] = table.titles.index(title)
        if table.titles.count(title) > 1 and field not in repeats:
            problems.add("repeated_title", table.file, title=table.header[found[field]])
    return found


def locate_children(table: Table) -> list[dict[str, int]]:
    """The child blocks, however many: the n-th of each title is the n-th child; RosterRefused where they are uneven."""
    columns: dict[str, list[int]] = {}
    for position, title in enumerate(table.titles):
        plain = title if title in _CHILD_TITLES else _NUMBERED.sub("", title)
        for field, titles in CHILD.items():
            if plain in titles:
                columns.setdefault(field, []).append(position)
    if len({len(positions) for positions in columns.values()}) > 1:
        raise RosterRefused("uneven_children", table.file)
    return [dict(zip(columns, block, strict=True)) for block in zip(*columns.values(), strict=True)]


def report_unread(table: Table, problems: Problems) -> None:
    """Name the columns that nothing here knows: a person may have expected them to be taken."""
    unread = [
        name
        for name, title in zip(table.header, table.titles, strict=True)
        if title and not {title, _NUMBERED.sub("", title)} & (KNOWN | UNREAD)
    ]
    if unread:
        problems.add("unread_columns", table.file, titles=", ".join(unread))


def require(table: Table, found: dict[str, int], needed: dict[str, str]) -> None:
    """RosterRefused naming in French the columns that are missing."""
    missing = [title for field, title in needed.items() if field not in found]
    if missing:
        raise RosterRefused("missing_columns", table.file, columns=", ".join(f"« {title} »" for title in missing))
