"""A desk with a telephone, an owner who is on step 2 of the reset, and what a provider would report of a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.casework import answering, calls
from portal.casework.answering import Spoken
from portal.casework.context import Context
from portal.models import Account, AuditEvent, OutboxRow, PhoneCall, Principal, SelfService, new_id
from portal.telephone import Placing, Telephone, TelephoneError
from tests import attempts
from tests.people import HANAKO
from tests.world import World

COOKIE = "the secret of the browser's cookie"
NUMBER = HANAKO["phone"]


@dataclass
class Recorder:
    """A telephone that writes down what it was to ring, and answers or fails as it is told."""

    rung: list[Placing] = field(default_factory=list)
    error: TelephoneError | None = None
    key: str = "recorder"
    rings: timedelta | None = None

    def place(self, call: Placing) -> str:
        self.rung.append(call)
        if self.error:
            raise self.error
        return sid(call.call_id)


def desk(url: str, folder: Path, **settings: Any) -> World:
    return World(url, folder, **{"telephone": "demo", **settings})


def sid(call_id: str) -> str:
    return f"CA{call_id}"


def attempt(world: World, account: Account) -> SelfService:
    """An attempt that has the password and the mailbox, and now needs the call."""
    principal = world.session.execute(
        select(Principal.id).where(Principal.account_id == account.id)
    ).scalar_one()
    mailbox, phone = (world.contacts(account, kind)[0].id for kind in ("email", "phone"))
    id_ = new_id()
    with world.system.act():
        for statement in (
            attempts.begun(id_, account.id, principal, world.now, device_label="Phone"),
            attempts.link(id_, mailbox, world.now),
            attempts.changed(
                "self_service",
                id_,
                mailbox_contact_id=mailbox,
                mailbox_at=world.now,
                call_contact_id=phone,
            ),
        ):
            world.session.execute(statement)
    return world.session.get_one(SelfService, id_)


def ask(
    world: World,
    account: Account,
    kind: str = "proof",
    *,
    ctx: Context | None = None,
    number: str = NUMBER,
    language: str = "en",
    **bound: Any,
) -> PhoneCall:
    """Ask for a call as an act would."""
    ctx = ctx or world.owner
    with ctx.act():
        contact = world.contacts(account, "phone")[0]
        material = COOKIE if kind in calls.CODED else None
        return calls.request(
            ctx,
            kind,
            account=world.session.get_one(Account, account.id),
            contact=contact,
            number=number,
            language=language,
            code_for=material,
            **bound,
        )


def ring(world: World, call: PhoneCall, telephone: Telephone | None = None, number: str = NUMBER) -> None:
    """Let the worker have the telephone ring."""
    calls.place(world.system, call.id, telephone or Recorder(), number)


def ringing(world: World, account: Account | None = None, **more: Any) -> PhoneCall:
    """A call for step 2 that rings now."""
    account = account or world.account()
    call = ask(world, account, self_service_id=attempt(world, account).id, **more)
    ring(world, call)
    return seen(world, call)


def connected(world: World, account: Account | None = None, **more: Any) -> PhoneCall:
    """A call for step 2 that somebody has picked up."""
    call = ringing(world, account, **more)
    answer(world, call)
    return seen(world, call)


def seen(world: World, call: PhoneCall) -> PhoneCall:
    """The call as it stands now."""
    world.session.rollback()
    return world.session.get_one(PhoneCall, call.id, populate_existing=True)


def code(world: World, call: PhoneCall) -> str:
    return calls.code_of(world.system, call, COOKIE)


def wrong(world: World, call: PhoneCall) -> str:
    return f"{(int(code(world, call)) + 1) % 10**6:06}"


def path(world: World, call: PhoneCall) -> str:
    return calls.path_of(world.system, call.id)


def says(world: World, call: PhoneCall, **changes: Any) -> dict[str, Any]:
    """What a provider names a call by; `ctx` and `path` first."""
    named = {"provider_id": sid(call.id), "number": NUMBER, **changes}
    return {"ctx": world.system, "path": path(world, call), **named}


def answer(world: World, call: PhoneCall, *, machine: bool = False, **changes: Any) -> Spoken | None:
    return answering.answered(**says(world, call, **changes), machine=machine)


def key(world: World, call: PhoneCall, digits: str, **changes: Any) -> Spoken | None:
    return answering.keyed(**says(world, call, **changes), digits=digits)


def report(world: World, call: PhoneCall, status: str, **changes: Any) -> None:
    answering.status(**says(world, call, **changes), status=status)


def failures(world: World, account: Account) -> int:
    world.session.rollback()
    return world.session.get_one(Account, account.id, populate_existing=True).call_failures


def notices(world: World, key: str) -> list[OutboxRow]:
    world.session.rollback()
    return list(world.session.execute(select(OutboxRow).where(OutboxRow.notice == key)).scalars())


def tags(world: World, stream: str) -> list[str]:
    world.session.rollback()
    query = select(AuditEvent.tag).where(AuditEvent.stream == stream).order_by(AuditEvent.sseq)
    return list(world.session.execute(query).scalars())
