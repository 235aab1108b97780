"""What was published in the demo school: (days before the outing, hour, class, author, text, pictures, options).

The outing is on a Thursday, so that 2 is a Tuesday, 3 a Monday, 6 a Friday; so many weeks more are 7 each.
"""

POSTS = (
    (31, 17, "CM1 A", "teacher", """Bonjour à toutes et à tous,

Bienvenue dans la classe de **CM1 A**. Vous trouverez ici la vie de la classe : photos, sorties, petits mots. \
Une question ? Laissez un commentaire, je suis la seule à le voir avec Karim.

À très vite,
*Sophie Martin*""", (), {"pinned": True}),
    (27, 16, "CM1 A", "teacher", """Premières plantations au **jardin de l’école** : radis, soucis et capucines.

Chaque enfant a son rang. On arrose à tour de rôle !""", ("garden", "garden", "garden"), {}),
    (20, 18, "CM1 A", "teacher", """La bibliothèque de la classe est ouverte. Chaque vendredi, votre enfant \
choisit un livre et le garde \
une semaine.

1. Il l’emporte dans la pochette bleue.
2. Il le lit, seul ou avec vous.
3. Il le rapporte le vendredi suivant.""", ("books",), {}),
    (16, 17, "CM1 A", "assistant", """Atelier peinture de ce matin : *les fleurs à la manière de Matisse*. Les \
originaux rentrent à la \
maison à la fin du mois.""", ("paint", "paint"), {}),
    (13, 16, "CM1 A", "teacher", """Répétition de la chorale **mardi à 16 h 30** dans la salle polyvalente. \
Merci de prévoir une gourde.""",
     (), {"group": "Chorale", "sound": "Frère Jacques.wav"}),
    (9, 17, "CM1 A", "teacher", """Récolte de feuilles dans la cour : chêne, érable, hêtre et charme. Nous \
avons appris à les reconnaître \
à leur bord.""", ("leaves", "leaves", "leaves", "leaves", "leaves"), {}),
    (3, 18, "CM1 A", "teacher", """**Sortie à la ferme pédagogique** jeudi.

- Départ à 8 h 45 devant l’école, retour à 16 h 15.
- Prévoir un pique-nique, des bottes et un vêtement de pluie.
- Le programme complet est dans le document joint.

Plus d’informations sur [le site de la ferme](https://example.org/ferme).""", (), {"document": "Programme de la \
sortie.pdf"}),
    (0, 17, "CM1 A", "teacher", """La ferme ! Les enfants ont nourri les moutons et visité la grange. Une très \
belle journée, \
merci aux parents qui nous ont accompagnés.""", ("farm", "farm", "farm", "farm"),
     {"film": "Le chemin de la ferme.mp4"}),
    (17, 17, "CE1", "teacher2", """Les CE1 préparent leur classe de mer. Voici à quoi ressemble la plage où \
nous irons.""",
     ("sea", "sea"), {}),
    (6, 17, "CE1", "teacher2", """Cette semaine, dictée sur les mots de la famille de **terre** : *terrain*, \
*terrier*, *enterrer*…""",
     (), {}),
    (2, 16, "CE1", "teacher2", """Nos livres préférés du mois. Et chez vous, que lisez-vous le soir ?""", \
("books", "leaves"), {}),
)  # fmt: skip

# Beginning of the post, author, hours after it, text.
COMMENTS = (
    ("La ferme !", "guardian3", 1, "Merci beaucoup, Inès était ravie."),
    ("La ferme !", "guardian1", 3, "Léa n’a parlé que des moutons au dîner. Merci pour cette journée !"),
    ("La ferme !", "teacher", 15, "Merci à vous ! Les bottes sont à récupérer dans le couloir."),
    ("Sortie à la ferme", "guardian2", 2, "Faut-il prévoir aussi un goûter pour le retour ?"),
)

DRAFT = "Photos de la chorale : à trier avant de publier."
# In the week after the outing, for the week that follows.
SCHEDULED = (-8, 8, "**Réunion de classe** mardi à 18 h, dans la salle du CM1 A. Chaque famille est la bienvenue.")
