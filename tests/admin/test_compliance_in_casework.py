"""Each act that some page of the desk asks casework for, tried by compliance with real things in hand: it refuses by itself."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import admin
from portal.casework import decisions, keeping, protection, staff
from portal.casework.context import Refused
from portal.casework.messages import Words
from portal.domain.lifecycle import REVEAL_REASONS
from portal.models import Contact, Document, IdentityCheck, Proposal
from tests.admin.clerk import whole_database
from tests.world import World, evidence_for

# What is a reader's own: files, saved reports and views, their own sign-in, and links that are their own proof.
OWN = frozenset({"exports", "report_settings", "own_views", "sessions", "sign_in"})
OWN_ACTS = frozenset(
    {
        *("logins.accept_invite", "logins.change_password", "logins.change_settings"),
        *("staff.ask_for_reset", "staff.halt"),
        "message_drafts.forget",  # one's own, of which they have none
        # reading, and the record of it
        *("lookup.case_for_staff", "lookup.record", "lookup.search"),
    }
)
# The same name for things of several kinds: which one is meant where.
PROPOSALS = {"staff": ["role_grant"], "decisions": ["case_hold", "account_protect"]}
MATTERS = {"case_hold": keeping.MATTER, "account_protect": protection.MATTER}


def acts() -> Iterator[tuple[str, Callable[..., object]]]:
    """What the pages call and what writes, but for a reader's own."""
    for path in sorted(Path(admin.__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        modules = {
            name.asname or name.name: name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "portal.casework"
            for name in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield from _act(modules.get(node.value.id), node.attr)


def _act(module: str | None, name: str) -> Iterator[tuple[str, Callable[..., object]]]:
    if module is None or module in OWN or f"{module}.{name}" in OWN_ACTS:
        return
    found = getattr(import_module(f"portal.casework.{module}"), name, None)
    if inspect.isfunction(found) and ".act()" in inspect.getsource(found):
        yield f"{module}.{name}", found


def things(world: World) -> dict[str, Any]:
    """Something real for each thing that an act can be about, by the name of its argument."""
    account_id = world.account().id
    case_id = world.pending_approval()
    colleague = world.logins["vic"]
    decisions.propose(world.as_("lee"), keeping.MATTER, "case_hold", case_id, reason="A court asks")
    decisions.propose(world.as_("ada"), protection.MATTER, "account_protect", account_id, reason="Known")
    payload = {"role": "approver"}
    staff.propose(world.as_("ada"), "role_grant", staff_id=colleague.staff_id, payload=payload)
    world.session.rollback()
    contact = world.session.query(Contact).filter_by(account_id=account_id, kind="email").first()
    check = select(IdentityCheck.id).where(IdentityCheck.person_id.is_not(None))
    paper = world.session.query(Document).filter_by(case_id=case_id).first()
    assert contact is not None
    assert paper is not None
    return {
        "account_id": account_id,
        "case_id": case_id,
        "target_id": case_id,
        "contact_id": contact.id,
        "check_id": world.session.execute(check).scalars().first(),
        "document_id": paper.id,
        "staff_id": colleague.staff_id,
        "person_id": colleague.person_id,
        "device_ids": ["0" * 32],
        "items": ["H4"],
        "evidence": evidence_for("D2"),
        "method": "D2",
        "result": "match",
        "marker": "urgent",
        "outcome": "resume",
        "field": "name",
        "step": "sign_in",
        "reason": "asked_by_person",
        "form": "json",
        "words": Words("Hello", "Hello there."),
        "subject": "Hello",
        "body": "Hello there.",
        "name": "Hello",
        "language": "en",
        "which": "all",
        "data": "account_number\n",
        "scenario": "name_differs",
        "payload": payload,
        "removal_id": "0" * 32,
        "message_id": "0" * 32,
        "call_id": "0" * 32,
        "template_id": "0" * 32,
        "typed": "03-1234-5678",
    }


def filled(
    world: World, module: str, kind: str, act: Callable[..., object], given: dict[str, Any]
) -> dict[str, Any]:
    """Arguments for an act, as the page of somebody who may would fill them in."""
    values = given | {"matter": MATTERS.get(kind)}
    values |= {"target_id": given["account_id"]} if kind == "account_protect" else {}
    proposal = world.session.query(Proposal).filter_by(kind=kind).first()
    values |= {"kind": "reply" if module == "message_drafts" else kind}
    values |= {"proposal_id": proposal.id if proposal else "0" * 32}
    values |= {"digest": proposal.digest if proposal else "", "code": world.code("chika")}
    values |= {"reason": REVEAL_REASONS[0]} if module == "lookup" else {}
    values |= {"version": world.case(given["case_id"]).version}
    wanted = [one for one in inspect.signature(act).parameters.values() if one.name != "ctx"]
    needed = [one.name for one in wanted if one.default is one.empty or one.name == "code"]
    return {key: values[key] for key in needed}


def why_not(world: World, act: Callable[..., object], arguments: dict[str, Any]) -> str:
    try:
        act(world.as_("chika"), **arguments)
    except Refused as refused:
        return refused.reason
    return "done"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_act_that_a_page_can_ask_for_refuses_compliance(world: World) -> None:
    given, said = things(world), {}
    before = whole_database(world)
    for name, act in dict(acts()).items():
        module = name.partition(".")[0]
        for kind in PROPOSALS.get(module, ["register_import"]):
            said[name, kind] = why_not(world, act, filled(world, module, kind, act, given))
    after = whole_database(world)

    assert len(said) > 50
    # That no status lets compliance do any act of the life-cycle is tried beside this: here some are refused even
    # earlier, because the thing is not there, or not one for this act.
    fine = {"wrong_role", "second_admin", "not_found", "wrong_status", "contact_missing", "another_person"}
    assert {name: why for name, why in said.items() if why not in fine} == {}
    # a code that was shown is used up, whatever it was shown for
    assert {table for table in before if before[table] != after[table]} <= {"staff"}
