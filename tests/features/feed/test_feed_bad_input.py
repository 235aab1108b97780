"""Whatever is typed or forged: a clear answer, the text kept, nothing half-written, never an incident."""

import dataclasses
import re
from io import BytesIO

import pytest

from appliance.features.feed import actions
from appliance.features.feed.models import Comment, Post
from appliance.school.models import Session
from appliance.services.media.models import Media
from tests.support.plan import set_plan


def test_naughty_strings_are_texts_like_others_in_posts_and_comments(world, feed, naughty):
    app_limits = dataclasses.replace(world.config.limits, posts_per_hour=10_000, comments_per_hour=10_000)
    world.app.config["PREAU"] = dataclasses.replace(world.config, limits=app_limits)
    browser = world.sign_in("teacher")
    url = f"{feed.path()}/publications/nouvelle"
    post = feed.publish("Ici")
    for text in naughty:
        assert browser.submit(url, {"text": text}).status_code in (303, 422)
        assert browser.submit(f"/publications/{post.public_id}/commentaires", {"text": text}).status_code in (303, 422)
    reader = world.sign_in("guardian1")
    assert reader.get(f"/publications/{post.public_id}").status_code == 200
    path = feed.path()
    for _page in range(len(naughty) // 20 + 2):
        body = reader.get(path).get_data(as_text=True).split("<main")[1].split("</main")[0]
        assert not re.search(
            r"<(?!/?(?:p|br|strong|em|ul|ol|li|a|article|div|span|header|time|svg|use|button|form|input|nav|h1|b)\b)[a-z]",
            body,
        )
        older = re.search(r'class="button" href="([^"]*apres=[^"]*)"', body)
        if older is None:
            return
        path = older[1]
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("end", ("", "/modifier", "/lecteurs", "/modifications", "/photos/1", "/retirer", "/effacer"))
@pytest.mark.parametrize("post", ("0", "%00", "a" * 16, "a" * 5000, "..%2f..", "é", "%ff", "' OR 1=1", "1e9", "☃"))
def test_an_id_that_is_none_is_not_found(world, post, end):
    for who in ("teacher", "guardian1"):
        assert world.sign_in(who).get(f"/publications/{post}{end}").status_code in (403, 404)


@pytest.mark.parametrize("number", ("-1", "x", "99999999999999999999999", "1.5", "%00"))
def test_a_photo_number_that_is_none_is_not_found(world, feed, number):
    post = feed.publish()
    assert world.sign_in("teacher").get(f"/publications/{post.public_id}/photos/{number}").status_code == 404


def test_a_form_without_its_proof_does_nothing(world, feed):
    post = feed.publish()
    browser = world.sign_in("teacher")
    for url in (f"{feed.path()}/publications/nouvelle", f"/publications/{post.public_id}/retirer",
                f"/publications/{post.public_id}/commentaires",
                f"/publications/{post.public_id}/reaction"):  # fmt: skip
        assert browser.post(url, data={"text": "x", "kind": "thanks"}).status_code == 400
    assert Post.select().count() == 1 and not Comment.select().exists() and Post.get().status == "published"


@pytest.mark.parametrize("origin, kept", (("same-origin", True), ("cross-site", False), ("", False)))
def test_a_text_that_came_without_its_proof_is_given_back_to_a_page_of_ours_alone(world, feed, origin, kept):
    typed = {"text": "<b>Long</b> texte précieux", "csrf_token": "périmé"}
    headers = {"Sec-Fetch-Site": origin} if origin else {}
    for url in (f"{feed.path()}/publications/nouvelle", f"/publications/{feed.publish('Ici').public_id}/commentaires"):
        answer = world.sign_in("teacher").post(url, data=typed, headers=headers)
        assert answer.status_code == 400 and "<b>Long" not in answer.text
        assert ("&lt;b&gt;Long&lt;/b&gt; texte précieux" in answer.text) == kept
        assert ("Votre texte n’est pas perdu" in answer.text) == kept


def test_nobody_signed_in_is_sent_to_the_door(world, feed):
    post = feed.publish()
    for url in (feed.path(), f"/publications/{post.public_id}"):
        assert world.visitor().get(url).status_code == 303


def test_the_same_form_twice_is_one_post_and_one_comment(world, feed):
    browser = world.sign_in("teacher")
    values = {"text": "Une fois", "submission": "abc123"}
    answers = [browser.submit(f"{feed.path()}/publications/nouvelle", values) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert Post.select().count() == 1
    url = f"/publications/{Post.get().public_id}/commentaires"
    for _ in range(2):
        assert browser.submit(url, {"text": "Moi aussi", "submission": "c1"}).status_code == 303
    assert Comment.select().count() == 1


def test_another_text_from_a_page_that_stayed_open_is_not_lost(world, feed):
    teacher, guardian = world.sign_in("teacher"), world.sign_in("guardian1")
    for text in ("Une fois", "Une autre"):  # back, another text, sent again
        teacher.submit(f"{feed.path()}/publications/nouvelle", {"text": text, "submission": "abc123"})
    assert Post.select().count() == 2
    url = f"/publications/{Post.get().public_id}"
    tabs = [re.search(r'name="submission" value="(\w+)"', guardian.get(url).text)[1] for _tab in range(2)]
    for number, text in zip(tabs, ("Merci", "Et à quelle heure ?"), strict=True):
        assert guardian.submit(f"{url}/commentaires", {"text": text, "submission": number}).status_code == 303
    assert Comment.select().count() == 2
    assert re.search(r'name="submission" value="(\w+)"', guardian.get(url).text)[1] not in tabs  # may be said again


def test_another_persons_form_number_is_no_obstacle(world, feed):
    post = feed.publish(submission="abc")
    assert feed.publish(who="assistant", submission="abc").id != post.id


@pytest.mark.parametrize("submission", ("x" * 33, "é", "a b", "\x00", "../"))
def test_a_forged_form_number_is_refused(world, feed, submission):
    values = {"text": "Gardé", "submission": submission}
    answer = world.sign_in("teacher").submit(f"{feed.path()}/publications/nouvelle", values)
    assert answer.status_code == 422 and not Post.select().exists()


def test_an_empty_post_is_refused_and_so_is_one_that_is_too_long(world, feed):
    browser, url = world.sign_in("teacher"), f"{feed.path()}/publications/nouvelle"
    assert "Écrivez un texte" in browser.submit(url, {"text": " \n\t "}).get_data(as_text=True)
    long = "mot " * 6000
    answer = browser.submit(url, {"text": long})
    assert (
        answer.status_code == 422
        and "trop long" in answer.get_data(as_text=True)
        and long.strip() in answer.get_data(as_text=True)
    )
    assert not Post.select().exists()


def test_a_comment_too_long_or_empty_is_refused_and_kept(world, feed):
    post = feed.publish()
    browser, url = world.sign_in("guardian1"), f"/publications/{post.public_id}/commentaires"
    answer = browser.submit(url, {"text": "x" * 2001})
    assert answer.status_code == 422 and "x" * 2001 in answer.get_data(as_text=True)
    assert browser.submit(url, {"text": "  "}).status_code == 422
    assert not Comment.select().exists()


@pytest.mark.parametrize(
    "values",
    [
        {"audience": "groups"},
        {"audience": "children"},
        {"audience": "nobody"},
        {"audience": "children", "students": "foreign"},
        {"audience": "children", "students": "\x00"},
        {"audience": "groups", "groups": ["x", "y" * 5000]},
    ],
)
def test_an_audience_outside_the_class_is_refused(world, feed, values):
    if values.get("students") == "foreign":
        values = {**values, "students": world.student("Zoé").public_id}
    answer = world.sign_in("teacher").submit(f"{feed.path()}/publications/nouvelle", {"text": "Gardé", **values})
    assert answer.status_code == 422 and "Gardé" in answer.get_data(as_text=True) and not Post.select().exists()


def test_a_refused_file_is_named_with_the_reason_and_nothing_stays(world, feed, picture):
    files = [
        (BytesIO(picture()), "bonne.jpg"),
        (BytesIO(b"MZ" + b"\x00" * 200), "jeu.exe"),
        (BytesIO(b"<svg onload=alert(1)>"), "x.svg"),
    ]
    answer = world.sign_in("teacher").submit(
        f"{feed.path()}/publications/nouvelle", {"text": "Mon texte", "files": files}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Mon texte" in page and "jeu.exe" in page and "x.svg" in page
    assert "choisissez-les de nouveau" in page
    assert not Post.select().exists() and not Media.select().exists()
    assert not [path for path in (world.folder / "blobs").rglob("*") if path.is_file()]


def test_too_many_photos_are_refused_and_leave_nothing(world, feed, picture):
    set_plan(photos_per_post=2)
    files = [(BytesIO(picture()), "a.jpg") for _ in range(3)]
    answer = world.sign_in("teacher").submit(f"{feed.path()}/publications/nouvelle", {"text": "Trop", "files": files})
    assert answer.status_code == 422 and "2 photos au plus" in answer.get_data(as_text=True)
    assert not Post.select().exists() and not Media.select().exists()
    assert not [path for path in (world.folder / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("number", ("", "0", "-1", "x", "99999999999999", "²"))
def test_a_forged_version_conflicts_and_changes_nothing(world, feed, number):
    post = feed.publish("Avant")
    answer = world.sign_in("teacher").submit(
        f"/publications/{post.public_id}/modifier", {"text": "Après", "version": number}
    )
    assert (
        answer.status_code == 409 and "Après" in answer.get_data(as_text=True) and feed.seen_by("teacher") == ["Avant"]
    )


def test_writing_too_fast_is_slowed_down_in_words_and_the_text_is_kept(world, feed, clock):
    limits = dataclasses.replace(world.config.limits, comments_per_hour=3, posts_per_hour=2)
    world.app.config["PREAU"] = dataclasses.replace(world.config, limits=limits)
    post = feed.publish(who="principal")
    browser, url = world.sign_in("guardian1"), f"/publications/{post.public_id}/commentaires"
    assert [browser.submit(url, {"text": f"n° {n}"}).status_code for n in range(4)] == [303, 303, 303, 422]
    clock.advance(hours=2)
    assert browser.submit(url, {"text": "plus tard"}).status_code == 303
    teacher, url = world.sign_in("teacher"), f"{feed.path()}/publications/nouvelle"
    assert [teacher.submit(url, {"text": "n"}).status_code for _ in range(3)] == [303, 303, 422]


def test_a_way_back_to_another_site_is_ignored(world, feed):
    post = feed.publish()
    for target in ("https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"):
        answer = world.sign_in("guardian1").submit(f"/publications/{post.public_id}/lu", {"suite": target})
        assert answer.headers["Location"].startswith("/publications/")


def test_files_sent_as_words_are_no_files(world, feed):
    answer = world.sign_in("teacher").submit(f"{feed.path()}/publications/nouvelle", {"text": "x", "files": "mot"})
    assert answer.status_code == 303


def test_a_failure_after_the_files_were_stored_leaves_none(world, feed, picture, monkeypatch):
    from werkzeug.datastructures import FileStorage

    from appliance.features.feed.actions import writing

    def fail(*_arguments, **_options):
        raise RuntimeError("the power is cut")

    monkeypatch.setattr(writing, "make_public", fail)
    with pytest.raises(RuntimeError):
        feed.publish(files=[FileStorage(BytesIO(picture()), "a.jpg")])
    assert not Post.select().exists() and not Media.select().exists()
    assert not [path for path in (world.folder / "blobs").rglob("*") if path.is_file()]


def test_a_withdrawn_post_takes_no_answer_and_no_correction(world, feed):
    from appliance.core.errors import Refused

    post = feed.publish()
    teacher = world.actor("teacher")
    actions.withdraw(teacher, post.public_id)
    for act in (lambda: actions.comment(teacher, post.public_id, "x"),
                lambda: actions.react(teacher, post.public_id, "thanks"),
                lambda: actions.pin(teacher, post.public_id),
                lambda: actions.edit(teacher, post.public_id, actions.Content(text="x"), version=1)):  # fmt: skip
        with pytest.raises(Refused):
            act()


@pytest.mark.parametrize("upload", ("\x00", "é" * 16, "x" * 5000, "../../etc"))
def test_what_cannot_be_the_number_of_an_upload_is_refused_in_words(world, feed, picture, upload):
    browser = world.sign_in("teacher")
    answer = browser.submit(f"{feed.path()}/publications/nouvelle", {"text": "Gardé", "uploads": upload})
    assert answer.status_code == 422 and "Gardé" in answer.get_data(as_text=True) and not Post.select().exists()
    browser.submit(f"{feed.path()}/publications/nouvelle", {"text": "Photo", "files": [(BytesIO(picture()), "a.jpg")]})
    values = {"media": Media.get().public_id, "upload": upload}
    assert browser.submit(f"/publications/{Post.get().public_id}/flouter", values).status_code == 422
    assert Media.get().deleted_at is None


def test_a_text_sent_after_the_session_ended_is_given_back(world, feed):
    browser = world.sign_in("teacher")
    Session.delete().execute()
    typed = {"text": "Un long texte précieux", "csrf_token": browser.csrf_token}
    url = f"{feed.path()}/publications/nouvelle"
    for options in ({}, {"content_type": "multipart/form-data"}):
        answer = browser.post(url, data=typed, headers={"Sec-Fetch-Site": "same-origin"}, **options)
        assert answer.status_code == 401 and "Un long texte précieux" in answer.text and "connecté" in answer.text
    assert browser.post(url, data={"kind": "thanks"}).status_code == 303
    assert not Post.select().exists()
