"""The words for each problem of a roster: what was found, what became of the line, what to do."""

from appliance.core.i18n import lazy_

KINDS = {
    # The whole file
    "is_empty": ("error", lazy_("Le fichier « %(file)s » est vide. Rien n’a été lu.")),
    "too_large": ("error", lazy_("Le fichier « %(file)s » dépasse %(size)s Mo : ce n’est sans doute pas le bon.")),
    "is_excel": ("error", lazy_("« %(file)s » est un classeur Excel : exportez-le en CSV (séparateur point-virgule).")),
    "is_old_excel": ("error", lazy_("« %(file)s » est un ancien document Office : exportez-le en CSV.")),
    "is_opendocument": ("error", lazy_("« %(file)s » est un classeur LibreOffice : exportez-le en CSV.")),
    "is_word": ("error", lazy_("« %(file)s » est un texte mis en page, pas un tableau : donnez l’export CSV d’ONDE.")),
    "is_pdf": ("error", lazy_("« %(file)s » est un PDF : dans ONDE, choisissez l’extraction au format CSV.")),
    "is_archive": (
        "error",
        lazy_("« %(file)s » est une archive : ouvrez-la et donnez le fichier CSV qu’elle contient."),
    ),
    "is_web_page": (
        "error",
        lazy_("« %(file)s » est une page web : la session ONDE avait sans doute expiré. Refaites l’extraction."),
    ),
    "is_xml": ("error", lazy_("« %(file)s » est un fichier XML, pas une extraction CSV d’ONDE.")),
    "is_binary": ("error", lazy_("« %(file)s » n’est pas un fichier de texte : donnez l’extraction CSV d’ONDE.")),
    "no_delimiter": (
        "error",
        lazy_("Aucun séparateur de colonnes dans « %(file)s » : il faut des points-virgules, virgules ou tabulations."),
    ),
    "no_known_column": (
        "error",
        lazy_("Aucune colonne connue au début de « %(file)s » : la première ligne doit porter les titres d’ONDE."),
    ),
    "missing_columns": ("error", lazy_("Il manque dans « %(file)s » : %(columns)s.")),
    "is_pupils": ("error", lazy_("« %(file)s » est le fichier des élèves : ce n’est pas lui qui est attendu ici.")),
    "is_guardians": (
        "error",
        lazy_("« %(file)s » est le fichier des responsables : ce n’est pas lui qui est attendu ici."),
    ),
    "is_teachers": (
        "error",
        lazy_("« %(file)s » est le fichier des enseignants : ce n’est pas lui qui est attendu ici."),
    ),
    "uneven_children": (
        "error",
        lazy_("Les colonnes des enfants de « %(file)s » ne se répètent pas également. Refaites l’extraction."),
    ),
    "too_many_rows": ("error", lazy_("« %(file)s » compte plus de %(count)s lignes.")),
    "too_many_columns": ("error", lazy_("« %(file)s » compte plus de %(count)s colonnes.")),
    # A line
    "unclosed_quote": (
        "error",
        lazy_("Un guillemet n’est pas refermé, ou la ligne est coupée. Elle est laissée de côté."),
    ),
    "stray_quote": ("error", lazy_("Un guillemet est mal placé. La ligne est laissée de côté.")),
    "cell_too_long": ("error", lazy_("Une cellule dépasse %(count)s caractères. La ligne est laissée de côté.")),
    "too_many_cells": ("error", lazy_("La ligne a plus de %(count)s cellules. Elle est laissée de côté.")),
    "long_row": (
        "error",
        lazy_("La ligne a %(count)s cellules pour %(expected)s titres. Elle est laissée de côté."),
    ),
    "short_row": ("warning", lazy_("La ligne a %(count)s cellules pour %(expected)s titres : est-elle coupée ?")),
    "above_titles": (
        "error",
        lazy_("La ligne est au-dessus des titres des colonnes, donc illisible. Elle est laissée de côté."),
    ),
    "titles_again": ("notice", lazy_("La ligne des titres est répétée ; elle est ignorée.")),
    "control_characters": ("warning", lazy_("Des caractères invisibles ont été retirés de « %(value)s ».")),
    "unreadable_character": ("warning", lazy_("Un caractère est illisible dans « %(value)s ».")),
    "twice_encoded": ("warning", lazy_("Les accents sont abîmés dans « %(value)s ». Refaites l’extraction.")),
    "repeated_title": ("warning", lazy_("Le titre « %(title)s » est répété : seule la première colonne est lue.")),
    "unread_columns": ("notice", lazy_("Colonnes non reprises : %(titles)s.")),
    # A person
    "missing_name": ("error", lazy_("Le nom ou le prénom manque. La ligne est laissée de côté.")),
    "unreadable_name": (
        "error",
        lazy_("Un nom contient un caractère illisible. La ligne est laissée de côté : refaites l’extraction."),
    ),
    "name_too_long": ("error", lazy_("Un nom dépasse %(count)s caractères. La ligne est laissée de côté.")),
    "missing_class": ("error", lazy_("%(name)s n’a pas de classe. La ligne est laissée de côté.")),
    "bad_date": (
        "warning",
        lazy_("« %(value)s » n’est pas une date possible ; %(name)s n’a pas de date de naissance."),
    ),
    "short_year": (
        "warning",
        lazy_("L’année de « %(value)s » doit avoir quatre chiffres ; la date est laissée de côté."),
    ),
    "bad_gender": ("notice", lazy_("« %(value)s » n’est pas un sexe connu ; il est laissé de côté.")),
    "bad_flag": (
        "warning",
        lazy_("« %(value)s » n’est ni Oui ni Non ; le droit à l’image de %(name)s reste inconnu."),
    ),
    "bad_head": ("warning", lazy_("« %(value)s » n’est ni Oui ni Non ; %(name)s n’est pas noté comme directeur.")),
    "bad_authority": (
        "error",
        lazy_(
            "« %(value)s » n’est ni Oui ni Non ; l’autorité parentale de %(name)s reste inconnue. "
            "La ligne est laissée de côté."
        ),
    ),
    "bad_ine": ("warning", lazy_("« %(value)s » n’est pas un INE ; il est laissé de côté.")),
    "bad_email": ("warning", lazy_("« %(value)s » n’est pas une adresse électronique ; elle est laissée de côté.")),
    "lost_zero": ("notice", lazy_("« %(value)s » a perdu son premier zéro : il est lu « %(read)s ».")),
    "bad_phone": ("warning", lazy_("« %(value)s » n’est pas un numéro de téléphone ; il est laissé de côté.")),
    # Who is who
    "repeated_line": (
        "notice",
        lazy_("%(name)s est écrit deux fois de la même façon (lignes %(lines)s) : compté une fois."),
    ),
    "ambiguous_pupils": (
        "error",
        lazy_(
            "%(name)s, %(class_name)s : plusieurs élèves ont ces nom, prénom et classe (lignes %(lines)s). "
            "Aucun n’est pris : distinguez-les dans ONDE."
        ),
    ),
    "same_ine": ("error", lazy_("Le même INE est donné à plusieurs élèves (lignes %(lines)s). Aucun n’est pris.")),
    "pupil_in_two_classes": (
        "error",
        lazy_("%(name)s est dans plusieurs classes (lignes %(lines)s). Aucune n’est choisie à votre place."),
    ),
    "class_spellings": ("notice", lazy_("La classe « %(name)s » est aussi écrite « %(other)s » : c’est la même.")),
    "guardian_namesakes": (
        "notice",
        lazy_("%(name)s est écrit à plusieurs adresses (lignes %(lines)s) : ce sont plusieurs personnes."),
    ),
    "guardian_maybe_same": (
        "notice",
        lazy_(
            "%(name)s est écrit plusieurs fois sans adresse différente, ni téléphone ou courriel commun "
            "(lignes %(lines)s). "
            "Si c’est la même personne, elle utilisera un seul compte pour toutes ses lettres."
        ),
    ),
    "lines_merged": (
        "notice",
        lazy_("%(name)s est écrit sur plusieurs lignes (%(lines)s) : c’est une seule personne."),
    ),
    "guardian_conflict": (
        "error",
        lazy_(
            "%(name)s est écrit plusieurs fois avec des renseignements contraires (lignes %(lines)s). "
            "Aucune ligne n’est prise : corrigez-les dans ONDE."
        ),
    ),
    "shared_email": ("warning", lazy_("Plusieurs responsables ont le courriel « %(value)s » (lignes %(lines)s).")),
    "guardian_without_child": (
        "warning",
        lazy_("%(name)s n’a aucun enfant dans ce fichier ; la ligne est laissée de côté."),
    ),
    "child_incomplete": ("error", lazy_("L’enfant « %(child)s » de %(name)s n’a pas à la fois nom, prénom et classe.")),
    "child_unknown": ("error", lazy_("L’enfant « %(child)s » de %(name)s n’est pas dans le fichier des élèves.")),
    "child_elsewhere": (
        "error",
        lazy_("L’enfant « %(child)s » de %(name)s est dans une autre classe (%(class_name)s) du fichier des élèves."),
    ),
    "child_ambiguous": (
        "error",
        lazy_("L’enfant « %(child)s » de %(name)s peut être plusieurs élèves ; aucun n’est choisi."),
    ),
    "child_by_usage_name": ("notice", lazy_("L’enfant « %(child)s » de %(name)s est reconnu par son nom d’usage.")),
    "teacher_ambiguous": (
        "error",
        lazy_(
            "%(name)s est écrit plusieurs fois avec des renseignements contraires (lignes %(lines)s). "
            "Aucune ligne n’est prise."
        ),
    ),
    "teacher_class_unknown": ("notice", lazy_("La classe « %(value)s » de %(name)s n’a aucun élève dans ce fichier.")),
    "teacher_without_class": ("notice", lazy_("%(name)s n’a pas de classe dans ce fichier.")),
    "pupil_without_guardian": ("notice", lazy_("%(name)s n’a aucun responsable dans le fichier.")),
    "more_problems": ("warning", lazy_("Il y a %(count)s autres remarques, non montrées ici.")),
}
