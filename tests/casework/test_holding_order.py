"""In which order an act in an owner's browser holds rows. Two acts that hold them in unlike orders wait for each other for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from portal.casework import objection, self_service_handover, self_service_mailbox, self_service_removal
from tests.casework.resetting import Browser, answer
from tests.world import World

ROOT = Path(__file__).parents[2]
HANGS = {
    "owner_session",
    "self_service",
}  # refer to their account, so that changing them waits for whoever holds it


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def acts(world: World) -> list[list[str]]:
    """The tables of which each act has held rows, in its order."""
    seen: list[list[str]] = [[]]

    def note(state: ORMExecuteState) -> None:
        statement = state.statement
        held = getattr(statement, "_for_update_arg", None) is not None
        if held or state.is_delete:
            table = statement.table if state.is_delete else statement.get_final_froms()[0]  # type: ignore[attr-defined]
            seen[-1].append(table.name)

    def ended(_session: Session) -> None:
        seen.append([])

    event.listen(world.session, "do_orm_execute", note)
    event.listen(world.session, "after_commit", ended)
    event.listen(world.session, "after_rollback", ended)
    return seen


def _sign_in_again(browser: Browser) -> None:
    browser.sign_in().sign_in()


def _link_elsewhere(browser: Browser) -> None:
    link = browser.with_mail()
    Browser(browser.world).confirm_with_password(link)


def _remove(browser: Browser) -> None:
    browser.with_all()
    browser.remove()


def _remove_by_worker(browser: Browser) -> None:
    attempt = browser.with_all()
    self_service_removal.carry_out(browser.world.system, attempt.id)


def _hand_over(browser: Browser) -> None:
    browser.with_mailbox()
    self_service_handover.fail(browser.world.owner, browser.visitor, "busy")


def _stop(browser: Browser) -> None:
    link = browser.with_mail()
    self_service_mailbox.stop_by_prove_link(browser.world.owner, link)


def _stop_by_call(browser: Browser) -> None:
    browser.with_mailbox()
    answer(browser.world, browser.ask_call(), "9")


WAYS: dict[str, Callable[[Browser], object]] = {
    "the password again": _sign_in_again,
    "the link in another browser": _link_elsewhere,
    "the removal": _remove,
    "the removal by a worker": _remove_by_worker,
    "the request form instead": _hand_over,
    "an objection": _stop,
    "an objection on the telephone": _stop_by_call,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_act_holds_the_account_before_what_hangs_on_it(
    way: str, world: World, acts: list[list[str]]
) -> None:
    world.account()
    WAYS[way](Browser(world))
    holding = [act for act in acts if HANGS & set(act)]
    assert holding
    for act in holding:
        assert "account" in act[: min(act.index(table) for table in HANGS & set(act))], act


def test_an_objection_to_a_request_holds_its_account_first(world: World, acts: list[list[str]]) -> None:
    account = world.account()
    case_id = world.queued()
    world.session.rollback()
    acts[:] = [[]]
    contact = world.contacts(account, "email")[0]
    objection.object_to(world.owner, case_id, channel="mail", contact_id=contact.id)

    held = [table for act in acts for table in act]
    assert held.index("account") < held.index("cases")


def test_no_row_is_held_so_that_new_rows_could_not_refer_to_it() -> None:
    """`FOR UPDATE` would hold up every act that only names the row: of two acts with two such rows one would be thrown out."""
    held = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("portal", "admin")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if "with_for_update" in line
    ]

    assert len(held) > 30
    assert [line for line in held if "key_share" not in line] == []
