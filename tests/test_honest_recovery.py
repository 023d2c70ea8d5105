"""The owner's own path, its calls and what stands on them: tried with SQL alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable
from sqlalchemy.exc import IntegrityError

from portal.models import Principal, new_id
from tests import attempts
from tests.sql import attack, changed, deleted, inserted, only_on, refused, row_of
from tests.world import World


@pytest.fixture
def principal(world: World) -> Principal:
    """The root user of the one account."""
    world.account()
    return world.session.query(Principal).one()


def begun(world: World, principal: Principal, **changes: Any) -> str:
    attempt = new_id()
    attack(world, attempts.begun(attempt, principal.account_id, principal.id, world.now, **changes))
    return attempt


def proven(world: World, principal: Principal, **changes: Any) -> str:
    attempt, statements = attempts.proven(principal.account_id, principal.id, world.now, **changes)
    attack(world, *statements)
    return attempt


def removal(world: World, principal: Principal, **ground: Any) -> Executable:
    row = {
        "id": new_id(),
        "connector": "local",
        "round": 1,
        "principal_id": principal.id,
        "device_id": "phone",
        "state": "sent",
        "tries": 1,
        "created_at": world.now,
    }
    return inserted("removal", row, **ground)


def managed(world: World, manager: Principal, managed: Principal, **changes: Any) -> tuple[str, Executable]:
    id_ = new_id()
    row = {
        "id": id_,
        "account_id": manager.account_id,
        "actor_principal_id": manager.id,
        "principal_id": managed.id,
        "device_id": "phone",
        "factor_at": world.now,
        "created_at": world.now,
    }
    return id_, inserted("managed_removal", row, **changes)


def iam_users(world: World, principal: Principal, *names: str) -> list[Principal]:
    from portal.models import Account

    world.add_iam_users(world.session.get_one(Account, principal.account_id), *names)
    query = world.session.query(Principal).filter(Principal.kind == "iam")
    return query.order_by(Principal.username).all()


# an attempt and its proofs


def test_an_attempt_with_all_three_proofs_is_ground_for_the_removal_of_its_device(
    world: World, principal: Principal
) -> None:
    attempt = proven(world, principal)
    attack(world, removal(world, principal, self_service_id=attempt))


@pytest.mark.parametrize("proof", ["mailbox_at", "call_at", "removed_at"])
def test_an_attempt_begins_with_the_password_alone(world: World, principal: Principal, proof: str) -> None:
    row = attempts.begun(new_id(), principal.account_id, principal.id, world.now, **{proof: world.now})
    refused(world, "self_service_begins", row)


def test_a_mailbox_is_not_proven_without_a_used_link_to_it(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    mailbox, other, rows = attempts.contacts(principal.account_id, world.now)
    proof = changed("self_service", attempt, mailbox_contact_id=mailbox, mailbox_at=world.now)
    refused(world, "self_service_linked", *rows, proof)
    unused = attempts.link(attempt, mailbox, world.now, used_at=None)
    refused(world, "self_service_linked", *rows, unused, proof)
    refused(world, "self_service_linked", *rows, attempts.link(attempt, other, world.now), proof)
    another_purpose = attempts.link(attempt, mailbox, world.now, purpose="mailbox")
    refused(world, "self_service_linked", *rows, another_purpose, proof)
    attack(world, *rows, attempts.link(attempt, mailbox, world.now), proof)


def test_the_link_of_another_attempt_proves_nothing(world: World, principal: Principal) -> None:
    attempt, other = begun(world, principal), begun(world, principal)
    mailbox, _, rows = attempts.contacts(principal.account_id, world.now)
    proof = changed("self_service", attempt, mailbox_contact_id=mailbox, mailbox_at=world.now)
    refused(world, "self_service_linked", *rows, attempts.link(other, mailbox, world.now), proof)


@pytest.mark.parametrize("missing", ["device_id", "password_at", "mailbox_contact_id"])
def test_a_mailbox_is_proven_after_password_and_device(
    world: World, principal: Principal, missing: str
) -> None:
    attempt = begun(world, principal, **({missing: None} if missing != "mailbox_contact_id" else {}))
    mailbox, _, rows = attempts.contacts(principal.account_id, world.now)
    link = attempts.link(attempt, None if missing == "mailbox_contact_id" else mailbox, world.now)
    named = {} if missing == "mailbox_contact_id" else {"mailbox_contact_id": mailbox}
    by = "self_service_linked" if missing == "mailbox_contact_id" else "ck_self_service_in_order"
    refused(world, by, *rows, link, changed("self_service", attempt, mailbox_at=world.now, **named))


def test_a_call_counts_after_the_mailbox_only(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    _, telephone, rows = attempts.contacts(principal.account_id, world.now)
    call_id, queued = attempts.call(attempt, principal.account_id, telephone, world.now)
    proof = changed("self_service", attempt, call_contact_id=telephone, call_at=world.now)
    refused(world, "ck_self_service_in_order", *rows, queued, attempts.confirmed(call_id, world.now), proof)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "notice"},
        {"kind": "new_number"},
        {"self_service_id": None},
        {"contact_id": None},
    ],
)
def test_only_the_confirmed_call_of_this_attempt_to_this_number_counts(
    world: World, principal: Principal, changes: dict[str, Any]
) -> None:
    changes = dict(changes)
    attempt = begun(world, principal)
    mailbox, telephone, rows = attempts.contacts(principal.account_id, world.now)
    attack(
        world,
        *rows,
        attempts.link(attempt, mailbox, world.now),
        changed("self_service", attempt, mailbox_contact_id=mailbox, mailbox_at=world.now),
    )
    proof = changed("self_service", attempt, call_contact_id=telephone, call_at=world.now)
    refused(world, "self_service_called", proof)
    call_id, queued = attempts.call(attempt, principal.account_id, telephone, world.now)
    refused(world, "self_service_called", queued, proof)
    account, number = principal.account_id, changes.pop("contact_id", telephone)
    other_id, other = attempts.call(attempt, account, number, world.now, **changes)
    refused(world, "self_service_called", other, attempts.confirmed(other_id, world.now), proof)
    attack(world, queued, attempts.confirmed(call_id, world.now), proof)


def test_what_was_proven_for_one_device_never_serves_another(world: World, principal: Principal) -> None:
    attempt = proven(world, principal)
    for name in ("device_id", "mailbox_contact_id", "call_contact_id", "mailbox_at", "call_at"):
        # several triggers have something against it, and a database asks them in its own order
        with pytest.raises(IntegrityError, match=r"self_service_(fixed|linked|called)"):
            attack(world, changed("self_service", attempt, **{name: None}))
    for name, value in {
        "device_id": "drawer key",
        "call_at": world.now + timedelta(days=1),
        "expires_at": world.now + timedelta(days=1),
    }.items():
        refused(world, "self_service_fixed", changed("self_service", attempt, **{name: value}))
    other = removal(world, principal, self_service_id=attempt, device_id="drawer key")
    refused(world, "removal_has_its_ground", other)


def test_an_attempt_removes_nothing_of_another_user(world: World, principal: Principal) -> None:
    attempt = proven(world, principal)
    (ken,) = iam_users(world, principal, "ken")
    refused(world, "removal_has_its_ground", removal(world, ken, self_service_id=attempt))


def test_an_attempt_that_lacks_a_proof_is_no_ground(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    refused(world, "removal_has_its_ground", removal(world, principal, self_service_id=attempt))


def test_a_removal_stands_on_one_ground_and_never_on_two(world: World, principal: Principal) -> None:
    case_id = world.executing()
    attempt = proven(world, principal)
    both = removal(world, principal, case_id=case_id, self_service_id=attempt)
    refused(world, "ck_removal_one_ground", both)


def test_a_removal_is_not_said_to_be_done_before_its_proofs(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    refused(world, "ck_self_service_three_proofs", changed("self_service", attempt, removed_at=world.now))


def test_a_removal_that_has_to_wait_waits(world: World, principal: Principal) -> None:
    attempt = proven(world, principal, hold_until=world.now + timedelta(hours=72))
    refused(world, "ck_self_service_hold_served", changed("self_service", attempt, removed_at=world.now))
    refused(world, "removal_has_its_ground", removal(world, principal, self_service_id=attempt))
    sooner = changed("self_service", attempt, hold_until=world.now)
    refused(world, "self_service_fixed", sooner)
    later = world.now + timedelta(hours=72)
    attack(
        world,
        removal(world, principal, self_service_id=attempt, created_at=later),
        changed("self_service", attempt, removed_at=later),
    )


def test_no_self_service_removes_from_a_protected_account(world: World, principal: Principal) -> None:
    attempt = proven(world, principal)
    protect = changed("account", principal.account_id, is_protected=True)
    attack(world, *proposals(world, principal), protect)
    refused(world, "removal_has_its_ground", removal(world, principal, self_service_id=attempt))


def proposals(world: World, principal: Principal) -> tuple[Executable, ...]:
    """What two admins have agreed on, in case the database asks for it."""
    row = {
        "id": new_id(),
        "kind": "account_protect",
        "target_id": principal.account_id,
        "subject_id": new_id(),
        "sealed_payload": b"sealed",
        "digest": "0" * 64,
        "state": "effective",
        "proposed_by": world.logins["ada"].person_id,
        "decided_by": world.logins["ann"].person_id,
        "created_at": world.now,
    }
    return (inserted("proposal", row),)


def test_no_self_service_removes_while_an_objection_is_open(world: World, principal: Principal) -> None:
    attempt = proven(world, principal)
    objection: dict[str, Any] = {
        "id": new_id(),
        "account_id": principal.account_id,
        "channel": "call",
        "at": world.now,
    }
    attack(world, inserted("objection", objection))
    with_ground = removal(world, principal, self_service_id=attempt)
    refused(world, "removal_has_its_ground", with_ground)
    attack(world, changed("objection", objection["id"], outcome="upheld"), with_ground)


@only_on("sqlite")
@pytest.mark.parametrize("table", ["self_service", "phone_call"])
def test_an_attempt_and_a_call_are_never_replaced(world: World, principal: Principal, table: str) -> None:
    proven(world, principal)
    row = row_of(world, table)
    again = inserted(table, row).prefix_with("OR REPLACE")
    refused(world, f"{table}_never_replaced", again)


# calls


def test_a_call_begins_unplaced_and_untried(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    ended = {"state": "ended", "outcome": "confirmed", "answered_at": world.now, "ended_at": world.now}
    for changes in (ended, {"tries": 2}):
        _, row = attempts.call(attempt, principal.account_id, None, world.now, **changes)
        refused(world, "phone_call_begins", row)


def test_a_call_keeps_what_it_is_for_and_how_it_ended(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    call_id, row = attempts.call(attempt, principal.account_id, None, world.now, provider_id="CA1")
    attack(world, row, changed("phone_call", call_id, tries=3))
    for name, value in {
        "kind": "check",
        "self_service_id": None,
        "code_digest": "2" * 64,
        "path_hash": "2" * 64,
        "provider_id": "CA2",
        "expires_at": world.now + timedelta(days=1),
        "tries": 1,
    }.items():
        refused(world, "phone_call_fixed", changed("phone_call", call_id, **{name: value}))
    attack(world, changed("phone_call", call_id, state="ended", outcome="wrong", ended_at=world.now))
    better = changed("phone_call", call_id, outcome="confirmed", answered_at=world.now)
    refused(world, "phone_call_fixed", better)


@pytest.mark.parametrize("missing", ["answered_at", "ended_at", "code_digest"])
def test_a_call_is_not_confirmed_that_nobody_answered(
    world: World, principal: Principal, missing: str
) -> None:
    attempt = begun(world, principal)
    without_code = {"code_digest": None} if missing == "code_digest" else {}
    call_id, row = attempts.call(attempt, principal.account_id, None, world.now, **without_code)
    attack(world, row)
    moments = {"answered_at": world.now, "ended_at": world.now}
    moments.pop(missing, None)
    claim = changed("phone_call", call_id, state="ended", outcome="confirmed", **moments)
    refused(world, "ck_phone_call_confirmed", claim)


def test_a_call_is_not_confirmed_after_its_time(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    call_id, row = attempts.call(attempt, principal.account_id, None, world.now)
    attack(world, row)
    late = attempts.confirmed(call_id, world.now + timedelta(minutes=6))
    refused(world, "ck_phone_call_confirmed", late)


def test_a_call_ends_in_a_way_that_the_rules_know(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    call_id, row = attempts.call(attempt, principal.account_id, None, world.now)
    attack(world, row)
    nonsense = changed("phone_call", call_id, state="ended", outcome="nonsense", ended_at=world.now)
    refused(world, "ck_phone_call_outcome", nonsense)
    refused(world, "ck_phone_call_state", changed("phone_call", call_id, state="nonsense"))


def test_a_call_has_an_outcome_when_it_has_ended_and_not_before(world: World, principal: Principal) -> None:
    attempt = begun(world, principal)
    call_id, row = attempts.call(attempt, principal.account_id, None, world.now)
    attack(world, row)
    refused(world, "ck_phone_call_ended", changed("phone_call", call_id, state="ended"))
    refused(world, "ck_phone_call_ended", changed("phone_call", call_id, outcome="busy"))


# removals for others


def test_the_root_user_removes_the_device_of_an_iam_user(world: World, principal: Principal) -> None:
    (ken,) = iam_users(world, principal, "ken")
    id_, row = managed(world, principal, ken)
    attack(world, row, removal(world, ken, managed_id=id_))


def test_an_administrator_does_too_and_an_ordinary_user_does_not(world: World, principal: Principal) -> None:
    ken, mia = iam_users(world, principal, "ken", "mia")
    id_, row = managed(world, ken, mia)
    attack(world, row)
    with_ground = removal(world, mia, managed_id=id_)
    refused(world, "removal_has_its_ground", with_ground)
    attack(world, changed("principal", ken.id, is_administrator=True), with_ground)


def test_nobody_removes_the_device_of_the_root_user_nor_their_own(world: World, principal: Principal) -> None:
    (ken,) = iam_users(world, principal, "ken")
    attack(world, changed("principal", ken.id, is_administrator=True))
    id_, row = managed(world, ken, principal)
    attack(world, row)
    refused(world, "removal_has_its_ground", removal(world, principal, managed_id=id_))
    _, own = managed(world, ken, ken)
    refused(world, "ck_managed_removal_two_principals", own)


def test_a_managed_removal_removes_one_device_once(world: World, principal: Principal) -> None:
    (ken,) = iam_users(world, principal, "ken")
    id_, row = managed(world, principal, ken)
    attack(world, row)
    refused(world, "removal_has_its_ground", removal(world, ken, managed_id=id_, device_id="tablet"))
    refused(world, "removal_has_its_ground", removal(world, principal, managed_id=id_))
    attack(world, removal(world, ken, managed_id=id_))
    again = removal(world, ken, managed_id=id_)
    with pytest.raises(Exception, match=r"managed_id|never_replaced"):
        attack(world, again)


def test_a_managed_removal_needs_a_code_of_its_own_moment(world: World, principal: Principal) -> None:
    (ken,) = iam_users(world, principal, "ken")
    _, row = managed(world, principal, ken, factor_at=world.now - timedelta(minutes=5))
    refused(world, "ck_managed_removal_fresh", row)


def test_a_managed_removal_is_never_changed_nor_deleted(world: World, principal: Principal) -> None:
    (ken,) = iam_users(world, principal, "ken")
    id_, row = managed(world, principal, ken)
    attack(world, row)
    refused(world, "managed_removal_fixed", changed("managed_removal", id_, device_id="tablet"))
    refused(world, "managed_removal_no_delete", deleted("managed_removal", id=id_))


def test_an_attempt_that_was_stopped_removes_nothing_and_stays_stopped(
    world: World, principal: Principal
) -> None:
    attempt = proven(world, principal)
    attack(world, changed("self_service", attempt, ended_at=world.now))
    refused(world, "removal_has_its_ground", removal(world, principal, self_service_id=attempt))
    refused(world, "self_service_fixed", changed("self_service", attempt, ended_at=None))


def test_a_call_is_never_deleted_with_its_wrong_digits(world: World, principal: Principal) -> None:
    attempt = proven(world, principal)
    refused(world, "phone_call_no_delete", deleted("phone_call", self_service_id=attempt))
    other = row_of(world, "phone_call")["id"]
    refused(world, "phone_call_fixed", changed("phone_call", other, number_digest="2" * 64))


def test_an_account_keeps_its_id_and_its_subject(world: World, principal: Principal) -> None:
    """Another one in its place would bring its own flag along."""
    for column in ("id", "subject_id"):
        refused(world, "account_fixed", changed("account", principal.account_id, **{column: new_id()}))
