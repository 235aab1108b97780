"""Commands of accounts."""


def add_commands(groups) -> None:
    """Declare the group."""
