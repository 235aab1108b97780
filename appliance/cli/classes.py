"""Commands of classes."""


def add_commands(groups) -> None:
    """Declare the group."""
