"""The feed costs a fixed number of SQL statements, whatever it holds and whoever looks."""

from io import BytesIO

import pytest
from peewee import chunked
from werkzeug.datastructures import FileStorage

from appliance.core import clock as core_clock
from appliance.features.feed import actions, api
from appliance.features.feed.models import Attachment, Comment, Post, PostTarget, PostVersion, Reaction, ReadReceipt
from appliance.features.feed.sealing import seal_text
from appliance.school import policy
from appliance.services.media.models import Media, Rendition
from appliance.storage.database import transaction
from appliance.web import caching

MOST = 6  # the session's query included


def fill(world, feed, number):
    """Posts of every kind: pictures, documents, comments, reactions, receipts, groups and children."""
    group = feed.group("Chorale", "Léa", "Hugo")
    access = policy.get_access(world.actor("teacher"), world.cm1.public_id)
    accounts = [world.account(who) for who in ("guardian1", "guardian2", "hugo1", "teacher")]
    cm1, lea, teacher = world.cm1, world.student("Léa"), accounts[-1]
    tables = (PostVersion, PostTarget, Rendition, Attachment, Comment, Reaction, ReadReceipt)
    rows = {table: [] for table in tables}  # written together at the end
    with transaction():
        for index in range(number):
            kind = ("whole", "groups", "children")[index % 3]
            post = Post.create(
                classroom=cm1, author=teacher, sealed=b"", status="published", audience=kind,
                published_at=core_clock.now(),
            )  # fmt: skip
            Post.update(sealed=seal_text(access, "post", post.public_id, f"Texte {index}")).where(
                Post.id == post.id
            ).execute()
            rows[PostVersion].append({"post": post, "number": 1, "sealed": b""})
            if kind != "whole":
                target = {"group": group, "student": None} if kind == "groups" else {"group": None, "student": lea}
                rows[PostTarget].append({"post": post, **target})
            for position, family in enumerate(("picture", "picture", "document")):
                media = Media.create(classroom=cm1, family=family)
                rows[Rendition].append({
                    "media": media, "name": "large" if family == "picture" else "original", "blob_id": media.public_id,
                    "mime": "image/jpeg", "size": 1, "width": 4, "height": 3, "stored_size": 1, "stored_sha256": b"",
                })  # fmt: skip
                rows[Attachment].append({"post": post, "media": media, "position": position})
            for account in accounts:
                own = {"post": post, "author": account, "from_staff": account == teacher, "sealed": b""}
                rows[Comment].append(own)
                rows[Reaction].append({"post": post, "account": account, "kind": "thanks"})
                rows[ReadReceipt].append({"post": post, "account": account})
        for table, made in rows.items():
            for batch in chunked(made, 50):
                table.insert_many(batch).execute()


def statements_of(browser, path, count_sql, **options):
    """The SQL of one visit when nothing is remembered: no decision about people, no page."""
    browser.get("/healthz")
    policy.forget()
    caching.store.clear()
    with count_sql() as statements:
        answer = browser.get(path, **options)
    return answer, statements


@pytest.mark.parametrize("number", (0, 1, 20, 100))
@pytest.mark.parametrize("who", ("teacher", "guardian1", "nadia", "principal"))
def test_the_feed_takes_at_most_six_statements(world, feed, count_sql, number, who):
    fill(world, feed, number)
    answer, statements = statements_of(world.sign_in(who), feed.path(), count_sql)
    assert answer.status_code == 200 and len(statements) <= MOST, "\n".join(statements)
    shown = answer.get_data(as_text=True).count("<article")
    expected = number if who in ("teacher", "principal", "guardian1") else (number + 2) // 3
    assert shown == min(expected, 20)


@pytest.mark.parametrize("who", ("teacher", "guardian1"))
def test_an_older_page_costs_no_more(world, feed, count_sql, who):
    fill(world, feed, 45)
    first = world.sign_in(who).get(feed.path()).get_data(as_text=True)
    older = first.split("?apres=")[1].split('"')[0]
    _answer, statements = statements_of(world.sign_in(who), f"{feed.path()}?apres={older}", count_sql)
    assert len(statements) <= MOST


@pytest.mark.parametrize("who", ("teacher", "guardian1"))
def test_a_page_that_is_remembered_takes_two_statements_and_so_does_its_304(world, feed, count_sql, who):
    fill(world, feed, 20)
    browser, path = world.sign_in(who), feed.path()
    tag = browser.get(path).headers["ETag"]
    with count_sql() as statements:
        assert browser.get(path).status_code == 200
    assert len(statements) <= 2
    with count_sql() as statements:
        answer = browser.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"") and len(statements) <= 2


@pytest.mark.parametrize("number", (0, 1, 20, 50))
@pytest.mark.parametrize("who", ("nadia", "guardian1"))
def test_the_recent_posts_of_all_classes_take_at_most_four_statements(world, feed, count_sql, number, who):
    fill(world, feed, number)
    actor = world.actor(who)
    actor.classes  # noqa: B018 - the decision about people is remembered
    with count_sql() as statements:
        page = api.list_recent_for(actor)
    assert len(statements) <= 4
    assert len(page.cards) == min(20, number if who != "nadia" else (number + 2) // 3)


def test_the_list_of_what_is_unread_and_the_freshness_take_one_statement_each(world, feed, count_sql):
    fill(world, feed, 30)
    actor = world.actor("nadia")
    actor.classes  # noqa: B018
    with count_sql() as statements:
        assert [len(posts) for posts in api.list_unread(actor).values()] == [10]
    assert len(statements) == 1
    with count_sql() as statements:
        api.freshness(actor)
    assert len(statements) == 1


def test_whether_a_file_may_be_seen_takes_one_statement(world, feed, count_sql, picture):
    post = feed.publish(files=[FileStorage(BytesIO(picture()), "a.jpg")])
    media = Attachment.get(Attachment.post == post).media.public_id
    actor = world.actor("guardian1")
    actor.classes  # noqa: B018
    from appliance.features.feed import queries

    with count_sql() as statements:
        assert queries.find_visible_media(actor, media)
    assert len(statements) == 1


def test_names_of_documents_are_opened_without_a_statement_each(world, feed, count_sql):
    for index in range(5):
        feed.publish(f"n° {index}", files=[FileStorage(BytesIO(b"Bonjour\n"), f"liste {index}.txt")])
    answer, statements = statements_of(world.sign_in("teacher"), feed.path(), count_sql)
    assert "liste 4.txt" in answer.get_data(as_text=True) and len(statements) <= MOST


def test_reading_the_feed_makes_no_write(world, feed, count_sql):
    feed.publish()
    actions.comment(world.actor("guardian1"), Post.get().public_id, "Merci")
    for who in ("teacher", "guardian1"):
        _answer, statements = statements_of(world.sign_in(who), feed.path(), count_sql)
        assert not [sql for sql in statements if not sql.startswith("SELECT")]


@pytest.mark.parametrize("who", ("teacher", "guardian1"))
def test_a_comment_takes_seven_statements_from_the_session_to_the_journal(world, feed, count_sql, who):
    post, browser = feed.publish(), world.sign_in(who)
    url = f"/publications/{post.public_id}/commentaires"
    browser.submit(url, {"text": "Bonjour"})
    with count_sql() as statements:
        assert browser.submit(url, {"text": "Merci", "submission": "abc1"}).status_code == 303
    assert len([sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT"))]) <= 7, "\n".join(statements)


def test_comments_closed_between_the_reading_and_the_writing_take_nothing_more(world, feed, monkeypatch):
    from appliance.features.feed.actions import answering

    post, seal = feed.publish(), answering.seal_beside

    def close_then_seal(*arguments):
        actions.set_answers(world.actor("teacher"), post.public_id, comments_open=False)
        return seal(*arguments)

    monkeypatch.setattr(answering, "seal_beside", close_then_seal)
    browser = world.sign_in("guardian1")
    answer = browser.submit(f"/publications/{post.public_id}/commentaires", {"text": "Trop tard"})
    assert answer.status_code == 422 and "Trop tard" in answer.get_data(as_text=True)
    assert not Comment.select().exists()
