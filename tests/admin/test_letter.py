"""The letter of method H4: the verifier has it made, and somebody with no other part prints it, as its code proves the post."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from portal import receipts
from portal.casework import proofs, verification
from portal.casework.context import Refused
from portal.domain.lifecycle import Role
from portal.models import CaseParty
from tests.admin.clerk import Clerk
from tests.admin.desk import tags_of
from tests.world import World

Hire = Callable[..., Clerk]
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def address(case_id: str, document_id: str) -> str:
    return f"/admin/reveal/{case_id}/letter/{document_id}"


def letter(world: World, *, painted: bool = True) -> tuple[str, str]:
    """A case with a letter, and the letter's id."""
    account = world.account()
    case_id = world.verifying()
    contact = world.contacts(account, "post")[0].id
    document_id = proofs.post_letter(world.as_("alice"), case_id, contact)
    if painted:
        receipts.store(world.system, document_id, b"%PDF-1.7 letter")
    return case_id, document_id


def taken(clerk: Clerk, case_id: str, document_id: str) -> TestResponse:
    """Press the button, or send what it would send."""
    clerk.get(f"/admin/case/{case_id}")
    token = clerk.page.html.find("input", attrs={"name": "csrf_token"})["value"] if clerk.page else ""
    return clerk.client.post(address(case_id, document_id), data={"csrf_token": token})


def part_of(world: World, case_id: str, name: str) -> str | None:
    world.session.rollback()
    party = world.session.get(CaseParty, (case_id, world.logins[name].person_id))
    return party.part if party else None


@pytest.mark.parametrize("name", ["bob", "lee", "vic"])
def test_a_colleague_with_no_other_part_prints_the_letter_and_that_is_their_part(
    world: World, clerk: Hire, name: str
) -> None:
    case_id, document_id = letter(world)
    second = clerk(name)
    page = second.get(f"/admin/case/{case_id}")
    assert page.html.select_one(f"form[action='{address(case_id, document_id)}']")
    answer = taken(second, case_id, document_id)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data == b"%PDF-1.7 letter"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    assert part_of(world, case_id, name) == "printer"
    assert tags_of(world, f"case:{case_id}")[-1] == "case:letter:printed"


def test_who_checks_the_case_never_gets_the_letter_and_is_told_who_prints_it(
    world: World, clerk: Hire
) -> None:
    case_id, document_id = letter(world)
    alice = clerk("alice", "en")
    page = alice.get(f"/admin/case/{case_id}")
    assert "A colleague with no other part in the case prints and posts it" in page.text
    assert address(case_id, document_id) not in page.response.text
    assert taken(alice, case_id, document_id).status_code == 409
    assert "case:letter:printed" not in tags_of(world, f"case:{case_id}")


def test_no_reader_gets_it_either(world: World, clerk: Hire) -> None:
    case_id, document_id = letter(world)
    codes = {name: taken(clerk(name), case_id, document_id).status_code for name in ("chika",)}
    assert codes == {"chika": 403}


def test_who_printed_the_letter_checks_nothing_in_the_case_any_more(world: World, clerk: Hire) -> None:
    case_id, document_id = letter(world)
    world.hire("both", role=Role.VERIFIER, person_of="bob")
    taken(clerk("bob"), case_id, document_id)
    with pytest.raises(Refused):
        verification.take_over(world.as_("both"), case_id, "to type the code myself")


def test_looking_at_the_address_hands_nothing_out(world: World, clerk: Hire) -> None:
    case_id, document_id = letter(world)
    assert clerk("bob").get(address(case_id, document_id)).code == 405
    assert part_of(world, case_id, "bob") is None


def test_a_letter_of_another_case_or_another_paper_is_not_found(world: World, clerk: Hire) -> None:
    case_id, document_id = letter(world)
    receipt = receipts.document_of(world.system, world.case(case_id), "receipt")
    other = world.verifying(account_email="x@nowhere.example", reply_email="x@nowhere.example")
    bob = clerk("bob")
    assert receipt is not None
    places = [(other, document_id), (case_id, receipt.id), (case_id, "x")]
    assert [taken(bob, case, paper).status_code for case, paper in places] == [404] * 3


def test_a_letter_that_is_not_painted_yet_cannot_be_saved(world: World, clerk: Hire) -> None:
    case_id, document_id = letter(world, painted=False)
    bob = clerk("bob")
    assert "手紙を作成しています。" in bob.get(f"/admin/case/{case_id}").text
    assert taken(bob, case_id, document_id).status_code == 404
    assert part_of(world, case_id, "bob") is None


def test_a_letter_is_not_printed_any_more_when_the_checks_are_over(world: World, clerk: Hire) -> None:
    case_id, document_id = letter(world)
    world.check("alice", case_id)
    world.propose("alice", case_id)
    assert taken(clerk("bob"), case_id, document_id).status_code == 409
