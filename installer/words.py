"""The words of the set-up that the terminal and the browser share: groups, choices, steps."""

from appliance.core.i18n import lazy_

GROUPS = {
    "place": lazy_("L’établissement"),
    "network": lazy_("L’adresse du site"),
    "data": lazy_("Les données"),
    "mail": lazy_("Le courrier"),
}
CHOICES = {
    ("web_server", "nginx"): lazy_("nginx (conseillé)"),
    ("web_server", "apache"): lazy_("Apache"),
    ("web_server", "none"): lazy_("Aucun\u202f: je m’en occupe"),
    ("certificate", "self-signed"): lazy_("Provisoire, fait par cette machine"),
    ("certificate", "own"): lazy_("Le mien"),
    ("plan", "initiale"): lazy_("Initiale\u202f: des textes et quelques photos"),
    ("plan", "standard"): lazy_("Standard\u202f: convient à la plupart des classes"),
    ("plan", "plus"): lazy_("Plus\u202f: davantage de photos et de vidéos"),
    ("plan", "libre"): lazy_("Libre\u202f: sans autre limite que le disque"),
    ("cipher", "auto"): lazy_("Le plus rapide sur cette machine"),
    ("cipher", "aes"): lazy_("AES-256"),
    ("cipher", "chacha20"): lazy_("ChaCha20"),
    ("mail_security", "none"): lazy_("Aucun"),
    ("mail_security", "starttls"): lazy_("STARTTLS"),
    ("mail_security", "tls"): lazy_("TLS dès la connexion"),
}
STEPS = {
    "configuration": lazy_("Écrire la configuration"),
    "keys": lazy_("Mettre la clé en place"),
    "database": lazy_("Créer la base, les écoles et les comptes"),
    "web server": lazy_("Régler le serveur web"),
    "units": lazy_("Régler le pare-feu du service"),
    "service": lazy_("Démarrer Préau"),
}


def choice(name: str, value: str) -> str:
    """A choice in words; one that has none speaks for itself."""
    return str(CHOICES.get((name, value), value))
