"""Commands of demo."""


def add_commands(groups) -> None:
    """Declare the group."""
