"""The project's own files as data, for the tests of its shape; nothing is imported or run."""

import ast
import functools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("appliance", "installer")
IGNORED_FOLDERS = {".git", ".venv", ".venv-debian", ".cache", "var", "build", "dist", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name, its path within the project, its text."""

    name: str
    path: str
    text: str
    is_package: bool = False

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @functools.cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of its nodes."""
        return tuple(ast.walk(self.tree))

    @functools.cached_property
    def imports(self) -> tuple[tuple[int, str], ...]:
        """Each import as (line, dotted name), `from a import b` as a.b, wherever it stands in the file."""
        found = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
        return tuple(found)

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: {"dt": "datetime", "now": "datetime.datetime.now"}."""
        known = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    known[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    known[alias.asname or alias.name] = f"{self._base(node)}.{alias.name}"
        return known

    @functools.cached_property
    def prose(self) -> frozenset[int]:
        """The ids of the nodes that are docstrings or stand-alone strings."""
        return frozenset(
            id(node.value)
            for node in self.nodes
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.is_package]
        return ".".join(parts + ([node.module] if node.module else []))

    def dotted(self, node: ast.expr) -> str:
        """What an expression such as `dt.now` stands for, with imported names resolved: `datetime.datetime.now`."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        return "?"

    def within(self, *prefixes: str) -> bool:
        """Whether the module is one of these packages, or inside one."""
        return any(self.name == prefix or self.name.startswith(prefix + ".") for prefix in prefixes)


def module(name: str, text: str) -> Module:
    """A made-up module, to show that a rule sees what it should."""
    return Module(name, name.replace(".", "/") + ".py", text)


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the product."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT)
            parts = list(relative.with_suffix("").parts)
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found.append(Module(name, str(relative), path.read_text(encoding="utf-8"), is_package))
    return tuple(found)


@functools.cache
def templates() -> tuple[tuple[str, str], ...]:
    """Every template of the product, pages and mails, as (path, text)."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("templates/**/*")):
            if path.suffix in {".html", ".txt", ".xml", ".svg"}:
                found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
    return tuple(found)


@functools.cache
def files() -> tuple[str, ...]:
    """Every file that belongs to the project (what git keeps or would keep; without git, what is no by-product)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = list(_walk())
    return tuple(sorted(name for name in names if (ROOT / name).is_file() and not (ROOT / name).is_symlink()))


def _walk() -> Iterator[str]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in IGNORED_FOLDERS and not name.endswith(".egg-info")]
        for name in names:
            yield str(Path(folder, name).relative_to(ROOT))


def text_of(name: str) -> str | None:
    """The text of a file of the project; None for pictures, fonts and the like."""
    content = (ROOT / name).read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def complain(problems: list[str]) -> str:
    """The problems as the message of a failing test, one a line."""
    return "\n" + "\n".join(problems)
