"""The words of the rules: on screen in the reader's language (French is the source), on the terminal in English.

Each sentence has its remedy; in English both are one line, as a terminal shows it.
"""

from datetime import datetime
from typing import NamedTuple

from babel import dates

from appliance.core import clock, i18n
from appliance.core.i18n import lazy_
from appliance.services.health.checks import Check


class Words(NamedTuple):
    """What is so and what to do, for people; the same in one line for a terminal."""

    text: object
    remedy: object
    english: str


TITLES = {
    "disk": (lazy_("Disque des données"), "disk"),
    "disk_backup": (lazy_("Disque des sauvegardes"), "backup disk"),
    "database": (lazy_("Base de données"), "database"),
    "integrity": (lazy_("Contenu de la base"), "integrity of the database"),
    "queue": (lazy_("File d’attente"), "queue"),
    "backup": (lazy_("Sauvegarde"), "backup"),
    "rehearsal": (lazy_("Essai de restauration"), "rehearsal"),
    "certificate": (lazy_("Certificat du site"), "certificate"),
    "clock": (lazy_("Horloge"), "clock"),
    "files": (lazy_("Fichiers chiffrés"), "encrypted files"),
    "programs": (lazy_("Programmes"), "programs"),
    "memory": (lazy_("Fichiers en mémoire"), "files in memory"),
    "antivirus": (lazy_("Antivirus"), "antivirus"),
    "proxy": (lazy_("Serveur frontal"), "proxy"),
    "sheet": (lazy_("Fiche de secours"), "recovery sheet"),
    "journal": (lazy_("Journal"), "journal"),
    "versions": (lazy_("Versions"), "versions"),
}

_ROOM = lazy_("Faites de la place, ou agrandissez le disque.")
_BACK_UP = lazy_("Lancez « preau backup » et lisez ce qu’elle répond ; « systemctl status preau-backup.timer » dit "
                 "si elle est prévue chaque nuit.")  # fmt: skip
_REHEARSE = lazy_("Lancez « preau backup rehearse » ; rien n’est modifié.")
_CLOCK = lazy_("Réglez l’horloge : « timedatectl ».")
_SHEET = lazy_("Imprimez-la avec « preau sheet print », puis recopiez-la avec « preau sheet verify ». Sans elle, une "
               "sauvegarde ne s’ouvre pas.")  # fmt: skip
_CERTIFICATE = lazy_("Remplacez-le, puis « systemctl reload nginx ». S’il se renouvelle seul (ACME), lisez le journal "
                     "de ce renouvellement.")  # fmt: skip

WORDS = {
    "disk.ok": Words(lazy_("%(free)s sont libres."), "", "%(free)s are free"),
    "disk.low": Words(lazy_("Il ne reste que %(free)s."), _ROOM,
                      "only %(free)s are free: make room before files are refused"),
    "disk.full": Words(lazy_("Il ne reste que %(free)s : plus aucun fichier n’est accepté. Rien n’est perdu."), _ROOM,
                       "%(free)s are free, so no file is accepted: make room, or enlarge the disk"),
    "disk_backup.ok": Words(lazy_("%(free)s sont libres."), "", "%(free)s are free where the backups go"),
    "disk_backup.same": Words(lazy_("Les sauvegardes vont sur le disque des données : une copie ailleurs serait plus "
                                    "sûre."), "",
                              "the backups go to the disk of the data; a copy elsewhere is safer"),
    "disk_backup.low": Words(lazy_("Il ne reste que %(free)s pour les sauvegardes."), _ROOM,
                             "only %(free)s are free where the backups go: make room, or lower backup.keep_days"),
    "database.sqlite": Words(lazy_("SQLite %(version)s, %(size)s."), "", "SQLite %(version)s, %(size)s"),
    "database.postgresql": Words(lazy_("PostgreSQL %(version)s, %(size)s."), "", "PostgreSQL %(version)s, %(size)s"),
    "database.wal": Words(lazy_("Le journal d’écriture de SQLite atteint %(size)s."),
                          lazy_("Redémarrez le service : « systemctl restart preau »."),
                          "SQLite's write-ahead log has %(size)s: restart the service (systemctl restart preau)"),
    "database.schema": Words(lazy_("La base a le schéma %(found)s, ce programme attend %(wanted)s."),
                             lazy_("Lancez « preau migrate --with-backup »."),
                             "the database has schema %(found)s, this program wants %(wanted)s: "
                             "preau migrate --with-backup"),
    "integrity.ok": Words(lazy_("Toutes les pages étaient saines le %(looked)s."), "",
                          "every page was sound on %(looked)s"),
    "integrity.broken": Words(lazy_("SQLite a trouvé la base abîmée le %(looked)s."),
                              lazy_("Gardez une copie du fichier, puis restaurez la dernière sauvegarde : "
                                    "« preau restore --rows-only --replace »."),
                              "SQLite found its file damaged on %(looked)s: keep a copy of it, then "
                              "preau restore --rows-only --replace"),
    "queue.ok": Words(lazy_("En attente : %(waiting)s."), "", "%(waiting)s tasks wait"),
    "queue.failed": Words(lazy_("Tâches qui ont échoué : %(failed)s (%(codes)s)."),
                          lazy_("Le journal du service dit pourquoi ; les fichiers concernés sont à renvoyer."),
                          "%(failed)s tasks failed for good (%(codes)s): see the log, and send the files again"),
    "queue.late": Words(lazy_("Une tâche attend depuis %(minutes)s minutes."),
                        lazy_("Vérifiez que le service tourne et que server.workers n’est pas 0."),
                        "a task has been waiting for %(minutes)s minutes: is the service running, with server.workers "
                        "above 0? (reason of the last attempt in the log)"),
    "backup.ok": Words(lazy_("La dernière date du %(at)s."), "", "the last one was made on %(at)s"),
    "backup.never": Words(lazy_("Aucune sauvegarde n’a encore été faite."), _BACK_UP,
                          "no backup was made yet: preau backup, and systemctl status preau-backup.timer"),
    "backup.old": Words(lazy_("La dernière sauvegarde date du %(at)s."), _BACK_UP,
                        "the last backup is of %(at)s: preau backup, and systemctl status preau-backup.timer"),
    "backup.failed": Words(lazy_("La sauvegarde du %(at)s n’est pas complète. Les autres sont intactes."), _BACK_UP,
                           "the backup of %(at)s is not complete (%(says)s): preau backup tells why"),
    "backup.left": Words(lazy_("La sauvegarde du %(at)s est faite, mais d’anciennes copies n’ont pas pu être "
                               "supprimées."), _BACK_UP,
                         "the backup of %(at)s is made, but older copies stay (%(says)s): preau backup tells why"),
    "rehearsal.ok": Words(lazy_("Le dernier a réussi le %(at)s."), "", "the last one went well on %(at)s"),
    "rehearsal.never": Words(lazy_("Aucun essai n’a encore été fait."), _REHEARSE,
                             "no backup was rehearsed yet: preau backup rehearse"),
    "rehearsal.old": Words(lazy_("Le dernier essai date du %(at)s."), _REHEARSE,
                           "the last rehearsal is of %(at)s: preau backup rehearse"),
    "rehearsal.failed": Words(lazy_("L’essai du %(at)s a échoué : la sauvegarde ne se restaure pas entièrement."),
                              lazy_("Lancez « preau backup », puis « preau backup rehearse »."),
                              "the rehearsal of %(at)s failed (%(says)s): preau backup, then preau backup rehearse"),
    "certificate.ok": Words(lazy_("Il vaut jusqu’au %(ends)s."), "", "valid until %(ends)s"),
    "certificate.soon": Words(lazy_("Il ne vaut que jusqu’au %(ends)s."), _CERTIFICATE,
                              "the certificate ends on %(ends)s: replace it, then systemctl reload nginx"),
    "certificate.over": Words(lazy_("Il ne vaut plus depuis le %(ends)s : les navigateurs refusent le site."),
                              _CERTIFICATE,
                              "the certificate ended on %(ends)s: replace it, then systemctl reload nginx"),
    "clock.ok": Words(lazy_("Elle suit celle du réseau."), "", "it follows the network's"),
    "clock.alone": Words(lazy_("Rien ne dit ici si elle suit celle du réseau."), "",
                         "nothing here tells whether it follows the network's"),
    "clock.unsynchronized": Words(lazy_("Elle ne suit pas celle du réseau."),
                                  lazy_("Installez « systemd-timesyncd », ou autorisez le serveur de temps."),
                                  "the clock does not follow the network's: apt install systemd-timesyncd"),
    "clock.behind": Words(lazy_("Elle retarde sur la dernière ligne du journal."), _CLOCK,
                          "the clock is behind the last entry of the journal: set it (timedatectl)"),
    "clock.differs": Words(lazy_("Cette machine et celle de PostgreSQL n’ont pas la même heure."), _CLOCK,
                           "the clocks of this machine and of PostgreSQL's differ: set them (timedatectl)"),
    "files.ok": Words(lazy_("%(files)s fichiers, aucun abîmé."), "", "%(files)s, none damaged"),
    "files.damaged": Words(lazy_("Fichiers abîmés ou manquants : %(damaged)s. Le reste n’est pas touché."),
                           lazy_("« preau doctor » les nomme ; reprenez-les dans la dernière sauvegarde."),
                           "%(damaged)s files were found damaged or missing by the weekly comparison: restore them "
                           "from the last backup; the next comparison clears them"),
    "files.late": Words(lazy_("Certains n’ont pas été relus depuis le %(since)s."),
                        lazy_("Laissez le service tourner, ou augmentez care.scrub_mb_per_second."),
                        "some files were last compared on %(since)s: keep the service running, or raise "
                        "care.scrub_mb_per_second"),
    "programs.ok": Words(lazy_("Tout ce qui prépare photos, vidéos et documents est installé."), "",
                         "all that prepares photos, films and documents is installed"),
    "programs.missing": Words(lazy_("Il en manque : certains fichiers sont refusés."),
                              lazy_("Installez-les : « apt install %(packages)s »."),
                              "some are not installed, so files are refused: apt install %(packages)s"),
    "memory.ok": Words(lazy_("« /dev/shm » peut tenir %(size)s."), "", "what is in /dev/shm may take %(size)s"),
    "memory.small": Words(lazy_("« /dev/shm » ne peut tenir que %(size)s : les longues vidéos attendent, rien n’est "
                                "perdu."),
                          lazy_("Agrandissez-le : « mount -o remount,size=512M /dev/shm » ; pour un conteneur, c’est "
                                "l’option --shm-size."),
                          "what is in /dev/shm may take %(size)s only, so long films wait: mount -o remount,size=512M "
                          "/dev/shm (for a container: --shm-size)"),
    "memory.absent": Words(
        lazy_("« /dev/shm » n’est pas en mémoire, ou ne s’écrit pas : le service ne démarre pas, pour que rien de ce "
              "qu’il reçoit ne passe en clair sur le disque."),
        lazy_("Montez-le : « mount -t tmpfs -o mode=1777 tmpfs /dev/shm »."),
        "what people send must not lie on the disk in clear, and /dev/shm is not in memory or cannot be written: "
        "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"),
    "antivirus.ok": Words(lazy_("Il répond."), "", "it answers"),
    "antivirus.none": Words(lazy_("Aucun n’est branché."), "", "none is configured"),
    "antivirus.silent": Words(lazy_("Il ne répond pas : les fichiers attendent, rien n’est perdu."),
                              lazy_("Vérifiez que ClamAV (clamd) est démarré et que l’adresse est la sienne."),
                              "the antivirus does not answer, so files wait: start clamd, or see antivirus.socket"),
    "antivirus.old": Words(lazy_("Ses signatures ont plus d’une semaine."),
                           lazy_("Vérifiez que freshclam les met à jour chaque jour."),
                           "the signatures of the antivirus are older than a week: see freshclam"),
    "proxy.ok": Words(lazy_("Il transmet l’adresse des visiteurs."), "", "its visitors' addresses are believed"),
    "proxy.untrusted": Words(
        lazy_("Il n’est pas déclaré : tous les visiteurs semblent venir de la même adresse, et une personne qui "
              "devine des mots de passe ralentit les connexions de tous."),
        lazy_("Écrivez trusted_proxy = \"127.0.0.1\" sous [server], puis redémarrez."),
        "a proxy stands in front of this server and server.trusted_proxy is empty: all visitors seem to come from "
        "the proxy, so one who guesses passwords slows everybody's sign-in. Remedy: set trusted_proxy = \"127.0.0.1\" "
        "(the address that the proxy connects from) under [server], then restart."),
    "sheet.ok": Words(lazy_("Elle a été relue le %(at)s."), "", "it was read back on %(at)s"),
    "sheet.never": Words(lazy_("Personne ne l’a encore relue."), _SHEET,
                         "the recovery sheet was never read back: preau sheet print, then preau sheet verify"),
    "sheet.older": Words(lazy_("Celle qui a été relue est d’une ancienne clé."), _SHEET,
                         "the sheet that was read back is of an older key: preau sheet print, then preau sheet verify"),
    "journal.ok": Words(lazy_("Il était intact le %(looked)s."), "", "it was intact on %(looked)s"),
    "journal.broken": Words(lazy_("Le %(looked)s, il ne correspondait pas à son empreinte."),
                            lazy_("Gardez une copie de la base sans rien modifier, et prévenez le délégué à la "
                                  "protection des données."),
                            "on %(looked)s it did not match its root: keep a copy of the database and tell the DPO"),
    "versions.ok": Words("", "", ""),
}  # fmt: skip
UNKNOWN = Words(lazy_("Ce point n’a pas pu être vérifié."), lazy_("Lisez le journal du service."),
                "it could not be looked at: see the log")  # fmt: skip


def title(code: str) -> str:
    """What a check is about, in the reader's language."""
    return str(TITLES[code][0]) if code in TITLES else code


def describe(check: Check) -> tuple[str, str]:
    """What is so and what to do, in the reader's language."""
    found = WORDS.get(f"{check.code}.{check.wording}", UNKNOWN)
    values = {key: value for name, value in check.facts.items() for key, value in [_shown(name, value)]}
    if check.code == "versions":
        return ", ".join(f"{name} {version}" for name, version in check.facts.get("versions", {}).items()), ""
    return _put(str(found.text), values), _put(str(found.remedy), values)


def english(check: Check) -> str:
    """The same in one line for a terminal."""
    if check.code == "versions":
        return ", ".join(f"{name} {version}" for name, version in check.facts["versions"].items())
    found = WORDS.get(f"{check.code}.{check.wording}", UNKNOWN)
    values = {key: value for name, value in check.facts.items() for key, value in [_typed(name, value)]}
    name = TITLES[check.code][1] if check.code in TITLES else check.code
    text = _put(found.english, values)
    return text if check.level and found is not UNKNOWN else f"{name}: {text}"


def _put(text: str, values: dict) -> str:
    return text % values if values and "%(" in text else text


def _shown(name: str, value: object) -> tuple[str, object]:
    """A fact as people read it: sizes and dates by the end of their name."""
    if name.endswith("_bytes"):
        return name.removesuffix("_bytes"), i18n.file_size(value)
    if name == "at" or name.endswith("_at"):
        here, locale = clock.local(datetime.fromisoformat(value)), i18n.current()
        return name.removesuffix("_at"), dates.format_date(here, "long", locale=locale)
    return name, value


def _typed(name: str, value: object) -> tuple[str, object]:
    if name.endswith("_bytes"):
        return name.removesuffix("_bytes"), f"{value // 1_000_000} MB"
    if name == "at" or name.endswith("_at"):
        return name.removesuffix("_at"), f"{clock.local(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"
    return name, value
