"""For each connector: a principal with one device, and how its removal is really brought about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.connectors import Connector, local, runbook
from portal.models import (
    Account,
    DirectoryPrincipal,
    Person,
    Principal,
    Removal,
    RunbookStep,
    new_id,
)
from portal.vault import Vault
from tests import attempts

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Bench:
    """One connector with one principal of its system, who has one device."""

    session: Session
    vault: Vault
    connector: Connector
    principal: Principal
    device_id: str
    facts: dict[str, str] = field(default_factory=dict)

    def deactivate(self, now: datetime = NOW) -> None:
        self.connector.deactivate(self.session, self.principal, self.device_id, now=now)

    def is_gone(self) -> bool:
        return self.connector.is_gone(self.session, self.principal, self.device_id)

    def device_ids(self) -> list[str]:
        return [device.id for device in self.connector.list_devices(self.session, self.principal)]


def registered(session: Session, vault: Vault, connector: str, external_id: str) -> Principal:
    """A root user in the register, with nothing else."""
    number = f"{session.query(Account).count() + 1:012d}"
    account = Account(
        id=new_id(), subject_id=vault.new_subject(session), number=number, connector=connector, created_at=NOW
    )
    session.add(account)
    session.flush()
    principal = Principal(
        id=new_id(), account_id=account.id, kind="root", external_id=external_id, created_at=NOW
    )
    session.add(principal)
    session.flush()
    return principal


def local_bench(session: Session, vault: Vault) -> Bench:
    entry = local.add_principal(session, vault, password=PASSWORD, now=NOW)
    device, secret = local.add_device(session, vault, entry, label="太郎の iPhone", now=NOW)
    principal = registered(session, vault, "local", entry.id)
    return Bench(session, vault, local.LocalConnector(vault), principal, device.id, {"secret": secret})


def runbook_bench(session: Session, vault: Vault) -> Bench:
    principal = registered(session, vault, "runbook", "arn:aws:iam::000000000001:root")
    connector = runbook.RunbookConnector()
    device = connector.list_devices(session, principal)[0]
    return Bench(session, vault, connector, principal, device.id)


def removal_of(bench: Bench, at: datetime = NOW) -> Removal:
    """An attempt row, standing on a finished self-service because a case would need a whole history."""
    ground, statements = attempts.proven(
        bench.principal.account_id, bench.principal.id, at, device_id=bench.device_id
    )
    for statement in statements:
        bench.session.execute(statement)
    removal = Removal(
        id=new_id(),
        self_service_id=ground,
        connector=bench.connector.key,
        principal_id=bench.principal.id,
        device_id=bench.device_id,
        state="sent",
        created_at=at,
    )
    bench.session.add(removal)
    bench.session.flush()
    return removal


def person(session: Session, name: str) -> Person:
    found = session.execute(select(Person).where(Person.name == name)).scalar_one_or_none()
    if found is None:
        found = Person(id=new_id(), name=name, created_at=NOW)
        session.add(found)
        session.flush()
    return found


def do_step(bench: Bench, removal: Removal, step: str, *, attested: bool = True) -> None:
    row = RunbookStep(
        removal_id=removal.id, step=step, done_by=person(bench.session, "Alice Example").id, done_at=NOW
    )
    if attested:
        row.attested_by = person(bench.session, "Bob Example").id
        row.attested_at = NOW + timedelta(minutes=5)
    bench.session.add(row)
    bench.session.flush()


def finish_by_hand(bench: Bench) -> None:
    """The people of the runbook do and attest every step."""
    removal = removal_of(bench)
    for step in runbook.STEPS:
        do_step(bench, removal, step)


def nothing_more(_bench: Bench) -> None:
    """The connector acts by itself."""


BENCHES: Mapping[str, Callable[[Session, Vault], Bench]] = {"local": local_bench, "runbook": runbook_bench}
FINISHES: Mapping[str, Callable[[Bench], None]] = {"local": nothing_more, "runbook": finish_by_hand}


def directory_entry(bench: Bench) -> DirectoryPrincipal:
    return bench.session.get_one(DirectoryPrincipal, bench.principal.external_id)
