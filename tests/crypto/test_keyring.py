"""The keyring opens what its master key wrapped, remembers it for the same bytes only, and forgets on demand."""

import threading

import pytest

from appliance.crypto import fields
from appliance.crypto import keyring as module
from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import CLASSROOM, TENANT, Kek, Keyring, derive

KEK = Kek(bytes(range(32)))


@pytest.fixture
def unwraps(monkeypatch):
    """Count the keys that are really opened."""
    opened = []
    true_unwrap = module.unwrap

    def counting(parent, **names):
        opened.append((names["kind"], names["child_id"]))
        return true_unwrap(parent, **names)

    monkeypatch.setattr(module, "unwrap", counting)
    return opened


def test_tenant_and_class_keys_open_from_their_wrapped_bytes_alone():
    first = Keyring(KEK)
    tenant = first.create_tenant_key("ecole-1")
    classroom = first.create_classroom_key("cm1", tenant_id="ecole-1", tenant_wrapped=tenant)
    key = first.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    again = Keyring(KEK).classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    assert key == again != first.tenant_key("ecole-1", tenant)


def test_keys_opened_once_are_remembered(unwraps):
    ring = Keyring(KEK)
    tenant = ring.create_tenant_key("ecole-1")
    classroom = ring.create_classroom_key("cm1", tenant_id="ecole-1", tenant_wrapped=tenant)
    for _ in range(3):
        ring.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    assert unwraps == [(TENANT, "ecole-1"), (CLASSROOM, "cm1")]


def test_a_remembered_key_does_not_hide_a_changed_row():
    ring = Keyring(KEK)
    tenant = ring.create_tenant_key("ecole-1")
    ring.tenant_key("ecole-1", tenant)
    with pytest.raises(Tampered):
        ring.tenant_key("ecole-1", tenant[:-1] + bytes([tenant[-1] ^ 1]))
    with pytest.raises(Tampered):
        ring.tenant_key("ecole-2", tenant)
    assert len(ring.tenant_key("ecole-1", memoryview(tenant))) == 32


def test_a_row_that_names_another_master_key_does_not_open():
    other = Kek(bytes(32))
    for named in (other.id, "0" * 16):
        ring = Keyring(KEK, other)
        tenant, purpose = ring.create_tenant_key("ecole-1"), ring.wrap_purpose(KEK, "codes", bytes(32))
        assert ring.kek_of("ecole-1", tenant) == KEK.id
        with pytest.raises(Tampered):
            ring.tenant_key("ecole-1", tenant, named)
        with pytest.raises(Tampered):
            ring.purpose_key("codes", purpose, named)
        assert ring.purpose_key("codes", purpose, KEK.id) == bytes(32)


def test_a_class_of_another_tenant_does_not_open():
    ring = Keyring(KEK)
    one, two = ring.create_tenant_key("ecole-1"), ring.create_tenant_key("ecole-2")
    classroom = ring.create_classroom_key("cm1", tenant_id="ecole-1", tenant_wrapped=one)
    ring.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=one)
    with pytest.raises(Tampered):
        ring.classroom_key("cm1", classroom, tenant_id="ecole-2", tenant_wrapped=two)


def test_a_forgotten_tenant_takes_its_classes_along(unwraps):
    ring = Keyring(KEK)
    tenant = ring.create_tenant_key("ecole-1")
    classroom = ring.create_classroom_key("cm1", tenant_id="ecole-1", tenant_wrapped=tenant)
    ring.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    ring.forget(TENANT, "ecole-1")
    unwraps.clear()
    ring.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    assert unwraps == [(TENANT, "ecole-1"), (CLASSROOM, "cm1")]
    ring.forget(CLASSROOM, "cm1")
    ring.forget(CLASSROOM, "never seen")
    unwraps.clear()
    ring.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    assert unwraps == [(CLASSROOM, "cm1")]
    ring.forget_all()
    ring.tenant_key("ecole-1", tenant)
    assert unwraps[-1] == (TENANT, "ecole-1")


@pytest.mark.parametrize("forget", [lambda ring: ring.forget(CLASSROOM, "cm1"), Keyring.forget_all])
def test_a_forgotten_key_leaves_no_cipher_behind_that_was_made_from_it(forget):
    ring = Keyring(KEK)
    tenant = ring.create_tenant_key("ecole-1")
    classroom = ring.create_classroom_key("cm1", tenant_id="ecole-1", tenant_wrapped=tenant)
    key = ring.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant)
    fields.seal(key, b"its place", b"grippe")
    assert fields._cipher.cache_info().currsize
    forget(ring)
    assert fields._cipher.cache_info().currsize == 0


def test_memory_of_keys_is_bounded_and_keeps_the_last_used(unwraps):
    ring = Keyring(KEK, capacity=2)
    rows = {name: ring.create_tenant_key(name) for name in "abc"}
    for name in "abac":
        ring.tenant_key(name, rows[name])
    unwraps.clear()
    ring.tenant_key("a", rows["a"])
    assert unwraps == []
    ring.tenant_key("b", rows["b"])
    assert unwraps == [(TENANT, "b")]


def test_rotation_rewraps_the_tenant_key_and_nothing_below():
    old, new = Keyring(KEK), Keyring(Kek(bytes(32)))
    tenant = old.create_tenant_key("ecole-1")
    classroom = old.create_classroom_key("cm1", tenant_id="ecole-1", tenant_wrapped=tenant)
    rewrapped = old.rewrap_tenant_key("ecole-1", tenant, Kek(bytes(32)))
    assert new.classroom_key("cm1", classroom, tenant_id="ecole-1", tenant_wrapped=rewrapped) == old.classroom_key(
        "cm1", classroom, tenant_id="ecole-1", tenant_wrapped=tenant
    )
    with pytest.raises(Tampered):
        new.tenant_key("ecole-1", tenant)


def test_threads_share_a_keyring():
    ring = Keyring(KEK, capacity=3)
    rows = {str(number): ring.create_tenant_key(str(number)) for number in range(8)}
    truth = {name: Keyring(KEK).tenant_key(name, row) for name, row in rows.items()}
    wrong = []

    def work():
        for _ in range(30):
            for name, row in rows.items():
                if ring.tenant_key(name, row) != truth[name]:
                    wrong.append(name)
            ring.forget(TENANT, "3")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_purpose_keys_differ_and_never_show_the_master_key():
    assert derive(KEK, "web/session") == derive(KEK, "web/session") != derive(KEK, "codes")
    assert derive(Kek(bytes(32)), "codes") != derive(KEK, "codes")
    assert Keyring(KEK).derive("codes", 64)[:32] == derive(KEK, "codes")
    assert KEK.key.hex() not in repr(KEK) and "x1f" not in repr(KEK)
    with pytest.raises(ValueError):
        derive(KEK, "")
    with pytest.raises(ValueError):
        Kek(b"short")
