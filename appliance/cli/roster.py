"""Commands of roster."""


def add_commands(groups) -> None:
    """Declare the group."""
