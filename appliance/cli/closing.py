"""`preau class close`: the end of a class-year, after saying exactly what it destroys."""

import argparse

from appliance.cli import finding, service
from appliance.core.errors import ConfigError

CLOSE = """\
A class of a past year is closed when nobody may read it any more. Its key is destroyed: what was written and shown in
it cannot be opened by anybody, ever. The next backup takes the key out of the older ones too; copies of the database
that were made by other means keep it until they are destroyed.

  preau --config F class close "CM1 A" --year 2024-2025
  preau --config F class close "CM1 A" --year 2024-2025 --confirm "CM1 A"     asks nothing

Pupils, families, the team and the journal stay. The files are removed by the service within minutes.
"""


def add_verb(verbs) -> None:
    """Declare the verb."""
    close = verbs.add_parser(
        "close", help="destroy what a class wrote and showed", epilog=CLOSE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    close.add_argument("name", help="name of the class")
    close.add_argument("--year", required=True, help="its school year: 2024-2025")
    close.add_argument("--school", help="name or UAI of the school, where two have a class of that name")
    close.add_argument("--confirm", metavar="NAME", help="the name of the class once more, instead of being asked")
    close.set_defaults(run=run_close)


def run_close(options) -> int:
    """Say what is destroyed, have it confirmed, destroy it."""
    from appliance.school.policy import SYSTEM
    from appliance.services import closing

    service.open_database(options)
    classroom = finding.get_classroom(options.name, options.school, options.year)
    if classroom.wrapped_key is None:
        raise ConfigError(f"{classroom.name} ({classroom.year.name}) is closed already.")
    print("\n".join(describe(classroom)), flush=True)
    typed = options.confirm if options.confirm is not None else _ask()
    if typed.strip() != classroom.name:
        print("Nothing was destroyed: that is not the name of the class.")
        return 1
    held = closing.destroy_classroom_key(SYSTEM, classroom.public_id)
    print(f"{classroom.name} ({classroom.year.name}) is closed: its key and those of its {held.media} media are gone.")
    return 0


def _ask() -> str:
    try:
        return input("Type the name of the class to destroy all this: ")
    except EOFError:
        return ""


def describe(classroom) -> list[str]:
    """What closing a class destroys, counted."""
    from appliance.features.feed.models import Comment, Post, PostVersion
    from appliance.services import closing

    held = closing.count_held(classroom.id)
    posts = Post.select().where(Post.classroom == classroom.id)
    of_posts = Post.classroom == classroom.id
    versions = PostVersion.select().join(Post).where(of_posts).count()
    comments = Comment.select().join(Post).where(of_posts & Comment.removed_at.is_null()).count()
    return [
        f"Closing {classroom.name}, {classroom.school.name}, {classroom.year.name} destroys, for ever:",
        f"  {posts.count():6} posts (text and {versions} versions)",
        f"  {comments:6} comments",
        f"  {held.media:6} photos, films, recordings and documents ({held.bytes / 1e6:.1f} MB)",
        "Nobody finds the class any more. Pupils, families, the team and the journal stay.",
    ]
