"""What hangs on no case goes too, each class at its own time, and nothing of an account that is in dispute."""

from __future__ import annotations

from typing import Any

import pytest

from portal.casework import exports
from portal.models import (
    Account,
    Contact,
    Document,
    Export,
    ManagedRemoval,
    Objection,
    PhoneChange,
    Principal,
    SelfService,
    new_id,
)
from tests.casework.kept import decided, events, later, run
from tests.reports.asking import asked
from tests.world import World

# each row that is made here, and what is left of it
Left = dict[str, bool]


@pytest.fixture
def account(world: World) -> Account:
    made = world.account()
    principal = world.session.query(Principal).filter_by(account_id=made.id).one()
    with world.system.act():
        own = {"account_id": made.id, "created_at": world.now}
        attempt = kept(world, made, SelfService, "origin", principal_id=principal.id, language="ja", **own)
        attempt.password_at = attempt.expires_at = world.now
        kept(world, made, PhoneChange, "number", principal_id=principal.id, expires_at=world.now, **own)
        other = Principal(
            id=new_id(), account_id=made.id, kind="iam", external_id="taro", created_at=world.now
        )
        world.session.add(other)
        world.session.flush()
        both = {"actor_principal_id": principal.id, "principal_id": other.id}
        kept(world, made, ManagedRemoval, "reason", device_id="d", factor_at=world.now, **both, **own)
        times = {"created_at": world.now, "confirmed_at": world.now, "retired_at": world.now}
        kept(world, made, Contact, "value", account_id=made.id, kind="phone", **times)
        paper = {"self_service_id": attempt.id, "subject_id": made.subject_id, "kind": "reset", "round": 1}
        more = {"language": "ja", "template_version": "1", "created_at": world.now}
        kept(world, made, Document, "facts", **paper, **more)
    return made


def kept(world: World, account: Account, model: Any, column: str, **columns: Any) -> Any:
    row = model(id=new_id(), **columns)
    world.runtime.vault.seal(world.session, account.subject_id, row, column, "what is held")
    world.session.add(row)
    return row


def left(world: World) -> Left:
    """Whether the sealed column is still filled: of the retired contact, and of all others."""
    world.session.rollback()
    world.session.expire_all()
    columns = {
        SelfService: "origin",
        PhoneChange: "number",
        ManagedRemoval: "reason",
    }
    found = {
        model.__tablename__: bool(getattr(world.session.query(model).one(), f"sealed_{column}"))
        for model, column in columns.items()
    }
    paper = world.session.query(Document).filter_by(kind="reset").one()
    retired = world.session.query(Contact).filter(Contact.retired_at.is_not(None)).one()
    present = world.session.query(Contact).filter(Contact.retired_at.is_(None)).all()
    assert all(contact.sealed_value for contact in present)
    return {**found, "contact": bool(retired.sealed_value), "document": bool(paper.sealed_facts)}


def gone(world: World) -> set[str]:
    return {table for table, there in left(world).items() if not there}


def test_each_class_goes_at_its_own_time_and_the_log_says_so(world: World, account: Account) -> None:
    seen = []
    for days in (29, 2, 60, 273, 2):
        later(world, days=days)
        run(world)
        seen.append(gone(world))

    assert seen[:4] == [
        set(),
        {"managed_removal"},
        {"managed_removal", "self_service"},
        {"managed_removal", "self_service"},
    ]
    assert seen[4] == {"managed_removal", "self_service", "phone_change", "contact", "document"}
    assert {each["what"] for each in events(world, "system:retention:emptied")} == seen[4]
    run(world)
    assert len(events(world, "system:retention:emptied")) == 5


def test_nothing_of_an_account_with_a_held_case_goes(world: World, account: Account) -> None:
    case_id = world.verifying()
    assert world.case(case_id).account_id == account.id
    decided(world, "case_hold", case_id)
    later(world, days=400)
    run(world)

    assert gone(world) == set()


def test_nothing_of_an_account_that_somebody_objects_to_goes(world: World, account: Account) -> None:
    with world.system.act():
        world.session.add(Objection(id=new_id(), account_id=account.id, channel="mail", at=world.now))
    later(world, days=400)
    run(world)

    assert gone(world) == set()


def test_a_purpose_goes_a_year_after_its_file_was_asked_for(world: World) -> None:
    ctx = world.as_("chika")
    export = exports.ask(ctx, asked(world, "cases"), "csv", "ja", purpose="Audit", code=world.code("chika"))
    with world.system.act():
        exports.fail(world.system, export.id, "not_built")

    def purpose() -> str | None:
        world.session.rollback()
        row = world.session.get_one(Export, export.id, populate_existing=True)
        return exports.purpose_of(world.as_("chika"), row)

    later(world, days=364)
    run(world)
    before = purpose()
    later(world, days=2)
    run(world)

    assert (before, purpose()) == ("Audit", None)
