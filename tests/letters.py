"""Every notice of the table, queued for one real case and for staff, so that tests can read them all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import audit, outbox
from portal.casework import account_notices, staff, staff_mail, telling
from portal.casework.telling import Recipient
from portal.domain.lifecycle import Role
from portal.domain.notices import ACCOUNT_NOTICES, NOTICES, OTHER_NOTICES, TO_COMPLIANCE, Notice
from portal.models import Account, Case, Contact, OutboxRow, Proposal, Staff
from tests.world import World

SIDES = {
    "requester": "requester",
    "contacts": "contact",
    "contact": "contact",
    "leads": "staff",
    "compliance": "staff",
}
TO_THE_REQUESTER = ("data_erased", "data_exported", "desk_reply", "find_link", "duplicate_open")
ALL = sorted(
    {(notice.key, SIDES[notice.audience]) for notices in NOTICES.values() for notice in notices}
    | {(key, "requester" if key in TO_THE_REQUESTER else "staff") for key in OTHER_NOTICES}
    | {(key, "contact") for key in ACCOUNT_NOTICES}
)
# The links that a notice about an account carries; all others carry the stop.
ACCOUNT_LINKS: dict[str, tuple[str, ...]] = {
    "self_service_link": ("prove", "stop"),
    "one_use_pass": (),
    "account_erased": (),
    "phone_changed": ("revert",),
}
# What any act says in a notice about an account.
ACCOUNT_WORDS = {
    "browser": "Firefox",
    "code": "7K4Q-2W9D-6H3M",
    "off": True,
    "left": 0,
    "device": "Phone",
    "by": "taro",
    "number": "***-****-0000",
    "user": "jiro",
    "again": False,
    "state": "agreed",
    "what": "account",
}
Letters = dict[tuple[str, str], OutboxRow]


def queue_all(world: World) -> Letters:
    """Queue each notice once for each side that gets it."""
    account = world.account()
    case_id = world.deactivated()
    rows = _about_the_case(world, case_id) | _about_staff(world) | _about_the_account(world, account)
    assert sorted(rows) == ALL
    return rows


def _about_the_case(world: World, case_id: str) -> Letters:
    rows: Letters = {}
    with world.system.act():
        case = world.session.get_one(Case, case_id)
        known = {(notice, status) for (_, status), notices in NOTICES.items() for notice in notices}
        others = {(Notice(key, "requester", links=("status",)), case.status) for key in TO_THE_REQUESTER}
        for number, (notice, status) in enumerate(sorted(known | others, key=str)):
            side = SIDES[notice.audience]
            if (notice.key, side) not in rows:
                rows[notice.key, side] = queue(world, case, notice, status=status, number=number)
    return rows


def queue(world: World, case: Case, notice: Notice, *, number: int = 0, **params: Any) -> OutboxRow:
    """Queue one notice as an act would, with everything that any act says."""
    until = audit.timestamp(world.now + timedelta(days=10))
    said = {"items": ["H4", "D6"], "until": until, "hours": 24, "why": "details_differ", "alarm": "objection"}
    said |= {"state": "agreed", "effective_at": until}
    said |= {"subject": "MFA", "body": "24-11-2026, 15:00"}  # typed, so in the language of neither test
    to = recipient(world, case, SIDES[notice.audience], number)
    telling.put_notice(world.system, case, notice, to, {**said, **params})
    query = select(OutboxRow).where(
        OutboxRow.unique_key.endswith(f":{to.key}"), OutboxRow.notice == notice.key
    )
    return world.session.execute(query).scalars().one()


def recipient(world: World, case: Case, side: str, number: int = 0) -> Recipient:
    if side == "requester":
        return Recipient(f"requester:{number}", "ja")
    if side == "staff":
        login = world.session.get_one(Staff, world.logins["lee"].staff_id)
        return Recipient(f"staff:{number}", "ja", staff=login)
    account = world.session.get_one(Account, case.account_id)
    contact: Contact = world.contacts(account, "email")[1]
    return Recipient(f"contact:{number}", "ja", contact=contact)


def _about_the_account(world: World, account: Account) -> Letters:
    rows: Letters = {}
    contact = world.contacts(account, "email")[1]
    later = audit.timestamp(world.now + timedelta(hours=72))
    said = {**ACCOUNT_WORDS, "until": later, "effective_at": later}
    with world.system.act():
        for key in ACCOUNT_NOTICES:
            links = ACCOUNT_LINKS.get(key, ("stop",))
            account_notices.tell_account(
                world.system, account, key, params=said, links=links, contacts=[contact], cause="test"
            )
            query = select(OutboxRow).where(OutboxRow.unique_key == f"test:{key}:{contact.id}")
            rows[key, "contact"] = world.session.execute(query).scalar_one()
    return rows


def _about_staff(world: World) -> Letters:
    proposal_id = staff.propose(
        world.as_("ada"), "role_grant", staff_id=world.logins["vic"].staff_id, payload={"role": "approver"}
    )
    proposal = world.session.get_one(Proposal, proposal_id)
    staff.agree(world.as_("ann"), proposal_id, digest=proposal.digest, code=world.code("ann"))
    with world.system.act():
        vic = world.session.get_one(Staff, world.logins["vic"].staff_id)
        staff_mail.invited(world.system, vic)
        staff_mail.changed(world.system, [vic], "role_granted", about=vic, role=Role.APPROVER)
        about = world.session.execute(select(Account).limit(1)).scalar_one()
        decided = {"kind": "account_protect", "state": "effective", "by": "Ada Admin", "decider": "Ann Admin"}
        staff_mail.about_account(world.system, about, effective_at=audit.timestamp(world.now), **decided)
        kept = {**decided, "kind": "case_erase", "about": "MR-AAAA-AAAA"}
        staff_mail.about_retention(world.system, effective_at=audit.timestamp(world.now), **kept)
        until = audit.timestamp(world.now + timedelta(hours=24))
        staff_mail.export_ready(world.system, vic, about="M-1", state="ready", until=until)
        found = {(key, "staff"): _to_compliance(world, key) for key in TO_COMPLIANCE}
    for key in ("staff_invite", "staff_proposal", "staff_changed"):
        query = select(OutboxRow).where(
            OutboxRow.notice == key, OutboxRow.staff_id == world.logins["vic"].staff_id
        )
        found[key, "staff"] = world.session.execute(query).scalars().first()
    for key in ("account_setting", "retention_decision", "export_ready"):
        found[key, "staff"] = world.session.query(OutboxRow).filter_by(notice=key).first()
    return found


def _to_compliance(world: World, key: str) -> OutboxRow:
    return outbox.put(
        world.session,
        world.runtime.vault,
        "mail",
        unique_key=f"{key}:1",
        now=world.now,
        notice=key,
        language="ja",
    )
