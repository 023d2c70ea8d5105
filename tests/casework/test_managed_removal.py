"""Removing an IAM user's device as their root user or administrator: who may, from whom, and what their user then needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import audit, passwords
from portal.casework import (
    account_objection,
    managed_removal,
    owner_sessions,
    owner_sign_in,
    passes,
    suspension,
)
from portal.casework.context import NotFound, Refused
from portal.connectors import ConnectorError, local
from portal.connectors.local import LocalConnector
from portal.models import (
    Account,
    AuditEvent,
    DirectoryDevice,
    DirectorySession,
    LinkToken,
    ManagedRemoval,
    OutboxRow,
    Removal,
    new_id,
)
from tests.casework.keepers import PASSWORD, Keeper, SignedIn, iam_user, root_user, told
from tests.casework.register_desk import refused
from tests.casework.staffroom import use_cheap_hashes
from tests.together import together
from tests.world import OWNER, World

REASON = "Taro lost his phone"


@pytest.fixture
def account(world: World) -> Account:
    use_cheap_hashes()
    return world.account()


@pytest.fixture
def root(world: World, account: Account) -> Keeper:
    return root_user(world, account)


@pytest.fixture
def taro(world: World, account: Account) -> Keeper:
    return iam_user(world, account, "taro")


@pytest.fixture
def yuki(world: World, account: Account) -> Keeper:
    return iam_user(world, account, "yuki", administrator=True)


def remove(by: Keeper, whose: Keeper, *, browser: SignedIn | None = None, **changes: Any) -> str:
    browser = browser or by.signed_in()
    given: dict[str, Any] = {"code": by.code(), "reason": REASON, **changes}
    device_id = given.pop("device_id", whose.device_id)
    return managed_removal.remove(browser.ctx, browser.visitor, whose.principal_id, device_id, **given)


def is_there(world: World, keeper: Keeper) -> bool:
    world.session.rollback()
    row = world.session.get_one(DirectoryDevice, keeper.device_id, populate_existing=True)
    return row.removed_at is None


def count(world: World, model: type) -> int:
    world.session.rollback()
    return len(list(world.session.execute(select(model)).scalars()))


def password_entered(world: World, keeper: Keeper) -> SignedIn:
    world.session.rollback()
    opened = owner_sign_in.sign_in(
        world.owner, account_number=keeper.account.number, username=keeper.row.username, password=PASSWORD
    )
    return SignedIn(world, opened.raw)


# who may


def test_an_ordinary_iam_user_does_not_even_see_the_page(
    world: World, account: Account, taro: Keeper
) -> None:
    jiro = iam_user(world, account, "jiro", edits=True)
    browser = jiro.signed_in()

    with pytest.raises(NotFound):
        managed_removal.users(browser.ctx, browser.visitor)
    with pytest.raises(NotFound):
        remove(jiro, taro)
    assert is_there(world, taro)


@pytest.mark.parametrize("stage", ["password", "limited", "enrol"])
def test_a_browser_without_mfa_does_not(world: World, root: Keeper, taro: Keeper, stage: str) -> None:
    with pytest.raises(NotFound):
        remove(root, taro, browser=root.signed_in(stage))
    assert is_there(world, taro)


@pytest.mark.parametrize("name", ["root", "yuki"])
def test_the_root_user_and_an_administrator_may(
    world: World, root: Keeper, yuki: Keeper, taro: Keeper, name: str
) -> None:
    remove({"root": root, "yuki": yuki}[name], taro)

    assert not is_there(world, taro)


def test_nobody_removes_their_own_device_here(yuki: Keeper) -> None:
    assert refused(remove, yuki, yuki).reason == "own_device"


def test_nobody_removes_the_root_users_device(world: World, root: Keeper, yuki: Keeper) -> None:
    with pytest.raises(NotFound):
        remove(yuki, root)
    assert not world.removed("Phone")


def test_a_user_of_another_account_is_not_there(world: World, root: Keeper) -> None:
    other = world.account(number="999999999999", account_email="other@mail.example")
    stranger = iam_user(world, other, "taro")

    with pytest.raises(NotFound):
        remove(root, stranger)
    assert is_there(world, stranger)


def test_another_users_device_is_not_removed_under_this_users_name(
    world: World, account: Account, root: Keeper, taro: Keeper
) -> None:
    jiro = iam_user(world, account, "jiro")

    with pytest.raises(NotFound):
        remove(root, taro, device_id=jiro.device_id)
    assert is_there(world, jiro)


@pytest.mark.parametrize("wrong", ["", "nothing", "0" * 32, "x" * 300])
def test_what_does_not_exist_is_not_there(root: Keeper, taro: Keeper, wrong: str) -> None:
    browser, code = root.signed_in(), root.code()
    for principal_id, device_id in ((wrong, taro.device_id or ""), (taro.principal_id, wrong)):
        with pytest.raises(NotFound):
            managed_removal.remove(
                browser.ctx, browser.visitor, principal_id, device_id, reason=REASON, code=code
            )


def test_a_right_that_was_taken_away_counts_no_longer(world: World, yuki: Keeper, taro: Keeper) -> None:
    browser = yuki.signed_in()
    with world.system.act():
        yuki.row.is_administrator = False

    with pytest.raises(NotFound):
        remove(yuki, taro, browser=browser)


# the code


def test_a_wrong_a_used_or_a_colleagues_code_removes_nothing(
    world: World, root: Keeper, yuki: Keeper, taro: Keeper, account: Account
) -> None:
    jiro = iam_user(world, account, "jiro")
    used = root.code()
    remove(root, jiro, code=used)
    reasons = [refused(remove, root, taro, code=code).reason for code in ("000000", used, yuki.code())]

    assert reasons == ["wrong_code"] * 3
    assert is_there(world, taro)
    assert root.entry.code_failures == 3


def test_nobody_who_has_just_come_back_removes_the_devices_of_others(
    world: World, root: Keeper, taro: Keeper
) -> None:
    with world.system.act():
        root.entry.changes_held_until = world.now + timedelta(hours=72)
    refusal = refused(remove, root, taro)
    world.now += timedelta(hours=73)
    remove(root, taro)

    assert refusal.reason == "changes_held"


def test_nothing_is_removed_amid_a_dispute(
    world: World, account: Account, root: Keeper, taro: Keeper
) -> None:
    account_objection.object_without_case(
        world.system, world.contacts(account, "email")[0].id, channel="mail"
    )

    assert refused(remove, root, taro).reason == "objection_open"


# what it does


def test_who_did_it_and_why_stands_in_the_database_and_the_reason_in_no_log(
    world: World, account: Account, root: Keeper, taro: Keeper
) -> None:
    remove(root, taro)
    managed = world.session.execute(select(ManagedRemoval)).scalar_one()
    removal = world.session.execute(select(Removal)).scalar_one()
    events = list(
        world.session.execute(
            select(AuditEvent).where(AuditEvent.tag.startswith("account:managed_removal"))
        ).scalars()
    )

    subject = world.session.get_one(Account, managed.account_id).subject_id
    assert world.runtime.vault.open(world.session, subject, managed, "reason") == REASON
    assert (managed.actor_principal_id, managed.principal_id) == (root.principal_id, taro.principal_id)
    assert (removal.managed_id, removal.state, removal.confirmed_at) == (managed.id, "confirmed", world.now)
    assert len(events) == 2
    assert not [event for event in events if b"lost" in event.event_bytes]
    assert audit.first_break(world.session, f"account:{account.id}") is None


def test_it_is_on_record_before_the_other_system_is_called(
    world: World, root: Keeper, taro: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def watched(self: LocalConnector, session: Any, principal: Any, device_id: str, *, now: Any) -> None:
        with world.runtime.sessions() as other:
            rows = list(other.execute(select(Removal)).scalars())
        seen.extend((row.state, row.tries) for row in rows)
        raise ConnectorError("no answer")

    monkeypatch.setattr(LocalConnector, "deactivate", watched)
    with pytest.raises(ConnectorError):
        remove(root, taro)

    assert seen == [("sent", 1)]


def test_all_sessions_of_the_user_end_and_nobody_elses(world: World, root: Keeper, taro: Keeper) -> None:
    browser, own = taro.signed_in(), root.signed_in()
    with world.system.act():
        world.session.add(
            DirectorySession(id=new_id(), principal_id=taro.row.external_id, mfa=True, started_at=world.now)
        )
    remove(root, taro, browser=own)

    assert owner_sessions.find(browser.ctx, browser.raw) is None
    assert owner_sessions.find(own.ctx, own.raw) is not None
    assert world.session.execute(select(DirectorySession.ended_at)).scalars().all()[0] == world.now


def test_every_registered_mailbox_is_told_of_user_device_and_actor(
    world: World, root: Keeper, yuki: Keeper, taro: Keeper
) -> None:
    remove(yuki, taro)
    rows = told(world, "iam_device_removed")
    said = world.params(rows[0])

    assert len(rows) == 2
    assert (said["user"], said["by"], said["device"]) == ("taro", "yuki", "taro's phone")
    assert "stop" in said["links"]


def test_a_password_alone_registers_nothing_after_the_removal(
    world: World, root: Keeper, taro: Keeper
) -> None:
    remove(root, taro)
    browser = password_entered(world, taro)

    assert browser.visitor.stage == "password"
    assert refused(passes.enter, browser.ctx, browser.visitor, "AAAA-AAAA-AAAA").reason == "wrong_pass"


def test_the_pass_that_the_administrator_was_shown_lets_the_user_register_a_device_once(
    world: World, root: Keeper, taro: Keeper
) -> None:
    shown = remove(root, taro)
    browser = password_entered(world, taro)
    opened = passes.enter(browser.ctx, browser.visitor, shown)
    again = password_entered(world, taro)

    assert opened.visitor.stage == "enrol"
    assert refused(passes.enter, again.ctx, again.visitor, shown).reason == "wrong_pass"


def test_a_pass_stands_nowhere_in_the_database(world: World, root: Keeper, taro: Keeper) -> None:
    shown = remove(root, taro)
    world.session.rollback()
    kept = str(world.session.execute(select(LinkToken.__table__)).all())

    assert shown not in kept
    assert shown.replace("-", "") not in kept


def test_a_pass_lasts_an_hour(world: World, root: Keeper, taro: Keeper) -> None:
    shown = remove(root, taro)
    world.now += timedelta(minutes=61)
    browser = password_entered(world, taro)

    assert refused(passes.enter, browser.ctx, browser.visitor, shown).reason == "wrong_pass"


def test_another_pass_makes_the_first_one_worthless(world: World, root: Keeper, taro: Keeper) -> None:
    first, by, code = remove(root, taro), root.signed_in(), root.code()
    second = managed_removal.new_pass(by.ctx, by.visitor, taro.principal_id, code=code)
    browser = password_entered(world, taro)
    refusal = refused(passes.enter, browser.ctx, browser.visitor, first)

    assert refusal.reason == "wrong_pass"
    assert passes.enter(browser.ctx, browser.visitor, second).visitor.stage == "enrol"


def test_a_pass_of_one_user_is_nothing_for_another_and_does_not_end_theirs(
    world: World, account: Account, root: Keeper, taro: Keeper
) -> None:
    jiro = iam_user(world, account, "jiro")
    for_taro, for_jiro = remove(root, taro), remove(root, jiro)
    browser = password_entered(world, taro)

    assert refused(passes.enter, browser.ctx, browser.visitor, for_jiro).reason == "wrong_pass"
    assert passes.enter(browser.ctx, browser.visitor, for_taro).visitor.stage == "enrol"


def test_a_pass_is_made_by_who_may_with_a_fresh_code_for_a_user_who_needs_one(
    world: World, account: Account, root: Keeper, taro: Keeper, yuki: Keeper
) -> None:
    by, jiro = root.signed_in(), iam_user(world, account, "jiro", administrator=None)
    reasons = [
        refused(managed_removal.new_pass, by.ctx, by.visitor, taro.principal_id, code=root.code()).reason
    ]
    remove(root, taro)
    reasons += [
        refused(managed_removal.new_pass, by.ctx, by.visitor, taro.principal_id, code="000000").reason
    ]
    with pytest.raises(NotFound):
        managed_removal.new_pass(
            jiro.signed_in().ctx, jiro.signed_in().visitor, taro.principal_id, code=jiro.code()
        )

    assert reasons == ["nothing_to_enrol", "wrong_code"]


def test_the_user_changes_nothing_for_three_days_after_coming_back(
    world: World, root: Keeper, yuki: Keeper
) -> None:
    remove(root, yuki)

    assert yuki.entry.changes_held_until == world.now + timedelta(hours=72)


# when the other system does not answer


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def no_answer(self: LocalConnector, *given: Any, **more: Any) -> bool:
        raise ConnectorError("no answer")

    monkeypatch.setattr(LocalConnector, "is_gone", no_answer)
    return monkeypatch


def test_a_removal_without_an_answer_is_neither_done_nor_forgotten(
    world: World, root: Keeper, taro: Keeper, silent: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConnectorError):
        remove(root, taro)
    removal = world.session.execute(select(Removal)).scalar_one()

    assert (removal.state, removal.last_error, count(world, LinkToken)) == ("unknown", "no answer", 0)
    assert told(world, "iam_device_removed") == []


def test_asking_again_finishes_it_with_a_fresh_code(
    world: World, root: Keeper, taro: Keeper, silent: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConnectorError):
        remove(root, taro)
    silent.undo()
    by, device_id = root.signed_in(), taro.device_id or ""
    refusal = refused(managed_removal.finish, by.ctx, by.visitor, taro.principal_id, device_id, code="000000")
    code = root.code()
    shown = managed_removal.finish(by.ctx, by.visitor, taro.principal_id, device_id, code=code)
    browser = password_entered(world, taro)

    assert refusal.reason == "wrong_code"
    assert (count(world, ManagedRemoval), is_there(world, taro)) == (1, False)
    assert passes.enter(browser.ctx, browser.visitor, shown).visitor.stage == "enrol"


def test_what_is_finished_or_never_began_is_not_finished(root: Keeper, taro: Keeper) -> None:
    by, device_id = root.signed_in(), taro.device_id or ""
    for _time in range(2):
        with pytest.raises(NotFound):
            managed_removal.finish(by.ctx, by.visitor, taro.principal_id, device_id, code=root.code())
        if _time == 0:
            remove(root, taro, browser=by)


def test_of_two_presses_at_once_one_removes(world: World, root: Keeper, taro: Keeper) -> None:
    browser = root.signed_in()
    remove(root, taro, browser=browser)
    with pytest.raises(NotFound):
        remove(root, taro, browser=browser)

    assert count(world, ManagedRemoval) == 1
    assert world.session.query(OutboxRow).filter_by(notice="iam_device_removed").count() == 2


# what is seen


def test_users_are_seen_by_name_with_their_devices_and_nobody_of_another_account(
    world: World, account: Account, root: Keeper, yuki: Keeper, taro: Keeper
) -> None:
    iam_user(world, account, "akira", device=False)
    other = world.account(number="999999999999", account_email="other@mail.example")
    iam_user(world, other, "stranger")
    browser = yuki.signed_in()
    seen = managed_removal.users(browser.ctx, browser.visitor)

    assert [(one.principal.username, len(one.devices), one.is_self) for one in seen] == [
        ("akira", 0, False),
        ("taro", 1, False),
        ("yuki", 1, True),
    ]


def test_a_page_holds_so_many_and_one_more_tells_that_there_are_others(
    world: World, account: Account, root: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managed_removal, "PAGE", 2)
    for name in ("a", "b", "c", "d"):
        iam_user(world, account, name, device=False)
    browser = root.signed_in()
    first = managed_removal.users(browser.ctx, browser.visitor)
    rest = managed_removal.users(browser.ctx, browser.visitor, after="b")

    assert [one.principal.username for one in first] == ["a", "b", "c"]
    assert [one.principal.username for one in rest] == ["c", "d"]


def test_where_the_portal_lets_nobody_in_nothing_is_managed(world: World) -> None:
    account = world.account(connector="runbook", number="888888888888", account_email="r@mail.example")
    root = root_user(world, account)

    with pytest.raises(Refused):
        remove(root, iam_user(world, account, "taro"))
    assert passwords.fits(None, "x") is False


def test_two_administrators_at_once_remove_it_once_or_both_hear_that_it_is_gone(
    world: World, account: Account, root: Keeper, yuki: Keeper, taro: Keeper
) -> None:
    browsers = iter([(root.signed_in().raw, root.code()), (yuki.signed_in().raw, yuki.code())])

    def press() -> bool:
        raw, code = next(browsers)
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, OWNER)
            visitor = owner_sessions.find(ctx, raw)
            assert visitor is not None
            try:
                managed_removal.remove(ctx, visitor, taro_id, device_id, reason=REASON, code=code)
            except NotFound:
                return False
            return True

    taro_id, device_id = taro.principal_id, taro.device_id or ""
    assert any(together(2, press))
    assert not is_there(world, taro)
    assert audit.first_break(world.session, f"account:{account.id}") is None


def test_a_stop_after_it_suspends_what_the_user_has_bound_since(
    world: World, account: Account, root: Keeper, taro: Keeper
) -> None:
    remove(root, taro)
    world.now += timedelta(hours=1)
    with world.system.act():
        bound, _ = local.add_device(
            world.session, world.runtime.vault, taro.entry, label="New phone", now=world.now
        )
    contact = world.contacts(account, "email")[0]

    case = account_objection.object_on_account(world.system, contact.id, channel="mail")
    suspension.suspend(world.system, case.id)

    world.session.rollback()
    assert world.session.get_one(DirectoryDevice, bound.id, populate_existing=True).suspended_at is not None
