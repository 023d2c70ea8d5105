"""What a proposed file would do, told to the person who decides: masked, and with what it would disturb."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.casework import register_held, register_import
from portal.casework.register_import import Preview
from portal.casework.register_plan import Disturbed, PlannedChange
from tests.admin.desk import statements
from tests.casework.register_desk import hanakos_row, imported, proposed
from tests.casework.register_rows import GOOD, another, row
from tests.people import HANAKO
from tests.world import World

ROOT = GOOD["external_id"]


def told(world: World, *rows: dict[str, str]) -> Preview:
    proposal = proposed(world, *rows)
    return register_import.preview(world.as_("lee"), proposal.id)


def changes(world: World, *rows: dict[str, str]) -> tuple[PlannedChange, ...]:
    (planned,) = told(world, *rows).planned
    return planned.changes


def test_a_new_account_is_told_with_its_holder_and_its_contacts_masked(world: World):
    found = changes(world, row())

    assert PlannedChange("holder_kind", "", "", "individual") in found
    assert PlannedChange("name", "", "", "山*** 太***") in found
    assert PlannedChange("email", "", "", "t***@m***.example") in found
    assert PlannedChange("post", "", "", "***") in found
    assert not any("太郎" in change.after or "見本" in change.after for change in found)


def test_a_new_user_is_told_with_all_that_makes_their_requests_easier(world: World):
    found = changes(world, row(edits_contacts="yes", hardware_device="yes"))

    assert [change for change in found if change.whose == ROOT] == [
        PlannedChange("external_id", ROOT, "", ROOT),
        PlannedChange("principal_kind", ROOT, "", "root"),
        PlannedChange("is_administrator", ROOT, "", "False"),
        PlannedChange("edits_contacts", ROOT, "", "True"),
        PlannedChange("hardware_device", ROOT, "", "True"),
    ]


def test_another_user_of_a_known_account_is_told_by_name(world: World):
    imported(world)
    found = changes(world, row(principal_kind="iam", username="hanako", external_id="user/hanako"))

    assert {change.whose for change in found} == {"hanako"}


def test_a_changed_right_says_whose_it_is(world: World):
    users = [
        row(principal_kind="iam", username=name, external_id=f"user/{name}") for name in ("jiro", "saburo")
    ]
    imported(world, row(), *users)
    found = changes(world, row(), users[0], {**users[1], "is_administrator": "yes"})

    assert found == (PlannedChange("is_administrator", "saburo", "False", "True"),)


def test_a_changed_language_says_which_contact_it_is_for(world: World):
    imported(world)

    assert changes(world, row(email_language="en")) == (PlannedChange("language", "email", "ja", "en"),)


def test_an_account_that_stays_as_it_is_has_no_changes(world: World):
    imported(world)

    assert changes(world, row()) == ()


def test_a_part_of_a_long_file_can_be_shown(world: World):
    proposal = proposed(world, *(another(number) for number in range(1, 6)))
    seen = register_import.preview(world.as_("lee"), proposal.id, start=3, most=1)

    assert [planned.account_number for planned in seen.planned] == ["000000000004"]
    assert (seen.new, seen.known) == (5, 0)


# what it would disturb


def number() -> str:
    return HANAKO["number"]


@pytest.mark.parametrize("walk", [World.pending_approval, World.cooling_off, World.ready])
def test_a_decision_that_rests_on_the_old_facts_would_be_void(world: World, walk: Callable[[World], str]):
    changed = hanakos_row(world, email="new@else.example")
    walk(world)

    assert told(world, another(2), changed).disturbed == Disturbed(voided=(number(),))


def test_a_removal_under_way_would_hold_the_file_up(world: World):
    changed = hanakos_row(world, email="new@else.example")
    world.executing()

    assert told(world, changed).disturbed == Disturbed(executing=(number(),))


def test_more_running_decisions_take_no_more_statements_to_find(world: World):
    rows, counts = [], []
    for place in (1, 2, 3):
        mailbox = f"p{place}@mail.example"
        account = world.account(number=f"{place:012d}", account_email=mailbox, second_email=None)
        world.cooling_off(account_email=mailbox, reply_email=mailbox, account_number=account.number)
        (user,) = register_held.of_account(world.system, account).principals
        rows.append(another(place, connector="local", external_id=user.external_id, email="n@else.example"))
        proposal_id = proposed(world, *rows).id
        reader = world.as_("lee")
        world.session.expunge_all()
        with statements(world) as said:
            seen = register_import.preview(reader, proposal_id)
        assert len(seen.disturbed.voided) == place
        counts.append(len(said))

    assert counts == [counts[0]] * 3


@pytest.mark.parametrize("changes", [{}, {"email_language": "en"}])
def test_what_proves_nothing_disturbs_nothing(world: World, changes: dict[str, str]):
    told_row = hanakos_row(world, **changes)
    world.pending_approval()

    assert told(world, told_row).disturbed == Disturbed()


def test_where_nothing_is_decided_nothing_is_disturbed(world: World):
    changed = hanakos_row(world, email="new@else.example")
    world.verifying()

    assert told(world, changed).disturbed == Disturbed()


def test_other_accounts_are_not_disturbed(world: World):
    world.account()
    world.pending_approval()

    assert told(world, another(2)).disturbed == Disturbed()
