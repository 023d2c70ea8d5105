"""What the system itself sees proven: links, letters, codes; and that their counts outlive them."""

from __future__ import annotations

import pytest

from portal import tokens
from portal.casework import objection, proofs
from portal.casework.context import Refused
from portal.casework.facts import verdict_of
from tests.world import World


def test_the_mailbox_link_goes_to_the_register_and_never_to_a_typed_address(world: World) -> None:
    account = world.account()
    other = world.account(
        number="999999999999", account_email="o@mail.example", second_email="p@mail.example"
    )
    case_id = world.verifying(reply_email="new@elsewhere.example")
    strangers = world.contacts(other, "email")[0].id
    with pytest.raises(Refused, match="contact_missing"):
        proofs.send_mailbox_link(world.as_("alice"), case_id, strangers)
    mine = world.contacts(account, "email")[1].id
    proofs.send_mailbox_link(world.as_("alice"), case_id, mine)
    assert [row.contact_id for row in world.mails(case_id, "mailbox_check")] == [mine]


def test_a_newer_mailbox_link_makes_the_older_worthless(world: World) -> None:
    account = world.account()
    case_id = world.verifying(reply_email="new@elsewhere.example")
    contact = world.contacts(account, "email")[0].id
    proofs.send_mailbox_link(world.as_("alice"), case_id, contact)
    older = world.link(case_id, "mailbox")
    proofs.send_mailbox_link(world.as_("alice"), case_id, contact)
    assert proofs.confirm_mailbox(world.owner, older) is None


def test_two_checks_over_one_mailbox_count_once(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.send_mailbox_link(world.as_("alice"), case_id, world.contacts(account, "email")[0].id)
    proofs.confirm_mailbox(world.owner, world.link(case_id, "mailbox"))
    assert not verdict_of(world.system, world.case(case_id)).met


def test_the_code_of_the_letter_typed_by_the_owner_is_a_check_of_the_system(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    proofs.post_letter(world.as_("alice"), case_id, world.contacts(account, "post")[0].id)
    assert proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id).lower())
    assert not proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))


def test_a_second_letter_has_to_wait_a_day_so_that_nobody_collects_codes(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    post = world.contacts(account, "post")[0].id
    proofs.post_letter(world.as_("alice"), case_id, post)
    with pytest.raises(Refused, match="letter_too_soon"):
        proofs.post_letter(world.as_("alice"), case_id, post)
    world.now += world.runtime.limits.letter_wait
    proofs.post_letter(world.as_("alice"), case_id, post)


def test_wrong_codes_are_counted_and_no_new_letter_gives_new_tries(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    post = world.contacts(account, "post")[0].id
    proofs.post_letter(world.as_("alice"), case_id, post)
    for _ in range(world.runtime.limits.code_tries_per_case):
        assert not proofs.enter_letter_code(world.owner, case_id, "ABCD-ABCD-ABCD")
    with pytest.raises(Refused, match="too_many_codes"):
        proofs.enter_letter_code(world.owner, case_id, world.letter_code(case_id))


def test_a_mailbox_link_of_a_voided_round_proves_nothing_and_does_not_say_that_it_did(world: World) -> None:
    account = world.account()
    case_id = world.verifying(reply_email="new@mail.example")
    proofs.send_mailbox_link(world.as_("alice"), case_id, world.contacts(account, "email")[0].id)
    link = world.link(case_id, "mailbox")
    objection.object_by_requester(world.owner, case_id)
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "spoke to her")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    with pytest.raises(Refused, match="wrong_status"):
        proofs.confirm_mailbox(world.owner, link)

    kept = tokens.find(world.session, link, "mailbox")
    assert kept is not None
    assert kept.used_at is None
