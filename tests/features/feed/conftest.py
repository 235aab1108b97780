"""What the tests of the feed share: posts made through the public actions, and a count of the SQL that a page runs."""

from contextlib import contextmanager

import pytest

from appliance.features.feed import actions, queries
from appliance.features.feed.actions import Content
from appliance.school.models import Group, GroupStudent


class Feed:
    """Writes posts as people of the world."""

    def __init__(self, world):
        self.world = world

    def publish(self, text="Bonjour", who="teacher", classroom=None, **options):
        """A published post; `to` names children or is a Group."""
        return actions.publish(*self._arguments(text, who, classroom, options), **options)

    def draft(self, text="Plus tard", who="teacher", classroom=None, **options):
        """A draft."""
        return actions.save_draft(*self._arguments(text, who, classroom, options), **options)

    def schedule(self, at, text="Demain", who="teacher", classroom=None, **options):
        """A scheduled post."""
        return actions.schedule(*self._arguments(text, who, classroom, options), at, **options)

    def _arguments(self, text, who, classroom, options):
        classroom, to = classroom or self.world.cm1, options.pop("to", None)
        content = Content(text=text)
        if isinstance(to, Group):
            content = Content(text=text, audience="groups", groups=(to.public_id,))
        elif to:
            students = tuple(self.world.student(name).public_id for name in to)
            content = Content(text=text, audience="children", students=students)
        return self.world.actor(who), classroom.public_id, content

    def group(self, name, *children):
        """A group of children of the CM1."""
        group = Group.create(classroom=self.world.cm1, name=name)
        for child in children:
            GroupStudent.create(group=group, student=self.world.student(child))
        return group

    def seen_by(self, who, classroom=None):
        """The texts that someone finds in the feed of a class."""
        from appliance.school import policy

        actor = self.world.actor(who)
        access = policy.get_access(actor, (classroom or self.world.cm1).public_id)
        return [queries.text_of(card) for card in queries.list_feed(actor, access).cards]

    def path(self, classroom=None):
        """The address of the feed."""
        return f"/classes/{(classroom or self.world.cm1).public_id}"


@pytest.fixture
def feed(world):
    """A Feed in the world of this test."""
    return Feed(world)


@pytest.fixture
def count_sql():
    """`with count_sql() as statements:` gathers the SQL that runs inside, whoever runs it."""

    @contextmanager
    def counting():
        from appliance.storage.database import db

        statements, run = [], db.obj.execute_sql

        def execute_sql(sql, *arguments, **options):
            statements.append(sql)
            return run(sql, *arguments, **options)

        db.obj.execute_sql = execute_sql
        try:
            yield statements
        finally:
            del db.obj.execute_sql

    return counting


@pytest.fixture(scope="session")
def picture():
    """`picture(color)` is a small real JPEG."""
    from io import BytesIO

    from PIL import Image

    def make(color="teal", size=(640, 480)):
        target = BytesIO()
        Image.new("RGB", size, color).save(target, "JPEG")
        return target.getvalue()

    return make
