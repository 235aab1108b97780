"""Prepared queries give what peewee gives, in both dialects."""

from appliance.core import clock
from appliance.school.models import Account, Classroom, SchoolYear
from appliance.storage.prepared import P, Prepared, many


def test_a_prepared_query_gives_the_same_rows_as_peewee(world):
    query = Prepared(lambda: Account.select(Account.id, Account.created_at).where(Account.identifier == P("who")))
    account = world.account("teacher")
    assert query.first(who="teacher@demo.test") == (account.id, account.created_at)
    assert query.first(who="nobody") is None


def test_a_list_may_be_empty_or_long(world):
    query = Prepared(lambda: Account.select(Account.identifier).where(Account.id.in_(many("ids"))).order_by(Account.id))
    everyone = [account.id for account in Account.select().order_by(Account.id)]
    assert query.all(ids=[]) == []
    assert len(query.all(ids=everyone)) == len(everyone)


def test_dates_and_instants_come_back_as_such(world):
    year = Prepared(lambda: SchoolYear.select(SchoolYear.starts_on, SchoolYear.ends_on)).first()
    assert year.starts_on < clock.today() < year.ends_on
    classroom = Prepared(lambda: Classroom.select(Classroom.created_at.alias("made"), Classroom.wrapped_key)).first()
    assert classroom.made == clock.now() and isinstance(classroom.wrapped_key, bytes)


def test_a_prepared_update_tells_how_many_rows_changed(world):
    rename = Prepared(lambda: Classroom.update(name=P("name")).where(Classroom.id == P("id")))
    assert rename.run(name="CM1 B", id=world.cm1.id) == 1
    assert rename.run(name="CM1 B", id=-1) == 0
