"""The owner's own path, walked without a browser: the password, the mailed link, the telephone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from portal.casework import (
    answering,
    calls,
    owner_sessions,
    owner_sign_in,
    self_service,
    self_service_mailbox,
    self_service_removal,
)
from portal.casework.owner_sessions import Visitor
from portal.models import AuditEvent, OutboxRow, PhoneCall, SelfService
from tests.casework.owners import EMAIL, PASSWORD
from tests.people import HANAKO
from tests.world import World

NUMBER = str(HANAKO["phone"])


class Browser:
    """One browser: the secret of its cookie, and nothing else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.raw = ""

    def sign_in(self, email: str = EMAIL) -> Browser:
        opened = owner_sign_in.sign_in(self.world.owner, email=email, password=PASSWORD, old=self.raw or None)
        self.raw = opened.raw
        return self

    @property
    def visitor(self) -> Visitor:
        found = owner_sessions.find(self.world.owner, self.raw)
        assert found is not None, "nobody is signed in at this browser"
        return found

    @property
    def is_signed_in(self) -> bool:
        self.world.session.rollback()
        return owner_sessions.find(self.world.owner, self.raw) is not None

    def begin(self, label: str = "Phone") -> SelfService:
        devices = self_service.devices_of(self.world.owner, self.visitor)
        chosen = next(device.id for device in devices if device.label == label)
        return self_service.begin(self.world.owner, self.visitor, chosen, language="ja")

    def send_link(self) -> str:
        self_service_mailbox.send_link(self.world.owner, self.visitor)
        return newest_link(self.world)

    def confirm(self, link: str) -> SelfService:
        return self_service_mailbox.confirm_link(self.world.owner, link, self.visitor)

    def confirm_with_password(self, link: str, password: str = PASSWORD) -> SelfService:
        attempt, opened = self_service_mailbox.confirm_link_elsewhere(
            self.world.owner, link, password, old=self.raw or None
        )
        self.raw = opened.raw
        return attempt

    def ask_call(self) -> PhoneCall:
        return self_service.ask_call(self.world.owner, self.visitor, self.raw, language="ja")

    def code(self, call: PhoneCall) -> str:
        return calls.code_of(self.world.owner, call, self.raw)

    def remove(self) -> SelfService:
        attempt, opened = self_service_removal.remove(self.world.owner, self.visitor, old=self.raw)
        self.raw = opened.raw
        return attempt

    # from the start to a step

    def with_mail(self) -> str:
        self.sign_in().begin()
        return self.send_link()

    def with_mailbox(self) -> SelfService:
        return self.confirm(self.with_mail())

    def with_all(self) -> SelfService:
        self.with_mailbox()
        call = self.ask_call()
        answer(self.world, call, self.code(call))
        return self.attempt

    @property
    def attempt(self) -> SelfService:
        self.world.session.rollback()
        found = self_service.last_of(self.world.owner, self.visitor)
        assert found is not None
        return found


def ring(world: World, call: PhoneCall) -> tuple[str, dict[str, Any]]:
    """Let the telephone ring: the path that the provider asks, and what it says of the call each time."""
    assert world.runtime.telephone is not None
    calls.place(world.system, call.id, world.runtime.telephone, NUMBER)
    world.session.rollback()
    return calls.path_of(world.system, call.id), {"provider_id": f"demo-{call.id}", "number": NUMBER}


def answer(world: World, call: PhoneCall, keys: str) -> None:
    """Pick up and key something in."""
    path, told = ring(world, call)
    answering.answered(world.system, path, machine=False, **told)
    answering.keyed(world.system, path, digits=keys, **told)
    world.session.rollback()


def newest_link(world: World, purpose: str = "prove") -> str:
    """The link of the newest mail of the path."""
    for row in reversed(mails(world)):
        links = world.params(row).get("links", {})
        if purpose in links:
            return str(links[purpose])
    raise AssertionError(f"no mail with a {purpose} link")


def mails(world: World, notice: str | None = None) -> list[OutboxRow]:
    world.session.rollback()
    query = select(OutboxRow).where(OutboxRow.kind == "mail", OutboxRow.case_id.is_(None))
    if notice:
        query = query.where(OutboxRow.notice == notice)
    return list(world.session.execute(query.order_by(OutboxRow.created_at, OutboxRow.id)).scalars())


def tags(world: World, prefix: str = "account:self_service:") -> list[str]:
    """What the log says of the path, in order, without the prefix."""
    world.session.rollback()
    query = select(AuditEvent.tag).where(AuditEvent.tag.startswith(prefix))
    rows = world.session.execute(query.order_by(AuditEvent.at, AuditEvent.sseq)).scalars()
    return [tag.removeprefix(prefix) for tag in rows]


def everybody_is_told(world: World) -> None:
    """The notices of a wait have arrived, in mailboxes and by telephone."""
    with world.system.act():
        told = update(OutboxRow).where(OutboxRow.notice == "self_service_waiting")
        world.session.execute(told.values(state="done"))
