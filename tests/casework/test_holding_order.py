"""In which order an act in an owner's browser holds rows. Two acts that hold them in unlike orders wait for each other for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from portal.casework import self_service_handover, self_service_mailbox, self_service_removal
from tests.casework.resetting import Browser
from tests.world import World

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


WAYS: dict[str, Callable[[Browser], object]] = {
    "the password again": _sign_in_again,
    "the link in another browser": _link_elsewhere,
    "the removal": _remove,
    "the removal by a worker": _remove_by_worker,
    "the request form instead": _hand_over,
    "an objection": _stop,
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
