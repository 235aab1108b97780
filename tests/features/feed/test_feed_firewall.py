"""Two guardians of one child are two people: nothing that one does is ever seen, counted or guessed by the other."""

import re
from dataclasses import replace

import pytest

from appliance.core.errors import Denied, NotFound, Refused
from appliance.features.feed import actions, queries
from appliance.features.feed.models import Comment, Reaction


def page(browser, url) -> str:
    return browser.get(url).get_data(as_text=True)


@pytest.mark.parametrize("other", ("guardian2", "hugo1", "nadia"))
def test_nothing_of_a_guardian_shows_on_anothers_pages(world, feed, other):
    post = feed.publish("Sortie")
    url, reader = f"/publications/{post.public_id}", world.sign_in(other)
    reader.get(url)
    before = {each: (reader.get(each).headers["ETag"], page(reader, each)) for each in (feed.path(), url)}
    first = world.actor("guardian1")
    actions.comment(first, post.public_id, "Léa sera absente, secret 4711")
    actions.react(first, post.public_id, "thanks")
    actions.mark_read(first, post.public_id)
    for each, (tag, body) in before.items():
        answer = reader.get(each)
        assert answer.headers["ETag"] == tag, "not even the tag of the page moves"
        assert answer.get_data(as_text=True) == body
        assert "4711" not in body and "Anne" not in body and "réaction" not in body
    card = queries.get_card(world.actor(other), post.public_id)
    assert (card.post.comments, card.post.reactions, card.reach) == (0, 0, None)
    assert (
        queries.list_remarks(world.actor(other), card) == [] and queries.count_reactions(world.actor(other), card) == {}
    )
    comment = Comment.get()
    assert queries.find_comment(world.actor(other), comment.public_id) is None
    assert reader.get(f"/commentaires/{comment.public_id}/effacer").status_code == 404
    assert reader.submit(f"/commentaires/{comment.public_id}/effacer").status_code == 404


def test_the_staff_reads_a_guardians_comment_and_the_author_finds_it_again(world, feed):
    post = feed.publish()
    actions.comment(world.actor("guardian1"), post.public_id, "Merci beaucoup")
    url = f"/publications/{post.public_id}"
    for who in ("teacher", "assistant", "principal", "guardian1"):
        assert "Merci beaucoup" in page(world.sign_in(who), url)


def test_a_comment_of_the_staff_is_read_by_all_whom_the_post_reaches(world, feed):
    post = feed.publish("Pour Léa", to=["Léa"])
    actions.comment(world.actor("assistant"), post.public_id, "Prévoir des bottes")
    url = f"/publications/{post.public_id}"
    assert all("Prévoir des bottes" in page(world.sign_in(who), url) for who in ("guardian1", "guardian2", "teacher"))
    assert world.sign_in("nadia").get(url).status_code == 404


def test_a_teacher_who_moves_on_leaves_their_answers_visible(world, feed):
    from appliance.school import policy
    from appliance.school.models import Membership

    post = feed.publish()
    actions.comment(world.actor("assistant"), post.public_id, "À lundi")
    Membership.delete().where(Membership.account == world.account("assistant")).execute()
    policy.forget()
    card = queries.get_card(world.actor("guardian1"), post.public_id)
    assert [each.text for each in queries.list_remarks(world.actor("guardian1"), card)] == ["À lundi"]


def test_a_guardian_removes_their_own_comment_and_the_staff_any_and_the_text_is_gone(world, feed):
    post = feed.publish()
    own = actions.comment(world.actor("guardian1"), post.public_id, "Oups")
    staff = actions.comment(world.actor("teacher"), post.public_id, "Réponse")
    with pytest.raises(Denied):
        actions.remove_comment(world.actor("guardian1"), staff.public_id)
    with pytest.raises(NotFound):
        actions.remove_comment(world.actor("guardian2"), own.public_id)
    browser = world.sign_in("guardian1")
    assert "pour toujours" in page(browser, f"/commentaires/{own.public_id}/effacer")
    assert browser.submit(f"/commentaires/{own.public_id}/effacer").status_code == 303
    assert Comment.get(Comment.public_id == own.public_id).sealed is None
    actions.remove_comment(world.actor("teacher"), staff.public_id)
    assert "Réponse" not in page(browser, f"/publications/{post.public_id}")


def test_a_reaction_is_one_word_a_person_that_can_be_changed_and_taken_back(world, feed):
    post = feed.publish()
    url, browser = f"/publications/{post.public_id}/reaction", world.sign_in("guardian1")
    browser.submit(url, {"kind": "thanks"})
    browser.submit(url, {"kind": "bravo"})
    browser.submit(url, {"kind": "bravo"})
    assert [each.kind for each in Reaction.select()] == ["bravo"]
    assert re.search(r'value="" aria-pressed="true"', page(browser, feed.path()))
    assert "1 réaction" in page(world.sign_in("teacher"), feed.path())
    browser.submit(url, {"kind": ""})
    assert not Reaction.select().exists()
    with pytest.raises(Refused):
        actions.react(world.actor("guardian1"), post.public_id, "hate")
    actions.set_answers(world.actor("teacher"), post.public_id, reactions_open=False)
    with pytest.raises(Refused):
        actions.react(world.actor("guardian1"), post.public_id, "thanks")


def test_whoever_may_not_see_a_post_cannot_answer_it(world, feed):
    post = feed.publish("Pour Léa", to=["Léa"])
    for who in ("nadia", "contact", "withdrawn", "stranger", "dpo", "admin", "teacher2"):
        actor, browser = world.actor(who), world.sign_in(who)
        for act in (
            lambda actor=actor: actions.comment(actor, post.public_id, "x"),
            lambda actor=actor: actions.react(actor, post.public_id, "thanks"),
            lambda actor=actor: actions.unreact(actor, post.public_id),
            lambda actor=actor: actions.mark_read(actor, post.public_id),
            lambda actor=actor: actions.withdraw(actor, post.public_id),
            lambda actor=actor: actions.edit(actor, post.public_id, actions.Content(text="x"), version=1),
        ):
            with pytest.raises(NotFound):
                act()
        for end in ("", "/modifications", "/photos/1", "/modifier", "/retirer", "/effacer", "/lecteurs"):
            assert browser.get(f"/publications/{post.public_id}{end}").status_code in (403, 404)
        for end in ("/lu", "/reaction", "/commentaires", "/epingle", "/reponses", "/remettre", "/retirer", "/modifier"):
            assert browser.submit(
                f"/publications/{post.public_id}{end}", {"text": "x", "kind": "thanks"}
            ).status_code in (403, 404)


def test_a_guardian_changes_nothing_of_a_post(world, feed):
    post = feed.publish()
    browser = world.sign_in("guardian1")
    for end in ("/modifier", "/retirer", "/effacer", "/lecteurs"):
        assert browser.get(f"/publications/{post.public_id}{end}").status_code == 403
    for end in ("/epingle", "/reponses", "/remettre", "/retirer", "/modifier", "/effacer"):
        assert browser.submit(f"/publications/{post.public_id}{end}", {"text": "x"}).status_code == 403
    for act in (actions.withdraw, actions.restore, actions.pin, actions.unpin, actions.delete_draft):
        with pytest.raises(Denied):
            act(world.actor("guardian1"), post.public_id)
    with pytest.raises(Denied):
        feed.publish(who="guardian1")


@pytest.mark.parametrize("first, then", ((["Hugo"], None), (["Hugo"], ["Hugo", "Léa"]), (["Hugo"], ["Léa"])))
def test_who_is_addressed_only_now_does_not_read_what_was_written_for_the_others(world, feed, first, then):
    post = feed.publish("Hugo a vu l’infirmière", to=first)
    same = actions.Content("Hugo a vu le médecin", "children", students=(world.student("Hugo").public_id,))
    actions.edit(world.actor("teacher"), post.public_id, same, version=1)
    history = f"/publications/{post.public_id}/modifications"
    assert "infirmière" in page(world.sign_in("hugo1"), history), "those whom it was for compare"
    names = tuple(world.student(name).public_id for name in then or ())
    wider = actions.Content("Bonne rentrée", "children" if then else "whole", students=names)
    actions.edit(world.actor("teacher"), post.public_id, wider, version=2)
    reader = world.sign_in("guardian1")
    assert "Bonne rentrée" in page(reader, f"/publications/{post.public_id}")
    assert reader.get(history).status_code == 404 and history not in page(reader, feed.path())
    actions.edit(world.actor("teacher"), post.public_id, replace(wider, text="Belle rentrée"), version=3)
    assert "Bonne" in page(reader, history) and "médecin" not in page(reader, history)


def test_a_post_for_fewer_families_keeps_what_they_may_compare(world, feed):
    post = feed.publish("Avant")
    fewer = actions.Content("Après", "children", students=(world.student("Léa").public_id,))
    actions.edit(world.actor("teacher"), post.public_id, fewer, version=1)
    assert "Avant" in page(world.sign_in("guardian1"), f"/publications/{post.public_id}/modifications")
