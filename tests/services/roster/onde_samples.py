"""Made-up ONDE files: the titles as the real exports write them, and a writer with every freedom that exports take."""

from appliance.services.roster.onde import read_onde
from appliance.services.roster.records import Roster, RosterFile
from appliance.services.roster.tables import Limits

PUPIL_TITLES = (
    "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance;Sexe;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;Commune2;"
    "Pays2; Cycle;Niveau;Classe;Attestation fournie;Autorisations associations;Autorisations photos;Décision de passage"
).split(";")
GUARDIAN_TITLES = (
    "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;CP responsable;"
    "Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;Téléphone portable"
).split(";")
CHILD_TITLES = ["Nom d'usage enfant", "Nom de famille enfant", "Prénom enfant", "Classes enfants"]
TEACHER_TITLES = (
    "Civilité;Nom usage;Nom;Prénom;Adresse;CP;Commune;Pays;Courriel;Téléphone domicile;Téléphone portable;"
    "Directeur;Classe"
).split(";")


def pupil(last="MARTIN", first="Léo", class_name="CP", born="2015-03-02", photo="Oui", usage="", gender="H", **more):
    """The cells of a pupil, by title."""
    cells = {
        "Nom Elève": last, "Nom d'usage Elève": usage, "Prénom Elève": first, "Date naissance": born, "Sexe": gender,
        " Cycle": "CYCLE II", "Niveau": class_name, "Classe": class_name, "Autorisations photos": photo,
    }  # fmt: skip
    return [{**cells, **more}.get(title, "") for title in PUPIL_TITLES]


def guardian(*children, last="MARTIN", first="Anne", civility="Mme", address="1 rue du Four", blocks=3, **more):
    """The cells of a guardian; a child is (family name, first name, class) or with a usage name in front."""
    cells = {
        "Civilité Responsable": civility, "Nom responsable": last, "Prénom responsable": first,
        "Adresse responsable": address, "CP responsable": "61000", "Commune responsable": "Alençon",
    }  # fmt: skip
    row = [{**cells, **more}.get(title, "") for title in GUARDIAN_TITLES]
    for child in children:
        row += list(child) if len(child) == 4 else ["", *child]
    return row + [""] * (4 * (blocks - len(children)))


def teacher(last="PETIT", first="Jeanne", class_name="CP", head="non", civility="MME", email=""):
    """The cells of a teacher."""
    cells = {"Civilité": civility, "Nom": last, "Prénom": first, "Directeur": head, "Classe": class_name}
    return [{**cells, "Courriel": email}.get(title, "") for title in TEACHER_TITLES]


def write(titles, rows, *, encoding="iso-8859-1", delimiter=";", quoted=True, eol="\r\n", last_eol=True, order=None):
    """The bytes of a file; `order` is the columns in another order."""

    def cell(text):
        if quoted or any(char in text for char in (delimiter, '"', "\r", "\n")) or text != text.strip():
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = []
    for row in (titles, *rows):
        row = [row[at] for at in order] if order else row
        lines.append(delimiter.join(cell(text) for text in row))
    return (eol.join(lines) + (eol if last_eol else "")).encode(encoding)


def pupils_file(*rows, titles=PUPIL_TITLES, **options):
    """A pupils' file."""
    return RosterFile("eleves.csv", write(titles, rows, **options))


def guardians_file(*rows, blocks=3, titles=None, **options):
    """A guardians' file with room for `blocks` children."""
    return RosterFile("responsables.csv", write(titles or GUARDIAN_TITLES + CHILD_TITLES * blocks, rows, **options))


def teachers_file(*rows, **options):
    """A teachers' file."""
    return RosterFile("enseignants.csv", write(TEACHER_TITLES, rows, **options))


def read(pupils=(), guardians=None, teachers=None, limits: Limits | None = None, **options) -> Roster:
    """Write the rows as files and read them."""
    return read_onde(
        pupils_file(*pupils, **options),
        guardians_file(*guardians, **options) if guardians is not None else None,
        teachers_file(*teachers, **options) if teachers is not None else None,
        limits=limits,
    )


def kinds(roster: Roster) -> list[str]:
    """The kinds of problems, in the order in which they are shown."""
    return [problem.kind for problem in roster.problems]
