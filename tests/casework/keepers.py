"""Those who look after an account: its IAM users with devices of their own, signed in as far as a test needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pyotp
from sqlalchemy import select

from portal.casework import calls, owner_sessions, phone_change
from portal.casework.context import Context
from portal.casework.owner_sessions import Visitor
from portal.connectors import local
from portal.domain.lifecycle import Actor, Role
from portal.models import (
    Account,
    Contact,
    DirectoryDevice,
    DirectoryPrincipal,
    OutboxRow,
    PhoneCall,
    PhoneChange,
    Principal,
    new_id,
)
from tests.world import CHEAP, LONG_AGO, World

PASSWORD = "correct horse battery"
NEW = "+819000001111"


class Telephoned(World):
    """A desk with a telephone. Notices that are spoken arrive as mails do."""

    def _pending_mails(self) -> list[OutboxRow]:
        self.session.rollback()
        query = select(OutboxRow).where(
            OutboxRow.state == "pending",
            OutboxRow.kind.in_(("mail", "spoken")),
            OutboxRow.not_before <= self.now + timedelta(days=1),
        )
        return list(self.session.execute(query).scalars())


@dataclass
class Keeper:
    """A user with the key of their device; none where they have no device."""

    world: World
    principal_id: str
    secret: str | None
    device_id: str | None = None

    @property
    def row(self) -> Principal:
        self.world.session.rollback()
        return self.world.session.get_one(Principal, self.principal_id, populate_existing=True)

    @property
    def entry(self) -> DirectoryPrincipal:
        return self.world.session.get_one(DirectoryPrincipal, self.row.external_id, populate_existing=True)

    @property
    def account(self) -> Account:
        return self.world.session.get_one(Account, self.row.account_id, populate_existing=True)

    def code(self) -> str:
        """A code that was not used yet: half a minute goes by."""
        self.world.session.rollback()
        self.world.now += timedelta(seconds=30)
        return pyotp.TOTP(self.secret or "").at(self.world.now)

    def signed_in(self, stage: str = "full") -> SignedIn:
        ctx = self.world.owner
        with ctx.act():
            opened = owner_sessions.start(ctx, self.row, stage)
        return SignedIn(self.world, opened.raw)


@dataclass
class SignedIn:
    """A browser of theirs."""

    world: World
    raw: str

    @property
    def ctx(self) -> Context:
        self.world.session.rollback()
        return self.world.owner

    @property
    def visitor(self) -> Visitor:
        found = owner_sessions.find(self.ctx, self.raw)
        assert found is not None
        return found


def iam_user(
    world: World,
    account: Account,
    username: str,
    *,
    administrator: bool | None = False,
    edits: bool | None = None,
    device: bool = True,
) -> Keeper:
    vault, session, then = world.runtime.vault, world.session, world.now - LONG_AGO
    with world.system.act():
        entry = local.add_principal(session, vault, password=PASSWORD, now=then, hasher=CHEAP)
        principal = Principal(
            id=new_id(),
            account_id=account.id,
            kind="iam",
            external_id=entry.id,
            username=username,
            is_administrator=administrator,
            edits_contacts=edits,
            created_at=then,
        )
        session.add(principal)
        if not device:
            return Keeper(world, principal.id, None)
        row, secret = local.add_device(session, vault, entry, label=f"{username[:20]}'s phone", now=then)
        return Keeper(world, principal.id, secret, row.id)


def root_user(world: World, account: Account) -> Keeper:
    """The root user, with the first of their devices."""
    session = world.session
    principal = session.query(Principal).filter_by(account_id=account.id, kind="root").one()
    query = select(DirectoryDevice).where(DirectoryDevice.principal_id == principal.external_id)
    device = session.execute(query.order_by(DirectoryDevice.registered_at)).scalars().first()
    entry = session.get_one(DirectoryPrincipal, principal.external_id)
    assert device is not None
    secret = world.runtime.vault.open(session, entry.subject_id, device, "secret")
    return Keeper(world, principal.id, secret, device.id)


def asked(keeper: Keeper, number: str = NEW, *, browser: SignedIn | None = None) -> PhoneChange:
    browser, code = browser or keeper.signed_in(), keeper.code()
    return phone_change.begin(browser.ctx, browser.visitor, number, code=code)


def called(browser: SignedIn) -> PhoneCall:
    browser.world.now += timedelta(minutes=2)
    return phone_change.ask_call(browser.ctx, browser.visitor, browser.raw, language="ja")


def keyed(world: World, call: PhoneCall) -> None:
    """The right digits are keyed in, as far as the change of a number sees it."""
    ctx = world.system
    with ctx.act():
        row = ctx.session.get_one(PhoneCall, call.id, populate_existing=True)
        row.answered_at = ctx.now
        calls.end(ctx, row, "confirmed")
        phone_change.confirmed(ctx, row)


def pressed_nine(world: World, call: PhoneCall) -> None:
    ctx = world.system
    with ctx.act():
        row = ctx.session.get_one(PhoneCall, call.id, populate_existing=True)
        calls.end(ctx, row, "stopped")
        phone_change.stopped(ctx.as_actor(Actor(roles=frozenset({Role.CONTACT}))), row)


def corrected(keeper: Keeper, number: str = NEW) -> PhoneChange:
    """The whole way: asked for, called, keyed in."""
    browser = keeper.signed_in()
    change = asked(keeper, number, browser=browser)
    keyed(keeper.world, called(browser))
    return again(keeper.world, change)


def again(world: World, change: PhoneChange) -> PhoneChange:
    world.session.rollback()
    return world.session.get_one(PhoneChange, change.id, populate_existing=True)


def numbers(world: World, account: Account) -> list[str]:
    """The present numbers of the account."""
    world.session.rollback()
    return [value(world, account, row) for row in world.contacts(account, "phone") if row.retired_at is None]


def value(world: World, account: Account, contact: Contact) -> str:
    return world.runtime.vault.open(world.session, account.subject_id, contact, "value") or ""


def revert_links(world: World, change: PhoneChange) -> dict[str, str]:
    """The link of each mailbox that was told at once, by the id of its contact."""
    rows = told(world, "phone_changed", cause=f"{change.id}:0:")
    return {row.contact_id or "": world.params(row)["links"]["revert"] for row in rows if row.kind == "mail"}


def told(world: World, notice: str, *, cause: str = "") -> list[OutboxRow]:
    world.session.rollback()
    query = select(OutboxRow).where(OutboxRow.notice == notice, OutboxRow.unique_key.startswith(cause))
    return list(world.session.execute(query.order_by(OutboxRow.not_before, OutboxRow.unique_key)).scalars())
