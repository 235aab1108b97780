"""The demo's past is one that a school can have had, whatever the day on which it is made."""

import fcntl
from datetime import UTC, datetime, timedelta

import pytest

from appliance import cli
from appliance.cli.demo import posts, seed
from appliance.core import clock

WEEK = [datetime(2026, 11, 16 + day, hour, 30, tzinfo=UTC) for day in range(7) for hour in (0, 9, 22)]
TURNS = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2027, 3, 29, 7, 0, tzinfo=UTC)]  # the clocks change
NEW_YEAR = datetime(2027, 1, 1, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize("now", [*WEEK, *TURNS, NEW_YEAR], ids=str)
def test_nothing_is_published_on_a_weekend_nor_in_the_future(now):
    outing = seed.find_outing(now)
    for post in posts.POSTS:
        at = seed.instant(outing, *post[:2])
        assert at < now and clock.local(at).weekday() < 5 and clock.local(at).hour == post[1], post[4]


@pytest.mark.parametrize("now", WEEK, ids=str)
def test_the_outing_is_on_the_thursday_that_was_announced_and_comments_follow_their_post(now):
    outing = seed.find_outing(now)
    assert outing.weekday() == 3 and outing < clock.local(now).date() <= outing + timedelta(days=7)
    told = {post[4]: post[0] for post in posts.POSTS}
    (announced,) = [days for text, days in told.items() if "jeudi" in text]
    (visited,) = [days for text, days in told.items() if text.startswith("La ferme")]
    assert visited == 0 < announced <= 3
    assert all(sum(beginning in text for text in told) == 1 for beginning, *_rest in posts.COMMENTS)


@pytest.mark.parametrize("now", WEEK, ids=str)
def test_the_meeting_is_announced_in_the_days_to_come_and_before_it(now):
    at = seed.instant(seed.find_outing(now), *posts.SCHEDULED[:2])
    assert now < at and clock.local(at).weekday() < 5


def test_a_school_that_another_command_is_making_is_left_to_it(tmp_path, capsys):
    (tmp_path / "config.toml").write_text("[server]\n")
    with (tmp_path / "begun").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cli.main(["demo", "--folder", str(tmp_path), "--seed-only"]) == 1
    assert "Wait until it is ready" in capsys.readouterr().err
    assert (tmp_path / "config.toml").exists()
