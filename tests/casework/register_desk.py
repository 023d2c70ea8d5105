"""What the two persons of an import do, for tests."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from portal.casework import register_import
from portal.casework.context import Refused
from portal.casework.register_import import Imported
from portal.models import Account, Principal, Proposal
from tests.casework.register_rows import file, row
from tests.people import HANAKO
from tests.world import World

NUMBER = "123456789012"


def proposed(world: World, *rows: dict[str, str], by: str = "ada") -> Proposal:
    return register_import.propose_import(world.as_(by), file(*(rows or (row(),))))


def agreed(world: World, proposal: Proposal, *, by: str = "lee") -> Imported:
    code = world.code(by)
    return register_import.agree_import(world.as_(by), proposal.id, digest=proposal.digest, code=code)


def imported(world: World, *rows: dict[str, str]) -> Imported:
    return agreed(world, proposed(world, *rows))


def account(world: World, number: str = NUMBER) -> Account:
    world.session.rollback()
    return world.session.execute(select(Account).where(Account.number == number)).scalar_one()


def hanakos_row(world: World, **changes: str) -> dict[str, str]:
    """The row that says of the world's own account just what the register says."""
    known = world.account()
    query = select(Principal.external_id).where(Principal.account_id == known.id)
    same = {
        "account_number": known.number,
        "connector": known.connector,
        "external_id": world.session.execute(query).scalar_one(),
        "hardware_device": "no",
        "name": HANAKO["name"],
        "latin_name": HANAKO["latin_name"],
        "kana": HANAKO["kana"],
        "email": HANAKO["account_email"],
        "email_language": "",
        "phone": HANAKO["phone"],
        "phone_is_mobile": "",
        "post_address": "",
        "post_confirmed_at": "",
    }
    return row(**{**same, **changes})


def count(world: World, model: type) -> int:
    world.session.rollback()
    return int(world.session.execute(select(func.count()).select_from(model)).scalar_one())


def refused(call: Any, *given: Any, **more: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        call(*given, **more)
    return refusal.value
