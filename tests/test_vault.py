"""Personal data at rest: opens only where it was sealed, by its own keys, and not at all once its subject is erased."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Case, SearchTerm, SubjectKey, new_id
from portal.vault import KEY_BYTES, NONCE, Keys, Vault, VaultError
from tests.world import World


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "own keys"
    Keys.generate(made)
    return made


@pytest.fixture
def vault(world: World) -> Vault:
    return world.runtime.vault


def sealed(world: World, text: str | bytes | None = "山田 花子") -> Case:
    """A case, never stored, with a sealed name."""
    case = Case(id=new_id(), subject_id=world.runtime.vault.new_subject(world.session))
    world.runtime.vault.seal(world.session, case.subject_id, case, "name", text)
    return case


def opened(world: World, case: Case, column: str = "name") -> str | None:
    return world.runtime.vault.open(world.session, case.subject_id, case, column)


def refused(world: World, case: Case, column: str = "name") -> str:
    with pytest.raises(VaultError) as refusal:
        opened(world, case, column)
    return str(refusal.value)


def test_what_was_sealed_opens_again(world: World) -> None:
    assert opened(world, sealed(world)) == "山田 花子"


def test_a_sealed_value_shows_nothing_and_never_looks_the_same_twice(world: World, vault: Vault) -> None:
    case = sealed(world)
    first = case.sealed_name
    vault.seal(world.session, case.subject_id, case, "name", "山田 花子")
    assert first is not None
    assert "山田".encode() not in first
    assert first != case.sealed_name


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_kept_as_nothing(world: World, nothing: str | None) -> None:
    case = sealed(world, nothing)
    assert (case.sealed_name, opened(world, case)) == (None, None)


def test_bytes_and_values_of_primitives_open_as_they_were(world: World, vault: Vault) -> None:
    case = sealed(world, b"\x00\xff")
    assert vault.open_bytes(world.session, case.subject_id, case, "name") == b"\x00\xff"
    value = {"links": {"stop": "x"}, "items": ["H4", None, 3]}
    vault.seal_json(world.session, case.subject_id, case, "detail", value)
    assert vault.open_json(world.session, case.subject_id, case, "detail") == value


def test_a_value_does_not_open_in_another_row(world: World) -> None:
    one = sealed(world)
    other = Case(id=new_id(), subject_id=one.subject_id, sealed_name=one.sealed_name)
    assert refused(world, other) == "A sealed value does not belong where it stands."


def test_a_value_does_not_open_in_another_column(world: World) -> None:
    case = sealed(world)
    case.sealed_kana = case.sealed_name
    refused(world, case, "kana")


def test_a_value_does_not_open_for_another_subject(world: World) -> None:
    one, other = sealed(world), sealed(world)
    moved = Case(id=one.id, subject_id=other.subject_id, sealed_name=one.sealed_name)
    refused(world, moved)


def test_a_value_does_not_open_in_another_table(world: World) -> None:
    account = world.account()
    case = Case(id=account.id, subject_id=account.subject_id, sealed_name=account.sealed_name)
    assert world.runtime.vault.open(world.session, account.subject_id, account, "name") is not None
    refused(world, case)


@pytest.mark.parametrize("place", [0, 1, NONCE, NONCE + 1, -1])
def test_one_changed_bit_closes_a_value(world: World, place: int) -> None:
    case = sealed(world)
    data = bytearray(case.sealed_name or b"")
    data[place] ^= 1
    case.sealed_name = bytes(data)
    refused(world, case)


@pytest.mark.parametrize("length", [1, 2, NONCE, NONCE + 1, NONCE + 16])
def test_a_cut_off_value_is_one_more_that_does_not_open(world: World, length: int) -> None:
    case = sealed(world)
    case.sealed_name = (case.sealed_name or b"")[:length]
    refused(world, case)


def test_a_key_of_another_subject_does_not_unwrap(world: World) -> None:
    one, other = sealed(world), sealed(world)
    keys = [world.session.get_one(SubjectKey, case.subject_id) for case in (one, other)]
    keys[0].wrapped = keys[1].wrapped
    assert refused(world, one) == "The folder of keys does not fit this database."


def test_a_wrapped_key_that_was_cut_off_does_not_unwrap(world: World) -> None:
    case = sealed(world)
    world.session.get_one(SubjectKey, case.subject_id).wrapped = b"x"
    refused(world, case)


def test_another_folder_of_keys_opens_nothing(world: World, folder: Path) -> None:
    case = sealed(world)
    with pytest.raises(VaultError, match="does not fit"):
        Vault(Keys.load(folder)).open(world.session, case.subject_id, case, "name")


def test_an_erased_subject_is_empty_at_once_and_for_ever(world: World, vault: Vault) -> None:
    with world.system.act():
        case = sealed(world)
        vault.set_terms(world.session, case.subject_id, "name", ["花子"])
    with world.system.act():
        vault.destroy(world.session, case.subject_id)
        assert opened(world, case) is None
    with world.runtime.sessions() as later:
        assert vault.open(later, case.subject_id, case, "name") is None
        assert later.execute(select(SubjectKey).where(SubjectKey.subject_id == case.subject_id)).all() == []
        assert vault.find(later, "name", "花子") == []


def test_nothing_is_sealed_for_a_subject_that_was_erased(world: World, vault: Vault) -> None:
    case = sealed(world)
    vault.destroy(world.session, case.subject_id)
    with pytest.raises(VaultError, match="no key"):
        vault.seal(world.session, case.subject_id, case, "kana", "ハナコ")


def test_erasing_one_subject_leaves_the_others(world: World, vault: Vault) -> None:
    one, other = sealed(world), sealed(world, "佐藤")
    vault.destroy(world.session, one.subject_id)
    assert opened(world, other) == "佐藤"


# finding


def test_what_is_sealed_is_found_by_its_whole_value_and_kind(world: World, vault: Vault) -> None:
    case = sealed(world)
    vault.set_terms(world.session, case.subject_id, "email", ["hanako@mail.example", ""])
    assert vault.find(world.session, "email", "hanako@mail.example") == [case.subject_id]
    for kind, value in (("phone", "hanako@mail.example"), ("email", "hanako"), ("email", "")):
        assert vault.find(world.session, kind, value) == []


def test_terms_of_one_kind_are_replaced_together(world: World, vault: Vault) -> None:
    case = sealed(world)
    vault.set_terms(world.session, case.subject_id, "name", ["山", "田"])
    vault.set_terms(world.session, case.subject_id, "email", ["a@b.example"])
    vault.set_terms(world.session, case.subject_id, "name", ["花"])
    found = [vault.find(world.session, "name", value) for value in ("山", "田", "花")]
    assert found == [[], [], [case.subject_id]]
    assert vault.find(world.session, "email", "a@b.example") == [case.subject_id]


def test_a_digest_is_keyed_and_bound_to_its_kind(vault: Vault, folder: Path) -> None:
    one = vault.digest("email", "a@b.example")
    assert re.fullmatch("[0-9a-f]{64}", one)
    assert vault.digest("phone", "a@b.example") != one
    assert Vault(Keys.load(folder)).digest("email", "a@b.example") != one
    assert vault.digest("a", "b\x1fc") != vault.digest("a\x1fb", "c\x1f")


# the folder of keys


def test_whoever_prints_a_vault_sees_no_key(vault: Vault) -> None:
    keys = vault.keys
    shown = f"{vault!r} {keys!r}"
    secrets = [*keys.wrapping.values(), *keys.index.values()]
    assert not any(repr(key) in shown or key.hex() in shown for key in secrets)
    assert keys.session not in shown


def test_made_keys_are_for_their_owner_alone_and_never_made_twice(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["index-1.key", "session-1.key", "wrapping-1.key"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o400}
    before = [path.read_text() for path in sorted(folder.iterdir())]
    with pytest.raises(FileExistsError):
        Keys.generate(folder)
    assert [path.read_text() for path in sorted(folder.iterdir())] == before


def test_no_two_keys_are_the_same(folder: Path) -> None:
    keys = Keys.load(folder)
    assert len({keys.wrapping["1"].hex(), keys.index["1"].hex(), keys.session}) == 3
    assert len(keys.wrapping["1"]) == len(keys.index["1"]) == KEY_BYTES


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o420, 0o401])
def test_a_key_that_others_can_reach_is_refused(folder: Path, mode: int) -> None:
    path = folder / "index-1.key"
    path.chmod(mode)
    with pytest.raises(VaultError, match=f"{path} can be read by others: run `chmod 400"):
        Keys.load(folder)


@pytest.mark.parametrize("purpose", ["wrapping", "index", "session"])
def test_a_missing_key_is_named(folder: Path, purpose: str) -> None:
    (folder / f"{purpose}-1.key").unlink()
    with pytest.raises(VaultError, match=f"No {purpose} key in"):
        Keys.load(folder)


@pytest.mark.parametrize("content", ["", "nonsense", "00" * 31, "00" * 33, "00" * 31 + "0g", "\x00"])
def test_a_file_that_is_no_key_is_refused_without_showing_it(folder: Path, content: str) -> None:
    written(folder, "wrapping-1.key", content)
    with pytest.raises(VaultError, match="is not a key of 32 bytes") as refusal:
        Keys.load(folder)
    assert not content or content not in str(refusal.value)


def written(folder: Path, name: str, content: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(content)
    path.chmod(0o400)


@pytest.mark.parametrize("name", ["wrapping-old.key", "index-1a.key", "session-.key", "session-１.key"])
def test_a_version_that_is_no_number_is_refused(folder: Path, name: str) -> None:
    written(folder, name, "00" * 32)
    with pytest.raises(VaultError, match="no number as its version"):
        Keys.load(folder)


# rotation


def rotated(world: World, folder: Path, *purposes: str, version: str = "10") -> Vault:
    """The world's keys, and newer ones beside them; the newest number is the newest, not the last by letter."""
    for purpose in ("wrapping", "index", "session"):
        written(folder, f"{purpose}-1.key", (world.runtime.settings.keys / f"{purpose}-1.key").read_text())
    for purpose in purposes:
        written(folder, f"{purpose}-9.key", "09" * 32)
        written(folder, f"{purpose}-{version}.key", "10" * 32)
    return Vault(Keys.load(folder))


def test_the_newest_wrapping_key_writes_and_old_ones_still_open(world: World, folder: Path) -> None:
    case = sealed(world)
    newer = rotated(world, folder, "wrapping")
    subject_id = newer.new_subject(world.session)
    assert world.session.get_one(SubjectKey, subject_id).kek_version == "10"
    assert newer.open(world.session, case.subject_id, case, "name") == "山田 花子"


def test_the_newest_index_key_writes_and_terms_of_old_ones_are_still_found(
    world: World, vault: Vault, folder: Path
) -> None:
    old, new = sealed(world), sealed(world)
    newer = rotated(world, folder, "index")
    vault.set_terms(world.session, old.subject_id, "email", ["a@b.example"])
    newer.set_terms(world.session, new.subject_id, "email", ["a@b.example"])
    assert sorted(newer.find(world.session, "email", "a@b.example")) == sorted(
        [old.subject_id, new.subject_id]
    )
    assert versions(world.session, new.subject_id) == ["10"]


def versions(session: Session, subject_id: str) -> list[str]:
    query = select(SearchTerm.key_version).where(SearchTerm.subject_id == subject_id)
    return list(session.execute(query).scalars())


def test_the_newest_session_key_signs(world: World, folder: Path) -> None:
    assert rotated(world, folder, "session").keys.session == "10" * 32
