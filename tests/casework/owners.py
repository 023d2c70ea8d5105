"""Owners at the portal's door, without a browser: what they hold, and how far their sign-in has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy import select

from portal.casework import owner_factor, owner_sessions, owner_sign_in
from portal.casework.context import Context, Origin
from portal.casework.owner_sessions import Visitor
from portal.connectors import SignIn, signing_in
from portal.models import Account, DirectoryDevice, DirectoryPrincipal, OutboxRow, Principal
from tests.people import HANAKO
from tests.world import World

PASSWORD = "correct horse battery"
EMAIL = str(HANAKO["account_email"])
STEP = timedelta(seconds=30)


def from_(world: World, address: str) -> Context:
    """The owner's context in another network."""
    return replace(world.owner, origin=Origin(address, "Test browser", ""))


def root(world: World, account: Account) -> Principal:
    query = select(Principal).where(Principal.account_id == account.id, Principal.kind == "root")
    return world.session.execute(query).scalar_one()


def only_root(world: World) -> Principal:
    """The root user of a desk with one account."""
    return world.session.execute(select(Principal).where(Principal.kind == "root")).scalar_one()


def entry(world: World, principal: Principal) -> DirectoryPrincipal:
    return world.session.get_one(DirectoryPrincipal, principal.external_id, populate_existing=True)


def devices(world: World, principal: Principal) -> list[DirectoryDevice]:
    query = (
        select(DirectoryDevice)
        .where(DirectoryDevice.principal_id == principal.external_id, DirectoryDevice.removed_at.is_(None))
        .order_by(DirectoryDevice.registered_at)
        .execution_options(populate_existing=True)
    )
    return list(world.session.execute(query).scalars())


def secret_of(world: World, device: DirectoryDevice) -> str:
    owner = world.session.get_one(DirectoryPrincipal, device.principal_id)
    return world.runtime.vault.open(world.session, owner.subject_id, device, "secret") or ""


def code_at(world: World, device: DirectoryDevice, steps: int = 0) -> str:
    """What the device shows so many steps from now."""
    return pyotp.TOTP(secret_of(world, device)).at(world.now + timedelta(seconds=30 * steps))


def wrong_code(world: World, principal: Principal) -> str:
    """A code that no device of theirs shows around now."""
    near = {code_at(world, device, step) for device in devices(world, principal) for step in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222") if code not in near)


def connector(world: World, account: Account) -> SignIn:
    found = signing_in(world.runtime.connectors[account.connector])
    assert found is not None
    return found


def with_password(world: World, **changes: Any) -> Visitor:
    """Signed in as far as the password leads."""
    named = {"email": EMAIL, "password": PASSWORD, **changes}
    raw = owner_sign_in.sign_in(world.owner, **named).raw
    return found(world, raw)


def with_mfa(world: World, account: Account) -> Visitor:
    """Signed in with a code of the first device. Half a minute goes by, so that the code is new."""
    visitor = with_password(world)
    world.pass_time(seconds=30)
    code = code_at(world, devices(world, root(world, account))[0])
    return found(world, owner_factor.sign_in_with_code(world.owner, visitor, code).raw)


def found(world: World, raw: str) -> Visitor:
    visitor = owner_sessions.find(world.owner, raw)
    assert visitor is not None
    return visitor


def told(world: World, notice: str) -> list[OutboxRow]:
    """The notices of a kind that wait to be sent."""
    world.session.rollback()
    return list(world.session.execute(select(OutboxRow).where(OutboxRow.notice == notice)).scalars())
