"""What is asked is tried at once: the relay, the folder of the backups, the database, the ciphers."""

import os
import socket
import threading

from hypothesis import given
from hypothesis import strategies as st

from installer import answers as asking
from installer import trials
from installer.answers import Answers
from installer.ceremony import read_shares


class Relay:
    """A relay that says what it is told to, one line for each command."""

    def __init__(self, **said: str):
        self.said = {"": "220 relais", "ehlo": "250 relais", "quit": "221 adieu"} | said
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        try:
            link, _address = self.listener.accept()
        except OSError:
            return
        with link, link.makefile("rw", newline="\r\n") as file:
            file.write(self.said[""] + "\n")
            file.flush()
            for line in file:
                word = line.split()[0].lower()
                file.write(self.said.get(word, "502 non") + "\n")
                file.flush()
                if word == "quit":
                    return

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.listener.close()
        self.thread.join(10)


def try_mail(port: int, **changes: str):
    answers = Answers(mail_host="127.0.0.1", mail_port=str(port), mail_security="none")
    return [(each.name, each.grave) for each in trials.try_mail(asking.replace(answers, changes))]


def test_a_relay_that_answers_is_fine():
    with Relay() as relay:
        assert try_mail(relay.port) == []


def test_no_relay_is_nothing_to_try():
    assert trials.try_mail(Answers()) == []


def test_a_relay_without_encryption_is_told_where_it_was_asked():
    with Relay() as relay:
        assert try_mail(relay.port, mail_security="starttls") == [("mail_security", False)]


def test_a_refused_password_is_told():
    with Relay(ehlo="250-relais\n250 AUTH PLAIN", auth="535 non") as relay:
        assert try_mail(relay.port, mail_username="moi", mail_password="non") == [("mail_username", False)]


def test_nobody_at_the_port_can_be_passed():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert try_mail(port) == [("mail_host", False)]


def test_an_unknown_name_cannot_be_kept(monkeypatch):
    def nowhere(*_arguments, **_options):
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    assert try_mail(25, mail_host="smtp.nulle-part.example") == [("mail_host", True)]
    answers = Answers(backup_to="ssh://nas.nulle-part.example/x")
    assert [(each.name, each.grave) for each in trials.try_backup(answers)] == [("backup_to", True)]


def test_a_folder_is_written_in_and_left_as_it_was(tmp_path):
    assert trials.try_backup(Answers(backup_to=str(tmp_path))) == []
    assert list(tmp_path.iterdir()) == []


def test_trying_the_service_s_own_folder_leaves_none(tmp_path):
    assert trials.try_backup(Answers(backup_to=str(tmp_path / "data/backups")), tmp_path / "data") == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_may_be_a_disk_that_is_not_there(tmp_path):
    (found,) = trials.try_backup(Answers(backup_to=str(tmp_path / "disk")))
    assert found.grave and found.name == "backup_to" and not (tmp_path / "disk").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/backups").write_text("")
    (found,) = trials.try_backup(Answers(backup_to=str(tmp_path / "data/backups")), tmp_path / "data")
    assert found.grave


def test_a_place_that_the_service_cannot_see_is_refused(monkeypatch):
    monkeypatch.setattr(trials.machine, "find_user", lambda: (os.getuid(), os.getgid()))
    (found,) = trials.try_backup(Answers(backup_to=f"{trials.HIDDEN[0]}/mairie/sauvegardes"))
    assert found.grave


def test_s3_is_told_to_need_more():
    (found,) = trials.try_backup(Answers(backup_to="s3://sauvegardes/preau"))
    assert not found.grave


def test_a_database_that_does_not_answer_is_refused(needs):
    needs("psycopg2")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    (found,) = trials.try_database(Answers(database_url=f"postgresql://preau:secret@127.0.0.1:{port}/preau"))
    assert found.grave and "secret" not in found.text


def test_a_database_that_answers_is_fine(postgres_url):
    assert trials.try_database(Answers(database_url=postgres_url)) == []


def test_the_faster_cipher_is_chosen():
    ticks = iter(range(10_000))
    rates = trials.measure_ciphers(lambda: next(ticks) / 10, 2.0)
    assert set(rates) == {1, 2} and all(rate > 0 for rate in rates.values())
    assert trials.choose_cipher({1: 2.0, 2: 1.0}) == "aes" and trials.choose_cipher({1: 1.0, 2: 2.0}) == "chacha20"


@given(st.text(max_size=12))
def test_shares_are_a_few_of_a_few_or_refused(text):
    try:
        need, total = read_shares(text)
    except Exception as error:
        assert type(error).__name__ == "ConfigError" and str(error)
    else:
        assert (need, total) == (0, 0) or 2 <= need <= total <= 16
