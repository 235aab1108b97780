"""The families of the demo school: invented names, and every shape of family that the product must serve.

Who signs in is in LOGINS; everyone's password is PASSWORD. A family is (child, class, guardians); a guardian is
(login, first name, last name, authority) and keeps one account however many children they have.
"""

PASSWORD = "preau-demo-password"  # noqa: S105 - the demo listens on loopback only
ACADEMY = "Commune de Saint-Loup-des-Vignes"
SCHOOL = "École Jules-Ferry"

STAFF = {
    "teacher": ("Sophie", "Martin"),
    "assistant": ("Karim", "Haddad"),
    "teacher2": ("Julien", "Roche"),
    "principal": ("Claire", "Fontaine"),
    "admin": ("Yann", "Le Gall"),
    "dpo": ("Inès", "Moreau"),
}

CLASSES = {"CM1 A": ("CM1", "teacher", ("assistant",)), "CE1": ("CE1", "teacher2", ())}

# Some guardians have no account yet: they are the ones that a printed letter invites.
FAMILIES = (
    ("Léa", "Dubois", "CM1 A", "yes", (
        ("guardian1", "Anne", "Dubois", "legal"), ("guardian2", "Marc", "Lefort", "legal"),
        ("contact", "Paul", "Girard", "contact"))),
    ("Inès", "Benali", "CM1 A", "yes", (("guardian3", "Nadia", "Benali", "legal"),)),
    ("Adam", "Benali", "CE1", "yes", (("guardian3", "Nadia", "Benali", "legal"),)),
    ("Hugo", "Petit", "CM1 A", "no", (
        ("guardian4", "Rose", "Petit", "legal"), ("guardian5", "Jean", "Petit", "legal"),
        ("guardian6", "Lucie", "Vidal", "legal"))),
    ("Manon", "Garcia", "CM1 A", "yes", (
        ("guardian7", "Elena", "Garcia", "legal"), ("guardian8", "David", "Garcia", "legal"))),
    ("Yanis", "Amrani", "CM1 A", "unknown", (
        ("guardian9", "Samira", "Amrani", "legal"), (None, "Omar", "Amrani", "legal"))),
    ("Chloé", "Lambert", "CM1 A", "yes", (
        ("guardian10", "Julie", "Lambert", "legal"), (None, "Éric", "Lambert", "legal"))),
    ("Ludmila", "Ivanova", "CM1 A", "yes", (("guardian11", "Ľudmila", "Ivanova", "legal"),)),
    ("Zoé", "Nguyen", "CE1", "yes", (("guardian12", "Minh", "Nguyễn", "legal"), (None, "Lan", "Nguyễn", "legal"))),
    ("Arthur", "Caron", "CE1", "no", (("guardian13", "Émilie", "Caron", "legal"),)),
    ("Salomé", "Perrin", "CE1", "yes", (
        ("guardian14", "Luc", "Perrin", "legal"), ("guardian15", "Ana", "Perrin", "legal"))),
    ("Noé", "Blanc", "CE1", "yes", (("guardian16", "Iris", "Blanc", "legal"),)),
    ("Jade", "Traoré", "CE1", "yes", ((None, "Awa", "Traoré", "legal"), (None, "Moussa", "Traoré", "legal"))),
)  # fmt: skip

GROUPS = {"CM1 A": {"Chorale": ("Léa", "Manon", "Chloé", "Yanis"), "Piscine du mardi": ("Hugo", "Inès", "Ludmila")}}

# What `make run` prints.
LOGINS = {
    "teacher": "teacher of CM1 A",
    "guardian1": "guardian of Léa",
    "guardian2": "the other guardian of Léa",
    "contact": "named for Léa, without legal authority",
    "principal": "head of the school",
    "dpo": "data protection officer",
    "admin": "administrator of the installation",
}
