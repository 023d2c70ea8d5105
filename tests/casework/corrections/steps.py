"""What tests of corrected numbers do again and again, and the numbers that they correct."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.casework import (
    phone_change,
)
from portal.domain.lifecycle import Actor, Role
from portal.models import (
    Account,
    AuditEvent,
    Contact,
    PhoneChange,
)
from tests.casework.keepers import (
    NEW,
    Keeper,
    SignedIn,
    again,
)
from tests.people import HANAKO
from tests.world import World

OLD = HANAKO["phone"]
NEWER = "+819000002222"


def begin(browser: SignedIn, number: str = NEW, *, code: str) -> PhoneChange:
    return phone_change.begin(browser.ctx, browser.visitor, number, code=code)


def held_by(world: World, keeper: Keeper, hours: float) -> None:
    with world.system.act():
        keeper.entry.changes_held_until = world.now + timedelta(hours=hours)


def tags(world: World, account: Account, beginning: str = "account:phone") -> list[str]:
    world.session.rollback()
    query = select(AuditEvent.tag).where(AuditEvent.stream == f"account:{account.id}")
    found = world.session.execute(query.order_by(AuditEvent.sseq)).scalars()
    return [tag.rpartition(":")[2] for tag in found if tag.startswith(beginning)]


def reverted_by(world: World, change: PhoneChange, contact: Contact, channel: str = "call") -> None:
    actor = Actor(roles=frozenset({Role.CONTACT}), contact_id=contact.id)
    phone_change.revert(world.system.as_actor(actor), again(world, change), channel=channel)


def old_number(world: World, account: Account) -> Contact:
    world.session.rollback()
    return world.contacts(account, "phone")[0]
