"""Each floor is what it claims: its libraries satisfy pyproject.toml, and on Debian's floor they are Debian's own."""

import os
import re
import sys
import tomllib
from importlib import metadata

from packaging.requirements import Requirement

from tests.support.source import ROOT, complain

DEBIAN = "/usr/lib/python3/dist-packages"
on_debian_floor = os.environ.get("PREAU_FLOOR") == "debian"


def wanted() -> list[Requirement]:
    """The libraries that pyproject.toml demands at run time, the driver of PostgreSQL included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(each) for each in project["dependencies"] + project["optional-dependencies"]["postgresql"]]


def installed(requirement: Requirement) -> metadata.Distribution:
    """The library in use; Debian builds psycopg2 itself, so it bears the name of the source there."""
    try:
        return metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        return metadata.distribution(requirement.name.removesuffix("-binary"))


def test_the_libraries_in_use_are_those_that_the_project_demands():
    problems = []
    for requirement in wanted():
        version = installed(requirement).version
        if not requirement.specifier.contains(re.sub(r"\+.*", "", version), prereleases=True):
            problems.append(
                f"{requirement.name} is {version} here, but pyproject.toml demands {requirement.specifier}."
            )
    assert not problems, complain(problems)


def test_every_library_comes_from_where_the_floor_says():
    home = DEBIAN if on_debian_floor else sys.prefix
    strangers = [
        f"{requirement.name} comes from {location}, not from {home}. Remove it there: it hides the right one."
        for requirement in wanted()
        if not (location := str(installed(requirement).locate_file(""))).startswith(home)
    ]
    assert not strangers, complain(strangers)


def test_debian_s_floor_is_run_by_debian_s_interpreter():
    assert sys.base_prefix == "/usr" or not on_debian_floor, f"This is the interpreter of {sys.base_prefix}."
