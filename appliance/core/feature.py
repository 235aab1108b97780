"""The manifest: what one feature declares of itself. Routes, menu, register, export and erasure derive from it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PersonalData:
    """One processing activity on some tables: why, on which legal basis, how long, and how to reach the person."""

    tables: tuple[str, ...]
    purpose: str
    legal_basis: str
    retention: str
    path_to_person: str


@dataclass(frozen=True)
class NavItem:
    """An entry of the menu: `endpoint` is a route without argument; `when(actor)` says who sees it."""

    label: object
    endpoint: str
    icon: str
    order: int = 50
    when: Callable[[object], bool] = lambda actor: True


@dataclass(frozen=True)
class Feature:
    """What a slice plugs into the appliance. `jobs` run at each tick, so none reads a whole table; `hourly` is for
    those that do."""

    name: str
    title: object
    blueprint: object | None = None
    models: tuple[type, ...] = ()
    personal_data: tuple[PersonalData, ...] = ()
    no_personal_data: dict[str, str] = field(default_factory=dict)
    nav: tuple[NavItem, ...] = ()
    jobs: tuple[Callable, ...] = ()
    hourly: tuple[Callable, ...] = ()
    uses: tuple[str, ...] = ()
