"""A device is gone, and its removal not closed yet: the other system was silent, a worker died, somebody pressed stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from argon2 import profiles
from sqlalchemy import select

from portal import passwords
from portal.casework import (
    approval,
    deactivation,
    objection,
    owner_sign_in,
    self_service_mailbox,
)
from portal.casework.context import Refused
from portal.casework.devices import devices_of
from portal.connectors import ConnectorError
from portal.connectors.local import LocalConnector
from portal.models import Account, Removal
from tests.casework.owners import EMAIL, PASSWORD, devices, entry, root
from tests.casework.resetting import Browser
from tests.world import World


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    passwords.use(profiles.CHEAPEST)
    yield
    passwords.use(passwords.PASSWORDS)


def executing(world: World) -> str:
    """A case whose removal of both devices is in the worker's hands."""
    case_id = world.verifying()
    world.check("alice", case_id)
    held = [device.id for device in devices_of(world.as_("alice"), world.case(case_id))]
    approval.propose_removal(world.as_("alice"), case_id, held)
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    world.deliver()
    world.pass_time(hours=25)
    deactivation.execute(world.as_("alice"), case_id, code=world.code("alice"))
    return case_id


def silent(*_args: Any, **_more: Any) -> bool:
    raise ConnectorError("time-out")


def stage_with_the_password(world: World) -> str:
    return owner_sign_in.sign_in(world.owner, email=EMAIL, password=PASSWORD).visitor.stage


def test_the_password_alone_enrols_nobody_while_the_desk_waits_for_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.account()
    case_id = executing(world)
    with monkeypatch.context() as patch:
        patch.setattr(LocalConnector, "is_gone", silent)
        with pytest.raises(ConnectorError):
            deactivation.carry_out(world.system, case_id)

    assert devices(world, root(world, account)) == []
    assert stage_with_the_password(world) == "password"
    assert entry(world, root(world, account)).must_enrol_since is not None


def test_the_first_try_says_since_when_what_was_bound_is_in_doubt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.account()
    case_id = executing(world)
    with monkeypatch.context() as patch:
        patch.setattr(LocalConnector, "is_gone", silent)
        with pytest.raises(ConnectorError):
            deactivation.carry_out(world.system, case_id)
    world.session.rollback()
    first = set(world.session.execute(select(Removal.sent_at)).scalars())
    world.now += timedelta(minutes=2)
    deactivation.carry_out(world.system, case_id)

    world.session.rollback()
    assert set(world.session.execute(select(Removal.sent_at)).scalars()) == first


def test_a_stop_before_the_close_does_not_leave_the_account_to_the_password(world: World) -> None:
    account = world.account()
    case_id = executing(world)
    stopped = world.link(case_id, "stop")
    connector, principal = deactivation.held_by(world.system, world.case(case_id))
    for removal in deactivation.removals_of(world.system, world.case(case_id)):
        deactivation._remove_one(world.system, case_id, removal.id, connector, principal)
    objection.stop_by_link(world.owner, stopped)
    deactivation.carry_out(world.system, case_id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "unfounded", "it was the owner")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))

    assert world.status(case_id) == "deactivated"
    assert devices(world, root(world, account)) == []
    assert stage_with_the_password(world) == "password"


def test_the_password_alone_enrols_nobody_while_a_reset_waits_for_an_answer(
    calling_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = calling_world
    account = only_one_device(world)
    owner = Browser(world)
    owner.with_all()
    asked: list[int] = []
    answers = LocalConnector.is_gone

    def silent_afterwards(*args: Any, **more: Any) -> bool:
        asked.append(1)
        return answers(*args, **more) if len(asked) == 1 else silent()

    monkeypatch.setattr(LocalConnector, "is_gone", silent_afterwards)
    with pytest.raises(Refused, match="removal_failed"):
        owner.remove()

    assert devices(world, root(world, account)) == []
    assert stage_with_the_password(world) == "password"


def only_one_device(world: World) -> Account:
    account = world.account()
    with world.system.act():
        devices(world, root(world, account))[1].removed_at = world.now
    return account


def test_one_link_stops_an_account_once_and_not_after_every_decision(calling_world: World) -> None:
    world = calling_world
    world.account()
    link = Browser(world).with_mail()
    opened = set()
    for _ in range(3):
        case = self_service_mailbox.stop_by_prove_link(world.owner, link)
        assert case is not None
        opened.add(case.id)
        if world.status(case.id) == "frozen":
            objection.propose_unfreeze(world.as_("lee"), case.id, "decline", "nothing was wrong")
            objection.agree_unfreeze(world.as_("lou"), case.id, code=world.code("lou"))

    assert len(opened) == 1
