"""A whole desk for a test: a database that really commits, the cast with real second factors, and a clock to turn.

Cases reach a status only by doing the acts, so that no test can hold a case that could not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
from argon2 import PasswordHasher, profiles
from sqlalchemy import select

from portal import outbox, paper_keys, receipts, runtime
from portal.casework import (
    approval,
    deactivation,
    drafts,
    intake,
    objection,
    roles,
    timers,
    transition,
    verification,
    waiting,
)
from portal.casework.context import Context, Origin
from portal.casework.devices import devices_of
from portal.config import Settings
from portal.connectors import local
from portal.domain.lifecycle import SYSTEM, Actor, Role, Status
from portal.domain.methods import METHODS
from portal.models import (
    Account,
    Case,
    Contact,
    DirectoryDevice,
    DirectoryPrincipal,
    IdentityCheck,
    Installation,
    OutboxRow,
    Person,
    Principal,
    Staff,
    StaffRole,
    new_id,
)
from portal.vault import Keys
from tests import databases
from tests.people import HANAKO, STAFF

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Tokyo
OWNER = Actor(roles=frozenset({Role.OWNER}))
LONG_AGO = timedelta(days=400)
CHEAP = PasswordHasher.from_parameters(profiles.CHEAPEST)


@dataclass
class Login:
    staff_id: str
    person_id: str
    secret: str
    email: str


class World:
    """One desk. `now` is what every act reads as the time."""

    def __init__(self, url: str, folder: Path, **settings: Any) -> None:
        self.now = START
        keys = folder / "keys"
        if not keys.exists():
            Keys.generate(keys)
            paper_keys.make(keys, "Kaijo", START - LONG_AGO)
        made = Settings(data=folder, database_url=url, keys=keys, demo=True)
        self.runtime = runtime.build(
            replace(made, **settings), engine=databases.quick_engine(url), clock=lambda _session: self.now
        )
        self.session = self.runtime.sessions()
        self.logins: dict[str, Login] = {}
        with self.system.act():
            self.session.add(Installation(id=1, mark="demo", token_epoch=1, created_at=self.now))
            self._hire({name: (*row, None) for name, row in STAFF.items()})

    def close(self) -> None:
        self.session.close()
        self.runtime.engine.dispose()

    # people

    @property
    def system(self) -> Context:
        return self.runtime.context(self.session, SYSTEM)

    @property
    def owner(self) -> Context:
        return self.runtime.context(self.session, OWNER, Origin("192.0.2.7", "Test browser", ""))

    def as_(self, name: str) -> Context:
        """The context of a member of staff, with their roles of this moment. Half a minute goes by: codes are new for each act."""
        self.session.rollback()
        self.now += timedelta(seconds=30)
        staff = self.session.get_one(Staff, self.logins[name].staff_id)
        return self.system.as_actor(roles.actor_for(self.system, staff))

    def code(self, name: str) -> str:
        """What the login's second factor shows now."""
        return pyotp.TOTP(self.logins[name].secret).at(self.now)

    def hire(self, name: str, *, role: Role | None = None, person_of: str | None = None) -> Login:
        """Give somebody a login with a real factor; `person_of` gives a second login to a colleague."""
        full_name, usual = STAFF.get(name, (name, Role.VERIFIER))
        with self.system.act():
            self._hire({name: (full_name, role or usual, person_of)})
        return self.logins[name]

    def _hire(self, logins: Mapping[str, tuple[str, Role, str | None]]) -> None:
        """Each: full name, role, and whose second login it is. Kind by kind: row by row takes thrice the time."""
        persons, staff, roles_held = [], [], []
        keys = {name: self.runtime.vault.new_key()[0] for name in logins}
        self.session.add_all(keys.values())
        for name, (full_name, role, person_of) in logins.items():
            person_id = self.logins[person_of].person_id if person_of else new_id()
            if person_of is None:
                persons.append(Person(id=person_id, name=full_name, created_at=self.now))
            login = Login(new_id(), person_id, pyotp.random_base32(32), f"{name}@desk.example")
            staff.append(self._login_row(login, keys[name].subject_id))
            roles_held.append(
                StaffRole(id=new_id(), staff_id=login.staff_id, role=role, effective_at=self.now)
            )
            self.logins[name] = login
        for rows in (persons, staff, roles_held):
            self.session.add_all(rows)
            self.session.flush()

    def _login_row(self, login: Login, subject_id: str) -> Staff:
        row = Staff(
            id=login.staff_id,
            person_id=login.person_id,
            subject_id=subject_id,
            email=login.email,
            language="ja",
            totp_enrolled_at=self.now,
            created_at=self.now,
        )
        self.runtime.vault.seal(self.session, subject_id, row, "totp", login.secret)
        return row

    def role(self, name: str) -> Role:
        return Role(self.role_row(name).role)

    def role_row(self, name: str) -> StaffRole:
        query = select(StaffRole).where(StaffRole.staff_id == self.logins[name].staff_id)
        return self.session.execute(query).scalar_one()

    # the register

    def account(self, **changes: Any) -> Account:
        """An account of the register with its root user, two mailboxes, a telephone and two real devices."""
        entry = {
            **HANAKO,
            "holder_kind": "individual",
            "connector": "local",
            "is_administrator": False,
            **changes,
        }
        vault, session, then = self.runtime.vault, self.session, self.now - LONG_AGO
        with self.system.act():
            account = Account(
                id=new_id(),
                subject_id=vault.new_subject(session),
                number=entry["number"],
                connector=entry["connector"],
                holder_kind=entry["holder_kind"],
                name_since=then,
                created_at=then,
            )
            for column in ("name", "latin_name", "kana"):
                vault.seal(session, account.subject_id, account, column, entry[column])
            session.add(account)
            session.flush()
            directory = local.add_principal(
                session, vault, password="correct horse battery", now=then, hasher=CHEAP
            )
            principal = Principal(
                id=new_id(),
                account_id=account.id,
                kind="root",
                external_id=directory.id,
                is_administrator=entry["is_administrator"],
                hardware_device=False,
                created_at=then,
            )
            session.add(principal)
            for place, (label, kind) in enumerate((("Phone", "virtual"), ("Drawer key", "hardware"))):
                registered = then + timedelta(seconds=place)
                local.add_device(session, vault, directory, label=label, kind=kind, now=registered)
            since = entry.get("since", then)
            for place, (kind, value) in enumerate(
                (
                    ("email", entry["account_email"]),
                    ("email", entry["second_email"]),
                    ("phone", entry["phone"]),
                    ("post", entry.get("post", "〒100-0000\n東京都見本区 1-2-3")),
                )
            ):
                if value:
                    self.contact(account, kind, value, since=since + timedelta(seconds=place))
            emails = [entry["account_email"], entry["second_email"]]
            vault.set_terms(session, account.subject_id, "email", [email for email in emails if email])
        return account

    def add_iam_users(self, account: Account, *usernames: str) -> None:
        """IAM users of the account, in the register and in the directory."""
        with self.system.act():
            for username in usernames:
                known = local.add_principal(
                    self.session, self.runtime.vault, password="correct horse battery", now=self.now
                )
                self.session.add(
                    Principal(
                        id=new_id(),
                        account_id=account.id,
                        kind="iam",
                        external_id=known.id,
                        username=username,
                        is_administrator=False,
                        hardware_device=False,
                        created_at=self.now,
                    )
                )

    def contact(
        self, account: Account, kind: str, value: str, *, since: datetime, language: str | None = None
    ) -> Contact:
        row = Contact(
            id=new_id(),
            account_id=account.id,
            kind=kind,
            language=language,
            confirmed_at=since,
            created_at=since,
        )
        self.runtime.vault.seal(self.session, account.subject_id, row, "value", value)
        self.session.add(row)
        self.session.flush()
        return row

    def contacts(self, account: Account, kind: str) -> list[Contact]:
        query = select(Contact).where(Contact.account_id == account.id, Contact.kind == kind)
        return list(self.session.execute(query.order_by(Contact.created_at, Contact.id)).scalars())

    # cases

    def case(self, case_id: str) -> Case:
        self.session.rollback()
        return self.session.get_one(Case, case_id, populate_existing=True)

    def status(self, case_id: str) -> str:
        return self.case(case_id).status

    def request(self, **changes: Any) -> intake.OwnerRequest:
        """What Hanako's form says."""
        base: dict[str, Any] = {
            "language": "ja",
            "principal_kind": "root",
            "account_email": HANAKO["account_email"],
            "account_number": None,
            "name": HANAKO["name"],
            "kana": HANAKO["kana"],
            "latin_name": None,
            "organisation": None,
            "holder_kind": "individual",
            "is_administrator": "no",
            "reply_email": HANAKO["account_email"],
            "phone": HANAKO["phone"],
            "call_time": "any",
            "registered_phone": "no",
            "phone_on_device": "no",
            "problem": "broken",
            "device_kind": "app",
            "theft_suspected": False,
            "detail": None,
            "accepted": {"declaration": "1", "waiting": "1", "privacy": "1"},
            "triage": {},
        }
        return intake.OwnerRequest(**{**base, **changes})

    def submit(self, **changes: Any) -> str:
        raw = drafts.start(self.owner, {})
        return intake.submit(self.owner, raw, self.request(**changes)).case_id

    def queued(self, **changes: Any) -> str:
        """A case that is confirmed and matched."""
        case_id = self.submit(**changes)
        intake.confirm(self.owner, self.link(case_id, "confirm"))
        intake.match(self.system, case_id)
        return case_id

    def verifying(self, name: str = "alice", **changes: Any) -> str:
        case_id = self.queued(**changes)
        verification.claim(self.as_(name), case_id)
        return case_id

    def waiting_owner(self, **changes: Any) -> str:
        case_id = self.verifying(**changes)
        verification.ask(self.as_("alice"), case_id, ["H4"])
        return case_id

    def check(self, name: str, case_id: str, method: str = "D2", result: str = "match") -> IdentityCheck:
        note = "" if result == "match" else "does not fit"
        return verification.record_check(
            self.as_(name), case_id, method, result, evidence=evidence_for(method), note=note
        )

    def pending_approval(self, **changes: Any) -> str:
        case_id = self.verifying(**changes)
        self.check("alice", case_id)
        self.propose("alice", case_id)
        return case_id

    def propose(self, name: str, case_id: str) -> None:
        devices = [device.id for device in devices_of(self.as_(name), self.case(case_id))]
        approval.propose_removal(self.as_(name), case_id, devices[:1])

    def open_checks(self, name: str, case_id: str) -> None:
        query = select(IdentityCheck.id).where(
            IdentityCheck.case_id == case_id,
            IdentityCheck.attested_by == "person",
            IdentityCheck.voided_at.is_(None),
        )
        for check_id in list(self.session.execute(query).scalars()):
            approval.open_check(self.as_(name), case_id, check_id)

    def approved(self, **changes: Any) -> str:
        """Agreed, and its notices still on their way."""
        case_id = self.pending_approval(**changes)
        self.open_checks("bob", case_id)
        approval.approve(self.as_("bob"), case_id, code=self.code("bob"))
        return case_id

    def cooling_off(self, **changes: Any) -> str:
        case_id = self.approved(**changes)
        self.deliver()
        return case_id

    def ready(self, **changes: Any) -> str:
        case_id = self.cooling_off(**changes)
        self.pass_time(hours=25)
        return case_id

    def executing(self, **changes: Any) -> str:
        case_id = self.ready(**changes)
        deactivation.execute(self.as_("alice"), case_id, code=self.code("alice"))
        return case_id

    def deactivated(self, **changes: Any) -> str:
        case_id = self.executing(**changes)
        deactivation.carry_out(self.system, case_id)
        return case_id

    def frozen(self, **changes: Any) -> str:
        case_id = self.queued(**changes)
        objection.stop_by_link(self.owner, self.link(case_id, "stop"))
        return case_id

    def declined(self, **changes: Any) -> str:
        case_id = self.verifying(**changes)
        approval.propose_decline(self.as_("alice"), case_id, "details_differ")
        approval.approve(self.as_("bob"), case_id, code=self.code("bob"))
        return case_id

    def cancelled(self, **changes: Any) -> str:
        case_id = self.queued(**changes)
        intake.withdraw(self.owner, case_id, "device_works")
        return case_id

    def expired(self, **changes: Any) -> str:
        case_id = self.submit(**changes)
        self.pass_time(hours=24)
        return case_id

    def reversed(self, **changes: Any) -> str:
        case_id = self.deactivated(**changes)
        objection.stop_by_link(self.owner, self.link(case_id, "stop"))
        objection.propose_unfreeze(self.as_("lee"), case_id, "reverse", "the thief had the mailbox")
        objection.agree_unfreeze(self.as_("lou"), case_id, code=self.code("lou"))
        return case_id

    def hire_lead(self, name: str) -> str:
        self.hire(name, role=Role.LEAD)
        return name

    def repeat(self, name: str, case_id: str, method: str = "D2") -> None:
        approval.repeat_check(self.as_(name), case_id, method, "match", evidence=evidence_for(method))

    def last_resort(self) -> str:
        """Approved for somebody whose device, mailbox and number are all gone; everybody on file was told."""
        case_id = self.verifying(
            reply_email="new@elsewhere.example", triage={"outcome": "last_resort"}, registered_phone="no"
        )
        seen = self.check("alice", case_id, "W3")
        verification.witness(self.as_("vic"), case_id, seen.id, self.code("vic"))
        self.check("alice", case_id, "D5")
        self.propose("alice", case_id)
        self.open_checks("lee", case_id)
        approval.approve(self.as_("lee"), case_id, code=self.code("lee"))
        self.deliver()
        return case_id

    @property
    def walks(self) -> Mapping[Status, Callable[..., str]]:
        """How to bring a case into each status."""
        return {
            status: getattr(self, status.value) for status in Status if status is not Status.UNCONFIRMED
        } | {Status.UNCONFIRMED: self.submit}

    def letter_code(self, case_id: str) -> str:
        """The code as it stands in the newest letter of a case."""
        case = self.case(case_id)
        document = receipts.document_of(self.system, case, "letter")
        assert document is not None
        return "-".join(receipts.open_facts(self.system, document)["code_groups"])

    def device_code(self, device_id: str) -> str:
        """What the device shows at this moment."""
        device = self.session.get_one(DirectoryDevice, device_id)
        owner = self.session.get_one(DirectoryPrincipal, device.principal_id)
        secret = self.runtime.vault.open(self.session, owner.subject_id, device, "secret")
        return pyotp.TOTP(secret or "").at(self.now)

    def removed(self, label: str) -> bool:
        query = select(DirectoryDevice.removed_at).where(DirectoryDevice.label == label)
        return self.session.execute(query).scalar_one() is not None

    # mail and time

    def mails(self, case_id: str, notice: str | None = None) -> list[OutboxRow]:
        self.session.rollback()  # else SQLite shows what there was when this session last began to read
        query = select(OutboxRow).where(OutboxRow.case_id == case_id, OutboxRow.kind == "mail")
        if notice:
            query = query.where(OutboxRow.notice == notice)
        return list(self.session.execute(query.order_by(OutboxRow.created_at.desc(), OutboxRow.id)).scalars())

    def params(self, row: OutboxRow) -> dict[str, Any]:
        return outbox.params_of(self.session, self.runtime.vault, row)

    def link(self, case_id: str, purpose: str) -> str:
        """The newest link of a purpose in an unsent mail of the case."""
        for row in self.mails(case_id):
            links = self.params(row).get("links", {})
            if purpose in links:
                return str(links[purpose])
        raise AssertionError(f"no mail with a {purpose} link")

    def deliver(self, state: str = "done") -> None:
        """Let every waiting mail arrive, or fail, and draw the consequences as the worker does."""
        while pending := self._pending_mails():
            with self.system.act():
                for row in pending:
                    mail = self.session.get_one(OutboxRow, row.id)
                    mail.state, mail.done_at = state, self.now
            for case_id in {row.case_id for row in pending if row.case_id and row.security}:
                waiting.settle_notices(self.system, case_id)

    def _pending_mails(self) -> list[OutboxRow]:
        self.session.rollback()
        query = select(OutboxRow).where(OutboxRow.state == "pending", OutboxRow.kind == "mail")
        return list(self.session.execute(query).scalars())

    def pass_time(self, **amount: float) -> None:
        """Turn the clock and let the worker do what is due."""
        self.now += timedelta(**amount)
        while timers.run_due(self.runtime):
            pass
        self.session.rollback()

    def lock(self, case_id: str) -> Case:
        return transition.lock(self.session, case_id)


def evidence_for(method: str) -> dict[str, str]:
    """Evidence that satisfies every field of a method."""
    values = {"yes": "yes", "date": "2026-10-01", "last4": "1234", "text": "TX-1"}
    return {
        field.key: field.choices[-1] if field.choices else "2027-10-01" if field.ahead else values[field.kind]
        for field in METHODS[method].evidence
    }
