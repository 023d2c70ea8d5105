"""What decisions by two people share, whatever they are about."""

from __future__ import annotations

import hashlib

import pytest

from portal import audit
from portal.casework import decisions, keeping, protection
from portal.casework.decisions import Matter
from portal.models import Proposal
from tests.world import World


@pytest.mark.parametrize(
    ("matter", "kind", "named"),
    [(keeping.MATTER, "account_erase", "target"), (protection.MATTER, "account_protect", "account")],
)
def test_a_digest_names_its_thing_as_every_version_did(
    world: World, matter: Matter, kind: str, named: str
) -> None:
    """Else nobody could agree after an update to what was proposed before it."""
    account_id = world.account().id
    proposal_id = decisions.propose(world.as_("ada"), matter, kind, account_id, reason="Asked by its owner")
    said = audit.canonical({"kind": kind, named: account_id, "reason": "Asked by its owner"})

    assert world.session.get_one(Proposal, proposal_id).digest == hashlib.sha256(said).hexdigest()


@pytest.mark.parametrize(
    ("matter", "other", "kind"),
    [
        (keeping.MATTER, protection.MATTER, "account_erase"),
        (protection.MATTER, keeping.MATTER, "account_protect"),
    ],
)
def test_the_people_of_one_matter_do_not_find_what_is_anothers(
    world: World, matter: Matter, other: Matter, kind: str
) -> None:
    account = world.account()
    decisions.propose(world.as_("ada"), matter, kind, account.id, reason="Asked by its owner")

    assert [len(decisions.asked_for(world.as_("ann"), one, account)) for one in (matter, other)] == [1, 0]
