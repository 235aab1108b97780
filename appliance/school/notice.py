"""The sensitive-data notice that nobody skips: its text, its version, and the proof that a person saw it."""

import hashlib

from appliance.core.i18n import _

VERSION = "2026-11"
# Which proofs are enough for each mode of the settings: who consented has read it, who read it has not consented.
ENOUGH = {"acknowledge": ("acknowledge", "consent"), "consent": ("consent",)}


def paragraphs() -> list[str]:
    """The notice in the reader's language, one paragraph an item."""
    return [
        _(
            "Les données sensibles sont celles qui révèlent la santé, un handicap, l’origine, les opinions, "
            "la religion, la vie sexuelle ou l’appartenance syndicale d’une personne."
        ),
        _(
            "N’écrivez pas ce genre d’information dans une publication, un commentaire ou un nom de fichier : "
            "parlez-en directement à l’école."
        ),
        _(
            "Les photos, les textes et les documents restent sur le serveur de votre école ou de sa collectivité. "
            "Ils y sont chiffrés. Rien n’est vendu, rien n’est envoyé ailleurs."
        ),
        _(
            "Chaque accès aux données d’un élève est inscrit dans un journal que le délégué à la protection des "
            "données peut vérifier. Vous pouvez lui demander à tout moment ce qui vous concerne, le faire corriger "
            "ou le faire effacer."
        ),
    ]


def text_sha256() -> str:
    """The fingerprint of the text as shown, for the proof."""
    return hashlib.sha256("\n".join(paragraphs()).encode()).hexdigest()
