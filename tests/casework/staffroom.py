"""The desk's staff as they sign in: the cast of the world with passwords, codes and sessions."""

from __future__ import annotations

from functools import cache
from typing import Any

import pyotp
from argon2 import profiles
from sqlalchemy import insert, select

from portal import audit, passwords
from portal.casework import factor, sessions, sign_in, staff, staff_matters
from portal.casework.context import Context, Origin
from portal.casework.sessions import Opened, SignedIn
from portal.domain.lifecycle import Actor
from portal.models import AuditEvent, OutboxRow, Person, Staff, StaffRecoveryCode, new_id
from tests.world import World

PASSWORD = "蛍 window harbour 7 leaf"
NOBODY = Actor(roles=frozenset())


def use_cheap_hashes() -> None:
    passwords.use(profiles.CHEAPEST)


@cache
def saved_codes(name: str) -> tuple[list[str], list[str]]:
    """The recovery codes of somebody and their hashes, made once a process: hashing them takes longest."""
    codes = factor.new_recovery_codes(10)
    return codes, factor.hashes_of(codes)


class Staffroom:
    """What members of staff do at the door, told by their names."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.codes: dict[str, list[str]] = {}
        self.give_password(*world.logins)

    def give_password(self, *names: str) -> None:
        hashed = passwords.hashed(PASSWORD)
        rows: list[dict[str, str]] = []
        with self.world.system.act():
            for name in names:
                login = self.login(name)
                login.password_hash = hashed
                self.codes[name], hashes = saved_codes(name)
                rows += [{"id": new_id(), "staff_id": login.id, "hash": each} for each in hashes]
            self.world.session.flush()
            if rows:
                self.world.session.execute(insert(StaffRecoveryCode), rows)

    def login(self, name: str) -> Staff:
        return self.world.session.get_one(Staff, self.world.logins[name].staff_id, populate_existing=True)

    def door(self, address: str = "192.0.2.9") -> Context:
        return self.world.runtime.context(self.world.session, NOBODY, Origin(address, "Test browser", ""))

    def sign_in(self, name: str, **changed: Any) -> Opened:
        given = {
            "login": f"{name}@desk.example",
            "password": PASSWORD,
            "code": None,
            "old_cookie": None,
            "mark": None,
            **changed,
        }
        code = self.world.code(name) if given["code"] is None else given["code"]
        door = given.get("door") or self.door()
        return sign_in.sign_in(
            door,
            given["login"],
            given["password"],
            code=code,
            old_cookie=given["old_cookie"],
            mark=given["mark"],
        )

    def recover(self, name: str, code: str, password: str = PASSWORD) -> Opened:
        return sign_in.recover(self.door(), f"{name}@desk.example", password, code=code)

    def who(self, opened: Opened | str) -> SignedIn | None:
        return sessions.current(self.door(), opened if isinstance(opened, str) else opened.cookie)

    def session_of(self, opened: Opened) -> tuple[Context, SignedIn]:
        signed = self.who(opened)
        assert signed is not None
        return self.door().as_actor(signed.actor), signed

    def wrong_code(self, name: str) -> str:
        shown = pyotp.TOTP(self.world.logins[name].secret)
        right = {shown.at(self.world.now, counter_offset=step) for step in (-1, 0)}
        return next(code for code in ("000000", "111111", "222222") if code not in right)

    # proposals

    def id(self, name: str) -> str:
        return self.world.logins[name].staff_id

    def propose(self, by: str, kind: str, about: str, **payload: Any) -> str:
        return staff.propose(self.world.as_(by), kind, staff_id=self.id(about), payload=payload)

    def agree(self, by: str, proposal_id: str) -> str:
        code = self.world.code(by)
        return staff.agree(self.world.as_(by), proposal_id, digest=self.digest(proposal_id), code=code)

    def digest(self, proposal_id: str) -> str:
        return self.matter(proposal_id).digest

    def matter(self, proposal_id: str, seen_by: str = "ada") -> staff_matters.Matter:
        matters = staff_matters.matters(self.world.as_(seen_by))
        return next(matter for matter in matters if matter.id == proposal_id)

    def done(self, kind: str, about: str, **payload: Any) -> None:
        """Propose, agree and wait the day, by the two admins."""
        self.agree("ann", self.propose("ada", kind, about, **payload))
        self.world.pass_time(hours=24)

    # what was told and recorded

    def mails(self, notice: str) -> list[OutboxRow]:
        self.world.session.rollback()
        query = select(OutboxRow).where(OutboxRow.notice == notice).order_by(OutboxRow.created_at.desc())
        return list(self.world.session.execute(query).scalars())

    def told(self, notice: str, what: str | None = None) -> set[str]:
        """The persons that a notice went to."""
        rows = [row for row in self.mails(notice) if what in {None, self.world.params(row).get("what")}]
        query = select(Person.name).join(Staff).where(Staff.id.in_([row.staff_id for row in rows]))
        return set(self.world.session.execute(query).scalars())

    def link(self, notice: str, purpose: str, to: str | None = None) -> str:
        rows = [row for row in self.mails(notice) if to is None or row.staff_id == self.id(to)]
        return str(self.world.params(rows[0])["links"][purpose])

    def tags(self, name: str) -> list[str]:
        self.world.session.rollback()
        query = select(AuditEvent.tag).where(AuditEvent.stream == f"staff:{self.id(name)}")
        return list(self.world.session.execute(query.order_by(AuditEvent.sseq)).scalars())

    def chain_is_whole(self, name: str) -> bool:
        return audit.first_break(self.world.session, f"staff:{self.id(name)}") is None
