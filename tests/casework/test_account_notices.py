"""What registered mailboxes are told of an account without any request, and the stop that comes with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from portal.casework import objection
from portal.casework.account_notices import tell_account
from portal.domain.lifecycle import Actor, Role
from portal.models import Account, Case, Objection, OutboxRow
from tests import calling
from tests.applications import app_for
from tests.post import written
from tests.public.visitor import Visitor
from tests.together import together
from tests.world import OWNER, World


def told(world: World, account: Account, cause: str = "test") -> list[OutboxRow]:
    with world.system.act():
        tell_account(world.system, account, "calls_off", params={}, links=("stop",), cause=cause)
    return calling.notices(world, "calls_off")


def stop_of(world: World, row: OutboxRow) -> str:
    return str(world.params(row)["links"]["stop"])


def cases(world: World) -> list[Case]:
    world.session.rollback()
    return list(world.session.execute(select(Case)).scalars())


def test_every_mailbox_is_told_once_for_one_cause(world: World) -> None:
    account = world.account()
    rows = told(world, account)
    assert {row.contact_id for row in rows} == {contact.id for contact in world.contacts(account, "email")}
    assert len(told(world, account)) == 2
    assert len(told(world, account, "another cause")) == 4


def test_a_mailbox_that_was_replaced_lately_is_told_and_an_older_one_is_not(world: World) -> None:
    account = world.account()
    first, second = world.contacts(account, "email")
    with world.system.act():
        first.retired_at, second.retired_at = world.now - timedelta(days=29), world.now - timedelta(days=30)
    assert [row.contact_id for row in told(world, account)] == [first.id]


def test_it_says_which_account_and_no_name(world: World) -> None:
    row = told(world, world.account())[0]
    for language in ("ja", "en"):
        mail = written(world, row, language)
        assert "****-****-9012" in mail.text
        assert "山田" not in mail.text
        assert "MR-" not in mail.subject


def test_its_stop_opens_one_case_on_hold_however_often_it_is_pressed(world: World) -> None:
    row = told(world, world.account())[0]
    for _ in range(3):
        assert objection.stop_by_link(world.owner, stop_of(world, row)) is not None
    (case,) = cases(world)
    assert (case.status, case.frozen_from) == ("frozen", None)


def test_another_notice_to_the_same_mailbox_stops_no_second_time_while_the_first_is_open(
    world: World,
) -> None:
    account = world.account()
    first = told(world, account)[0]
    contact = first.contact_id
    second = next(
        row for row in told(world, account, "later") if row.contact_id == contact and row.id != first.id
    )
    for row in (first, second):
        objection.stop_by_link(world.owner, stop_of(world, row))
    assert len(cases(world)) == 1


def test_each_mailbox_has_a_stop_of_its_own(world: World) -> None:
    for row in told(world, world.account()):
        objection.stop_by_link(world.owner, stop_of(world, row))
    assert len(cases(world)) == 2


def test_after_the_decision_the_same_link_opens_nothing_again(world: World) -> None:
    row = told(world, world.account())[0]
    raw = stop_of(world, row)
    case = objection.stop_by_link(world.owner, raw)
    assert case is not None
    objection.propose_unfreeze(world.as_("lee"), case.id, "decline", "spoke to her in person")
    objection.agree_unfreeze(world.as_("lou"), case.id, code=world.code("lou"))
    again = objection.stop_by_link(world.owner, raw)
    assert again is not None
    assert (again.id, again.status, len(cases(world))) == (case.id, "declined", 1)


def test_its_stop_ends_after_ten_days(world: World) -> None:
    row = told(world, world.account())[0]
    world.now += timedelta(days=10)
    assert objection.stop_by_link(world.owner, stop_of(world, row)) is None
    assert cases(world) == []


def test_two_presses_at_once_open_one_case(world: World) -> None:
    row = told(world, world.account())[0]
    raw = stop_of(world, row)
    world.session.rollback()

    def press() -> bool:
        with world.runtime.sessions() as session:
            return objection.stop_by_link(world.runtime.context(session, OWNER), raw) is not None

    assert together(4, press) == [True] * 4
    assert len(cases(world)) == 1


def test_what_a_contact_says_on_a_call_freezes_once_too(world: World) -> None:
    account = world.account()
    contact = world.contacts(account, "phone")[0]
    ctx = world.system.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=contact.id))
    first = objection.object_on_account(ctx, contact.id, channel="call")
    assert objection.object_on_account(ctx, contact.id, channel="call").id == first.id
    assert len(world.session.execute(select(Objection.id)).all()) == 1


def test_its_page_shows_first_and_stops_by_its_button(world: World, tmp_path: Path) -> None:
    row = told(world, world.account())[0]
    path = f"/en/stop/{stop_of(world, row)}"
    visitor = Visitor(app_for(world.runtime))
    page = visitor.open(path)
    assert page.heading == "Stop what is happening to this account?"
    assert cases(world) == []
    stopped = visitor.send()
    assert (stopped.code, stopped.heading) == (200, "The request is stopped")
    assert cases(world)[0].status == "frozen"
    assert visitor.open(path).heading == "The request is stopped"
