"""What readers of proposals about staff are told: all that is signed, why they have no say, and refusals at their field."""

from __future__ import annotations

import pytest

from portal.casework import staff, staff_matters
from portal.casework.context import Refused
from portal.casework.logins import Entry
from portal.domain.lifecycle import Role
from tests.admin.desk import statements
from tests.casework.staffroom import Staffroom, use_cheap_hashes
from tests.world import World


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


def refused(room: Staffroom, kind: str, about: str, **payload: object) -> tuple[str, object]:
    with pytest.raises(Refused) as refusal:
        room.propose("ada", kind, about, **payload)
    return refusal.value.reason, refusal.value.details.get("field")


def entry(**changes: object) -> Entry:
    usual = {
        "name": "Nao",
        "email": "nao@desk.example",
        "language": "en",
        "roles": frozenset({Role.VERIFIER}),
    }
    return Entry(**{**usual, **changes})


def test_the_proposer_is_told_that_it_is_their_own(room: Staffroom):
    proposal_id = room.propose("ada", "role_grant", "vic", role="approver")

    assert room.matter(proposal_id, seen_by="ada").blocked == "own_proposal"
    with pytest.raises(Refused, match="own_proposal"):
        room.agree("ada", proposal_id)


def test_a_proposal_names_everything_that_is_signed(room: Staffroom):
    matter = room.matter(staff.propose_login(room.world.as_("ada"), entry()))

    assert (matter.about, matter.email, matter.language) == ("Nao", "nao@desk.example", "en")
    assert (matter.roles, matter.person_id, matter.target_id) == ((Role.VERIFIER,), None, None)


def test_a_change_of_address_names_both(room: Staffroom):
    proposal_id = staff.propose_address(room.world.as_("ada"), room.id("vic"), "victor@desk.example")
    matter = room.matter(proposal_id)

    assert (matter.present_email, matter.email) == ("vic@desk.example", "victor@desk.example")
    assert (matter.target_id, matter.person_id) == (room.id("vic"), room.world.logins["vic"].person_id)


def test_what_is_agreed_names_who_agreed_and_cannot_be_withdrawn(room: Staffroom):
    proposal_id = room.propose("ada", "role_grant", "vic", role="approver")
    room.agree("ann", proposal_id)
    matter = room.matter(proposal_id, seen_by="ada")

    assert (matter.decider, matter.may_withdraw) == ("Ann Admin", False)


def test_reading_more_proposals_takes_no_more_statements(room: Staffroom):
    counts = []
    for role in ("approver", "lead", "compliance"):
        room.propose("ada", "role_grant", "vic", role=role)
        reader = room.world.as_("ann")
        room.world.session.expunge_all()
        with statements(room.world) as said:
            staff_matters.matters(reader)
        counts.append(len(said))

    assert len(set(counts)) == 1


def test_a_role_that_does_not_exist_is_refused_at_its_field(room: Staffroom):
    assert refused(room, "role_grant", "vic", role="emperor") == ("role_unknown", "role")
    assert refused(room, "role_revoke", "vic", role="owner") == ("role_unknown", "role")


def test_a_role_that_excludes_another_is_refused_at_its_field(room: Staffroom):
    assert refused(room, "role_grant", "vic", role="admin") == ("admin_excludes", "role")
    with pytest.raises(Refused) as refusal:
        staff.propose_login(room.world.as_("ada"), entry(roles=frozenset({Role.ADMIN, Role.LEAD})))
    assert (refusal.value.reason, refusal.value.details["field"]) == ("admin_excludes", "roles")


def test_a_name_that_is_too_long_says_how_long_it_may_be(room: Staffroom):
    with pytest.raises(Refused) as refusal:
        staff.propose_login(room.world.as_("ada"), entry(name="N" * 101))

    assert refusal.value.details == {"field": "name", "longest": 100}
