"""Each write on a class's people asks for the right to manage the class by itself, whatever the page asked before."""

import inspect
import pkgutil
from importlib import import_module

import pytest

from appliance.core.errors import Denied
from appliance.features.classroom import actions
from appliance.school import policy

WRITES = [
    function
    for module in pkgutil.iter_modules(actions.__path__)
    for _name, function in inspect.getmembers(import_module(f"{actions.__name__}.{module.name}"), inspect.isfunction)
    if function.__module__.startswith(actions.__name__)
    and list(inspect.signature(function).parameters)[1:2] == ["access"]
]


@pytest.mark.parametrize("who", ["assistant", "guardian1"])
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_who_does_not_manage_a_class_changes_nothing_in_it(world, write, who):
    actor = world.actor(who)
    access = policy.get_access(actor, world.cm1.public_id)
    others = list(inspect.signature(write).parameters.values())[2:]
    typed = {each.name: "" for each in others if each.kind is not each.VAR_KEYWORD}
    with pytest.raises(Denied):
        write(actor, access, **typed)


def test_only_who_manages_a_class_reads_who_left_it(world):
    actor = world.actor("assistant")
    with pytest.raises(Denied):
        actions.pupils.list_departed(policy.get_access(actor, world.cm1.public_id))
