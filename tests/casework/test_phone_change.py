"""Correcting the registered number as an IAM user: what it takes, what a thief of one thing cannot do, and how it is undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import audit
from portal.casework import (
    account_objection,
    accounts,
    calls,
    deactivation,
    owner_sessions,
    phone_change,
    phone_facts,
    register_held,
    registry,
    tiers,
)
from portal.casework.context import Refused, Throttled
from portal.casework.register_entry import EntryContact
from portal.domain.lifecycle import Actor, Role
from portal.models import (
    Account,
    AuditEvent,
    Case,
    Contact,
    DirectoryPrincipal,
    Objection,
    PhoneCall,
    PhoneChange,
    Principal,
    SelfService,
    new_id,
)
from tests import calling
from tests import ringing as telephone
from tests.casework.keepers import (
    NEW,
    Keeper,
    SignedIn,
    Telephoned,
    again,
    asked,
    called,
    corrected,
    iam_user,
    keyed,
    numbers,
    pressed_nine,
    revert_links,
    root_user,
    told,
)
from tests.casework.register_desk import refused
from tests.people import HANAKO
from tests.together import together
from tests.world import OWNER, World

OLD = HANAKO["phone"]
NEWER = "+819000002222"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = Telephoned(database_url, tmp_path, telephone="demo")
    yield made
    made.close()


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def taro(world: World, account: Account) -> Keeper:
    return iam_user(world, account, "taro", edits=True)


def begin(browser: SignedIn, number: str = NEW, *, code: str) -> PhoneChange:
    return phone_change.begin(browser.ctx, browser.visitor, number, code=code)


def held_by(world: World, keeper: Keeper, hours: float) -> None:
    with world.system.act():
        keeper.entry.changes_held_until = world.now + timedelta(hours=hours)


def tags(world: World, account: Account, beginning: str = "account:phone") -> list[str]:
    world.session.rollback()
    query = select(AuditEvent.tag).where(AuditEvent.stream == f"account:{account.id}")
    found = world.session.execute(query.order_by(AuditEvent.sseq)).scalars()
    return [tag.rpartition(":")[2] for tag in found if tag.startswith(beginning)]


def reverted_by(world: World, change: PhoneChange, contact: Contact, channel: str = "call") -> None:
    actor = Actor(roles=frozenset({Role.CONTACT}), contact_id=contact.id)
    phone_change.revert(world.system.as_actor(actor), again(world, change), channel=channel)


def old_number(world: World, account: Account) -> Contact:
    world.session.rollback()
    return world.contacts(account, "phone")[0]


# who may


@pytest.mark.parametrize(
    ("administrator", "edits", "may"),
    [
        (False, True, True),
        (True, None, True),
        (True, False, True),
        (None, None, False),
        (False, False, False),
        (False, None, False),
    ],
)
def test_an_iam_user_needs_the_right_and_what_nobody_knows_is_no_right(
    world: World, account: Account, administrator: bool | None, edits: bool | None, may: bool
) -> None:
    user = iam_user(world, account, "jiro", administrator=administrator, edits=edits)
    if may:
        assert asked(user).account_id == account.id
    else:
        assert refused(asked, user).reason == "phone_change_not_allowed"


def test_the_root_user_does_not_correct_the_number_that_lets_them_in(world: World, account: Account) -> None:
    assert refused(asked, root_user(world, account)).reason == "phone_change_not_allowed"


@pytest.mark.parametrize("stage", ["password", "limited", "enrol"])
def test_a_browser_that_did_not_sign_in_with_mfa_changes_nothing(taro: Keeper, stage: str) -> None:
    browser = taro.signed_in(stage)

    assert refused(begin, browser, code=taro.code()).reason == "session_moved"


def test_a_session_that_ended_meanwhile_changes_nothing(world: World, taro: Keeper) -> None:
    browser = taro.signed_in()
    visitor = browser.visitor
    with world.system.act():
        owner_sessions.end_all(world.system, taro.principal_id)

    refusal = refused(phone_change.begin, browser.ctx, visitor, NEW, code=taro.code())
    assert refusal.reason == "session_moved"


# the code


def test_a_wrong_code_is_counted_like_one_at_sign_in(taro: Keeper) -> None:
    refusal = refused(begin, taro.signed_in(), code="000000")

    assert (refusal.reason, refusal.details) == ("wrong_code", {"field": "code"})
    assert taro.entry.code_failures == 1


def test_a_code_that_was_used_before_is_no_code(taro: Keeper) -> None:
    browser, code = taro.signed_in(), taro.code()
    begin(browser, code=code)

    assert refused(begin, browser, NEWER, code=code).reason == "wrong_code"


def test_a_colleagues_code_is_no_code(world: World, account: Account, taro: Keeper) -> None:
    other = iam_user(world, account, "jiro", administrator=True)

    assert refused(begin, taro.signed_in(), code=other.code()).reason == "wrong_code"


def test_codes_cannot_be_tried_on_and_on(taro: Keeper) -> None:
    browser = taro.signed_in()
    for _try in range(5):
        refused(begin, browser, code="000000")

    with pytest.raises(Throttled):
        begin(browser, code=taro.code())


def test_a_number_that_cannot_be_taken_costs_no_code(taro: Keeper) -> None:
    browser, code = taro.signed_in(), taro.code()
    reasons = [refused(begin, browser, number, code=code).reason for number in (OLD, "+12025550123")]

    assert reasons == ["phone_unchanged", "phone_not_callable"]
    assert begin(browser, code=code).confirmed_at is None


# while things are held up


def test_nothing_changes_for_three_days_after_the_root_user_came_back(
    world: World, account: Account, taro: Keeper
) -> None:
    held_by(world, root_user(world, account), 72)
    refusal = refused(asked, taro)
    world.now += timedelta(hours=72)

    assert refusal.reason == "changes_held"
    assert refusal.details["until"] <= world.now
    assert asked(taro).id


def test_nor_after_this_user_came_back(world: World, taro: Keeper) -> None:
    held_by(world, taro, 72)

    assert refused(asked, taro).reason == "changes_held"


def test_nothing_changes_amid_a_dispute(world: World, account: Account, taro: Keeper) -> None:
    account_objection.object_without_case(
        world.system, world.contacts(account, "email")[0].id, channel="mail"
    )

    assert refused(asked, taro).reason == "objection_open"


def test_nothing_changes_while_a_device_is_being_removed(world: World, account: Account) -> None:
    world.executing()
    taro = iam_user(world, account, "taro", edits=True)

    assert refused(asked, taro).reason == "executing"


# the call


def test_asking_changes_nothing_before_the_call(world: World, account: Account, taro: Keeper) -> None:
    asked(taro)

    assert numbers(world, account) == [OLD]
    assert told(world, "phone_changed") == []


def test_the_number_is_the_accounts_once_its_holder_has_keyed_the_digits(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    old, new = world.contacts(account, "phone")

    assert numbers(world, account) == [NEW]
    assert (old.retired_at, new.confirmed_at, new.predecessor_id) == (world.now, world.now, old.id)
    assert (new.is_mobile, change.new_contact_id, change.old_contact_id) == (True, new.id, old.id)
    assert tags(world, account) == ["asked", "corrected"]
    assert audit.first_break(world.session, f"account:{account.id}") is None


def test_the_account_is_found_by_the_new_number_and_no_longer_by_the_old(
    world: World, account: Account, taro: Keeper
) -> None:
    with world.system.act():
        registry.read_terms(world.system, account)
    corrected(taro)
    vault, session = world.runtime.vault, world.session

    assert vault.find(session, "phone", NEW) == [account.subject_id]
    assert vault.find(session, "phone", OLD) == []
    assert accounts.lookup_by(world.system, email=HANAKO["account_email"], account_number=None) is not None


def test_digits_keyed_after_an_hour_come_too_late(world: World, account: Account, taro: Keeper) -> None:
    browser = taro.signed_in()
    asked(taro, browser=browser)
    call = called(browser)
    world.now += timedelta(minutes=61)
    keyed_late(world, call.id)

    assert numbers(world, account) == [OLD]


def keyed_late(world: World, call_id: str) -> None:
    ctx = world.system
    with ctx.act():
        phone_change.confirmed(ctx, ctx.session.get_one(PhoneCall, call_id))


def test_a_call_for_a_number_that_was_replaced_by_another_one_confirms_nothing(
    world: World, account: Account, taro: Keeper
) -> None:
    browser = taro.signed_in()
    asked(taro, browser=browser)
    call = called(browser)
    asked(taro, NEWER, browser=browser)
    keyed_late(world, call.id)

    assert numbers(world, account) == [OLD]
    assert call.outcome == "expired"


def test_the_same_call_confirms_once(world: World, account: Account, taro: Keeper) -> None:
    browser = taro.signed_in()
    asked(taro, browser=browser)
    call = called(browser)
    keyed(world, call)
    keyed_late(world, call.id)

    assert len(world.contacts(account, "phone")) == 2


@pytest.mark.parametrize("meanwhile", ["signed_out", "right_taken", "held", "disputed", "other_number"])
def test_what_no_longer_holds_when_the_digits_are_keyed_is_not_done(
    world: World, account: Account, taro: Keeper, meanwhile: str
) -> None:
    browser = taro.signed_in()
    change = asked(taro, browser=browser)
    call = called(browser)
    changed_meanwhile(world, account, taro, meanwhile)
    before = numbers(world, account)
    keyed(world, call)

    assert numbers(world, account) == before
    assert again(world, change).confirmed_at is None
    assert tags(world, account)[-1] == "refused"
    assert told(world, "phone_changed") == []


def changed_meanwhile(world: World, account: Account, taro: Keeper, what: str) -> None:
    if what == "held":
        held_by(world, root_user(world, account), 72)
        return
    if what == "disputed":
        account_objection.object_without_case(
            world.system, world.contacts(account, "email")[0].id, channel="mail"
        )
        with world.system.act():
            owner_sessions.start(
                world.system, taro.row, "full"
            )  # signed in again, for the dispute alone to count
        return
    with world.system.act():
        if what == "signed_out":
            owner_sessions.end_all(world.system, taro.principal_id)
        elif what == "right_taken":
            world.session.get_one(Principal, taro.principal_id).edits_contacts = False
        else:
            held = register_held.of_account(world.system, account)
            old = next(row for row in held.contacts if row.kind == "phone")
            entry = EntryContact("phone", NEWER, world.now)
            registry.write(world.system, account, [registry.Change("contact", "phone", OLD, entry, old)])


def test_whoever_has_the_new_number_stops_it_with_nine(world: World, account: Account, taro: Keeper) -> None:
    browser = taro.signed_in()
    change = asked(taro, browser=browser)
    pressed_nine(world, called(browser))

    assert numbers(world, account) == [OLD]
    assert not phone_facts.is_waiting(world.system, again(world, change))
    assert refused(called, browser).reason == "phone_change_over"


def test_a_call_is_asked_for_by_a_signed_in_browser_with_a_number_that_waits(taro: Keeper) -> None:
    browser = taro.signed_in()

    assert refused(called, browser).reason == "phone_change_over"


def test_another_users_browser_does_not_call_for_this_one(
    world: World, account: Account, taro: Keeper
) -> None:
    other = iam_user(world, account, "jiro", administrator=True)
    asked(taro)

    assert refused(called, other.signed_in()).reason == "phone_change_over"


# what rested on the old number


def test_a_decision_that_was_made_on_the_old_number_is_void(world: World, account: Account) -> None:
    case_id = world.cooling_off()
    taro = iam_user(world, account, "taro", edits=True)
    corrected(taro)

    assert (world.status(case_id), world.case(case_id).round) == ("verifying", 2)


def test_a_corrected_number_is_young_and_makes_every_request_elevated(
    world: World, account: Account, taro: Keeper
) -> None:
    corrected(taro)
    case_id = world.queued()
    new = world.contacts(account, "phone")[1]

    assert world.case(case_id).tier == "elevated"
    assert "contact_changed" in tiers.computed(world.system, world.case(case_id)).reasons
    assert new.confirmed_at > world.now - world.runtime.limits.contact_age


# everybody is told


def test_every_mailbox_and_the_old_number_are_told_at_once_and_twice_again(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    rows = told(world, "phone_changed")
    mailboxes = {row.id for row in world.contacts(account, "email")}
    days = [(row.not_before - world.now) // timedelta(days=1) for row in rows if row.kind == "mail"]
    spoken = [row for row in rows if row.kind == "spoken"]

    assert sorted(days) == [0, 0, 7, 7, 28, 28]
    assert {row.contact_id for row in rows if row.kind == "mail"} == mailboxes
    assert [row.contact_id for row in spoken] == [change.old_contact_id] * 3
    assert {world.params(row)["phone_change"] for row in spoken} == {change.id}


def test_the_mail_names_who_did_it_and_no_whole_number(world: World, taro: Keeper) -> None:
    corrected(taro)
    said = world.params(told(world, "phone_changed")[0])

    assert (said["by"], said["number"], said["again"]) == ("taro", "***-****-1111", False)


# undoing


def test_any_mailbox_that_was_told_puts_the_old_number_back_without_signing_in(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    for place, raw in enumerate(revert_links(world, change).values()):
        if place == 0:
            assert phone_change.revert_by_link(world.owner, raw) is not None
    old, new = world.contacts(account, "phone")

    assert numbers(world, account) == [OLD]
    assert (old.retired_at, new.retired_at) == (None, world.now)
    assert old.confirmed_at < world.now - timedelta(days=100)
    assert world.runtime.vault.find(world.session, "phone", OLD) == [account.subject_id]
    assert again(world, change).reverted_at == world.now


def test_undoing_twice_changes_nothing(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    first, second = revert_links(world, change).values()
    phone_change.revert_by_link(world.owner, first)
    before = (len(told(world, "phone_reverted")), tags(world, account))
    world.now += timedelta(hours=1)
    for raw in (first, second):
        assert phone_change.revert_by_link(world.owner, raw) is not None

    assert (len(told(world, "phone_reverted")), tags(world, account)) == before
    assert len(list(world.session.execute(select(Objection)).scalars())) == 1


def test_reading_the_link_undoes_nothing(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    for raw in revert_links(world, change).values():
        assert phone_change.link_for(world.owner, raw) is not None

    assert numbers(world, account) == [NEW]


@pytest.mark.parametrize("raw", ["", "x", "A" * 43, "A" * 44])
def test_a_link_that_nobody_was_sent_undoes_nothing(
    world: World, account: Account, taro: Keeper, raw: str
) -> None:
    corrected(taro)

    assert phone_change.revert_by_link(world.owner, raw) is None
    assert numbers(world, account) == [NEW]


def test_a_link_of_another_purpose_undoes_nothing(world: World, account: Account, taro: Keeper) -> None:
    corrected(taro)
    case_id = world.queued()

    assert phone_change.revert_by_link(world.owner, world.link(case_id, "stop")) is None
    assert numbers(world, account) == [NEW]


def test_the_link_of_the_last_reminder_still_works_and_not_for_ever(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    raw = world.params(told(world, "phone_changed", cause=f"{change.id}:2:")[0])["links"]["revert"]
    world.now += timedelta(days=39)
    assert phone_change.link_for(world.owner, raw) is not None
    world.now += timedelta(days=2)

    assert phone_change.revert_by_link(world.owner, raw) is None
    assert numbers(world, account) == [NEW]


def test_nine_on_the_old_numbers_call_undoes_it(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    reverted_by(world, change, old_number(world, account))

    assert numbers(world, account) == [OLD]


def test_a_second_change_does_not_save_the_first(world: World, account: Account, taro: Keeper) -> None:
    first = corrected(taro)
    world.now += timedelta(days=1)
    second = corrected(taro, NEWER)
    reverted_by(world, first, old_number(world, account))

    assert numbers(world, account) == [OLD]
    assert None not in {again(world, first).reverted_at, again(world, second).reverted_at}


def test_undoing_the_second_change_leaves_the_first(world: World, account: Account, taro: Keeper) -> None:
    first = corrected(taro)
    world.now += timedelta(days=1)
    second = corrected(taro, NEWER)
    phone_change.revert_by_link(world.owner, next(iter(revert_links(world, second).values())))

    assert numbers(world, account) == [NEW]
    assert again(world, first).reverted_at is None


def test_what_two_persons_put_into_the_register_since_stays(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    held = register_held.of_account(world.system, account)
    present = next(row for row in held.contacts if row.kind == "phone" and row.retired_at is None)
    with world.system.act():
        entry = EntryContact("phone", NEWER, world.now)
        registry.write(world.system, account, [registry.Change("contact", "phone", NEW, entry, present)])
    reverted_by(world, change, old_number(world, account))

    assert numbers(world, account) == [NEWER]
    assert again(world, change).reverted_at is not None


def test_undoing_opens_a_case_on_hold_for_a_lead(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    reverted_by(world, change, old_number(world, account))
    case = world.session.execute(select(Case).where(Case.account_id == account.id)).scalar_one()

    assert case.status == "frozen"
    assert refused(asked, taro).reason == "objection_open"


def test_undoing_freezes_a_removal_that_is_running(world: World, account: Account) -> None:
    taro = iam_user(world, account, "taro", edits=True)
    change = corrected(taro)
    world.now += timedelta(days=31)
    case_id = world.executing()
    reverted_by(world, change, old_number(world, account))
    deactivation.carry_out(world.system, case_id)

    assert world.status(case_id) == "frozen"
    assert (world.removed("Phone"), numbers(world, account)) == (False, [OLD])


def test_what_was_still_to_be_told_of_it_is_withdrawn_and_everybody_hears_that_it_is_undone(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    reverted_by(world, change, old_number(world, account))
    undone = told(world, "phone_reverted")

    assert {row.state for row in told(world, "phone_changed")} == {"cancelled"}
    assert sorted(row.kind for row in undone) == ["mail", "mail", "spoken", "spoken"]


def test_undoing_ends_what_the_new_number_was_used_for_and_signs_everybody_out(
    world: World, account: Account, taro: Keeper
) -> None:
    browser = taro.signed_in()
    change = corrected(taro)
    root = root_user(world, account)
    with world.system.act():
        attempt = SelfService(
            id=new_id(),
            account_id=account.id,
            principal_id=root.principal_id,
            language="ja",
            device_id=root.device_id,
            password_at=world.now,
            created_at=world.now,
            expires_at=world.now + timedelta(hours=1),
        )
        world.session.add(attempt)
    reverted_by(world, change, old_number(world, account))
    world.session.refresh(attempt)

    assert attempt.ended_at == world.now
    assert owner_sessions.find(browser.ctx, browser.raw) is None


# what others ask


def test_a_correction_is_told_from_a_number_of_the_register(
    world: World, account: Account, taro: Keeper
) -> None:
    change = corrected(taro)
    old, new = world.contacts(account, "phone")
    found = [phone_change.corrected(world.system, row) for row in (old, new)]
    reverted_by(world, change, old)
    after = phone_change.corrected(world.system, world.contacts(account, "phone")[1])

    assert ([each and each.id for each in found], after) == ([None, change.id], None)


def test_an_account_without_a_number_gets_its_first_and_undoing_takes_it_away(
    world: World,
) -> None:
    account = world.account(phone=None)
    taro = iam_user(world, account, "taro", edits=True)
    change = corrected(taro)
    first = numbers(world, account)
    phone_change.revert_by_link(world.owner, next(iter(revert_links(world, change).values())))

    assert (first, numbers(world, account)) == ([NEW], [])


def test_where_passwords_are_not_checked_nobody_is_signed_in_to_change_anything(world: World) -> None:
    account = world.account(connector="runbook")
    taro = iam_user(world, account, "taro", edits=True)

    with pytest.raises(Refused):
        asked(taro)
    assert world.session.get(DirectoryPrincipal, taro.row.external_id) is not None


# at the same moment


def test_whoever_presses_at_once_undoes_it_once(world: World, account: Account, taro: Keeper) -> None:
    change = corrected(taro)
    links = iter([*revert_links(world, change).values()] * 2)

    def press() -> bool:
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, OWNER)
            return phone_change.revert_by_link(ctx, next(links)) is not None

    assert together(4, press) == [True] * 4
    assert tags(world, account).count("reverted") == 1
    assert numbers(world, account) == [OLD]
    assert len(list(world.session.execute(select(Case)).scalars())) == 1


def test_one_code_sent_twice_at_once_asks_for_one_number(
    world: World, account: Account, taro: Keeper
) -> None:
    browser, code = taro.signed_in(), taro.code()

    def send() -> str:
        with world.runtime.sessions() as session:
            ctx = world.runtime.context(session, OWNER)
            found = owner_sessions.find(ctx, browser.raw)
            assert found is not None
            try:
                phone_change.begin(ctx, found, NEW, code=code)
            except Refused as refusal:
                return refusal.reason
            return "asked"

    assert sorted(together(3, send)) == ["asked", "wrong_code", "wrong_code"]
    assert tags(world, account) == ["asked"]


# on the telephone itself


def ringing(world: World, taro: Keeper) -> tuple[PhoneChange, PhoneCall, str]:
    """The new number rings: the change, the call, and the digits on the screen of whoever asked."""
    browser = taro.signed_in()
    change = asked(taro, browser=browser)
    call = called(browser)
    world.now += phone_change.READ_FIRST
    calling.ring(world, call, number=NEW)
    calling.answer(world, call, number=NEW)
    return change, call, calls.code_of(world.system, call, browser.raw)


def test_digits_keyed_on_the_new_number_make_it_the_accounts(
    world: World, account: Account, taro: Keeper
) -> None:
    change, call, digits = ringing(world, taro)
    said = calling.key(world, call, digits, number=NEW)

    assert said is not None
    assert (said.say, numbers(world, account)) == ("right", [NEW])
    assert again(world, change).confirmed_at == world.now


def test_wrong_digits_three_times_end_it_and_cost_the_account_nothing(
    world: World, account: Account, taro: Keeper
) -> None:
    change, call, digits = ringing(world, taro)
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    for _try in range(3):
        calling.key(world, call, wrong, number=NEW)
    late = calling.key(world, call, digits, number=NEW)

    assert (late, numbers(world, account), calling.failures(world, account)) == (None, [OLD], 0)
    assert again(world, change).confirmed_at is None


def test_right_digits_prove_nothing_once_the_account_is_in_dispute(
    world: World, account: Account, taro: Keeper
) -> None:
    _change, call, digits = ringing(world, taro)
    mailbox = world.contacts(account, "email")[0]
    account_objection.object_without_case(world.system, mailbox.id, channel="mail")
    calling.key(world, call, digits, number=NEW)

    assert numbers(world, account) == [OLD]


def test_the_old_number_is_rung_up_and_nine_undoes_it(world: World, account: Account, taro: Keeper) -> None:
    change, call, digits = ringing(world, taro)
    calling.key(world, call, digits, number=NEW)
    world.now += timedelta(minutes=2)
    telephone.told(world)
    (rung,) = telephone.placed(world)
    telephone.pick_up(world, rung)
    telephone.press(world, rung, "9")

    assert (rung.contact_id, rung.phone_change_id) == (change.old_contact_id, change.id)
    assert numbers(world, account) == [OLD]
    assert again(world, change).reverted_at == world.now
