"""What a mail claims is true, and who has proven nothing is told nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from portal import i18n, notices, receipts
from portal.casework import approval, deactivation, objection, proofs, staff_mail, timers, verification
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Act, Role
from portal.domain.methods import METHODS
from portal.domain.notices import NOTICES
from portal.models import Account, Case, Contact, OutboxRow, Staff
from portal.notice_facts import TASKS
from portal.notice_layout import width
from tests import letters
from tests.people import HANAKO
from tests.post import written
from tests.sql import key_lost
from tests.world import World

UNCHANGED = "Your MFA settings have not changed."
STRANGER = "stranger@else.example"


def newest(world: World, case_id: str, notice: str, *, contact: bool = False) -> OutboxRow:
    return next(row for row in world.mails(case_id, notice) if bool(row.contact_id) == contact)


def english(world: World, case_id: str, notice: str, *, contact: bool = False) -> str:
    """The words of the newest mail of a case, on one line."""
    return " ".join(written(world, newest(world, case_id, notice, contact=contact), "en").text.split())


@pytest.mark.parametrize("contact", [False, True])
def test_a_cancelled_request_has_changed_nothing_and_says_so(world: World, contact: bool) -> None:
    world.account()
    assert UNCHANGED in english(world, world.cancelled(), "cancelled", contact=contact)


def test_a_freeze_before_the_removal_says_that_nothing_has_changed(world: World) -> None:
    world.account()
    assert UNCHANGED in english(world, world.frozen(), "frozen")


def test_a_freeze_after_the_removal_does_not_say_that_nothing_has_changed(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    assert UNCHANGED not in english(world, case_id, "frozen")
    told = english(world, case_id, "frozen", contact=True)
    assert UNCHANGED not in told
    assert "MFA was turned off on 25 November 2026" in told


def test_once_a_removal_was_sent_no_mail_says_that_nothing_has_changed(world: World) -> None:
    world.account()
    case_id = world.executing()
    with world.system.act():
        removal = deactivation.removals_of(world.system, world.case(case_id))[0]
        removal.state = "unknown"
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    assert UNCHANGED not in english(world, case_id, "frozen")


def test_a_started_removal_that_was_not_sent_has_changed_nothing(world: World) -> None:
    world.account()
    case_id = world.executing()
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    assert UNCHANGED in english(world, case_id, "frozen")


def test_who_has_proven_nothing_reads_no_name_no_account_and_no_words_of_their_own(world: World) -> None:
    world.account()
    case_id = world.queued(reply_email=STRANGER, detail="Call 0990-000-000 now", organisation="Evil Inc")
    for notice in ("confirm_address", "received"):
        mail = written(world, newest(world, case_id, notice))
        said = mail.subject + mail.text + mail.html
        for secret in (HANAKO["name"], "h***@", "9012", "0990", "Evil", HANAKO["account_email"]):
            assert secret not in said


def test_who_has_proven_a_registered_mailbox_is_called_by_name(world: World) -> None:
    world.account()
    case_id = world.waiting_owner()
    assert written(world, newest(world, case_id, "check_needed")).text.startswith(f"{HANAKO['name']} 様\n")


def test_a_mail_goes_to_the_address_on_record_when_it_is_written(world: World) -> None:
    world.account()
    case_id = world.queued()
    row = newest(world, case_id, "request_filed", contact=True)
    assert written(world, row).to == HANAKO["second_email"]
    with world.system.act():
        contact = world.session.get_one(Contact, row.contact_id)
        subject = world.session.get_one(Account, contact.account_id).subject_id
        world.runtime.vault.seal(world.session, subject, contact, "value", "hanako.new@mail.example")
    assert written(world, row).to == "hanako.new@mail.example"


def test_nobody_is_written_to_who_was_erased(world: World) -> None:
    world.account()
    case_id = world.queued()
    key_lost(world, world.case(case_id).subject_id)
    with pytest.raises(notices.Unwritable, match="nobody is left"):
        written(world, newest(world, case_id, "received"))


def test_a_contact_is_not_told_of_a_request_that_was_erased(world: World) -> None:
    world.account()
    case_id = world.queued()
    key_lost(world, world.case(case_id).subject_id)
    with pytest.raises(notices.Unwritable, match="erased"):
        written(world, newest(world, case_id, "request_filed", contact=True))


def test_the_receipt_comes_with_the_first_mail_once_it_is_painted(world: World) -> None:
    world.account()
    case_id = world.queued()
    row = newest(world, case_id, "received")
    assert "You can save your receipt from the status page." in written(world, row, "en").text
    document = receipts.document_of(world.system, world.case(case_id), "receipt")
    assert document is not None
    receipts.store(world.system, document.id, b"%PDF-1.7 stands for a paper")
    mail = written(world, row, "en")
    assert "Your receipt is attached." in mail.text
    (paper,) = mail.attachments
    assert paper.data == b"%PDF-1.7 stands for a paper"
    assert paper.plain_name == f"mfa-request-receipt_{world.case(case_id).reference}_ja.pdf"


def test_no_other_mail_brings_a_paper(world: World) -> None:
    world.account()
    case_id = world.deactivated()
    assert not written(world, newest(world, case_id, "deactivated")).attachments


def test_the_approval_says_how_long_the_wait_is_and_when_it_is_longer(world: World) -> None:
    world.account()
    text = english(world, world.approved(), "approved")
    assert "a waiting period of 24 hours" in text
    assert "the waiting period is 7 days" in text


def test_the_mail_about_the_wait_names_its_end(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    until = world.case(case_id).waiting_until
    assert i18n.when(until, "en") in written(world, newest(world, case_id, "waiting_started"), "en").subject


def test_the_mailbox_link_is_said_to_work_as_long_as_it_does(world: World) -> None:
    account = world.account()
    case_id = world.verifying()
    contact = world.contacts(account, "email")[1]
    proofs.send_mailbox_link(world.as_("alice"), case_id, contact.id)
    expires = world.now + world.runtime.limits.confirm_life
    row = newest(world, case_id, "mailbox_check", contact=True)
    assert f"It works once, until {i18n.when(expires, 'en')}." in written(world, row, "en").text


def test_a_contact_who_was_answered_is_told_what_another_stop_does(world: World) -> None:
    world.account()
    case_id = world.queued()
    never = english(world, case_id, "request_filed", contact=True)
    objection.stop_by_link(world.owner, world.link(case_id, "stop"))
    objection.propose_unfreeze(world.as_("lee"), case_id, "resume", "spoke to her")
    objection.agree_unfreeze(world.as_("lou"), case_id, code=world.code("lou"))
    answered = english(world, case_id, "resumed", contact=True)

    assert "Once stopped, nothing goes on until a lead has looked into it." in never
    assert "If you stop it again, the waiting period becomes longer, once." in answered


def test_a_weekly_reminder_names_the_end_of_the_wait(world: World) -> None:
    world.account()
    case_id = world.cooling_off()
    case = world.case(case_id)
    with world.system.act():
        notice = next(n for all_of in NOTICES.values() for n in all_of if n.key == "waiting_reminder")
        row = letters.queue(world, world.case(case_id), notice, until=None)
    assert i18n.when(case.waiting_until, "en") in written(world, row, "en").subject


@pytest.mark.parametrize(("connector", "said"), [("local", False), ("runbook", True)])
def test_the_owner_is_asked_to_get_ready_where_the_removal_waits_for_it(
    world: World, connector: str, said: bool
) -> None:
    account = world.account()
    case_id = world.ready()
    with world.system.act():
        account.connector = connector
        world.session.merge(account)
    assert ('select "I am ready to sign in"' in english(world, case_id, "ready")) is said


def test_a_decline_offers_one_appeal_until_its_day(world: World) -> None:
    world.account()
    case_id = world.declined()
    until = world.case(case_id).status_at + world.runtime.limits.appeal_window
    assert f"once, by {i18n.when(until, 'en')}" in english(world, case_id, "declined")


def test_a_second_decline_offers_no_further_appeal(world: World) -> None:
    world.account()
    case_id = world.declined()
    objection.appeal(world.owner, case_id)
    verification.claim(world.as_("vic"), case_id)
    approval.propose_decline(world.as_("vic"), case_id, "details_differ")
    approval.approve(world.as_("lee"), case_id, code=world.code("lee"))
    assert "second look" not in english(world, case_id, "declined")


@pytest.mark.parametrize("act", [act for act in timers.TIMED if act.startswith("alarm_")])
def test_every_alarm_has_words(world: World, act: Act) -> None:
    world.account()
    case = world.case(world.queued())
    alarm = timers.TIMED[act](world.system, case)["params"]["alarm"]
    assert_alarm_has_words(world, case, alarm)


@pytest.mark.parametrize("alarm", ["objection", "removal_failed"])
def test_every_alarm_of_an_act_has_words(world: World, alarm: str) -> None:
    world.account()
    assert_alarm_has_words(world, world.case(world.queued()), alarm)


def assert_alarm_has_words(world: World, case: Case, alarm: str) -> None:
    notice = next(each for all_of in NOTICES.values() for each in all_of if each.key == "lead_alarm")
    with world.system.act():
        row = letters.queue(world, world.case(case.id), notice, alarm=alarm)
    for language in ("ja", "en"):
        assert written(world, row, language).text


@pytest.mark.parametrize("what", staff_mail.CHANGES)
@pytest.mark.parametrize("reader", ["vic", "lee"])
def test_every_change_of_a_sign_in_has_words(world: World, what: str, reader: str) -> None:
    with world.system.act():
        vic, told = (world.session.get_one(Staff, world.logins[name].staff_id) for name in ("vic", reader))
        role = Role.APPROVER if what.startswith("role") else None
        staff_mail.changed(world.system, [told], what, about=vic, role=role)
    query = select(OutboxRow).where(OutboxRow.notice == "staff_changed")
    row = world.session.execute(query).scalars().one()
    texts = [written(world, row, language).text for language in ("ja", "en")]
    assert all(("Vic Verdi" in text.partition("\n")[2]) is (reader == "lee") for text in texts)


def test_every_method_can_be_asked_for_in_the_owners_words() -> None:
    assert set(TASKS) == set(METHODS)


def test_the_hours_are_said_as_the_table_has_them() -> None:
    hours = {language.support for language in LANGUAGES.values()}
    assert {(tuple(sorted(each.weekdays)), each.zone) for each in hours} == {((0, 1, 2, 3, 4), "Asia/Tokyo")}


def test_long_names_and_settings_still_fit_their_lines(database_url: str, tmp_path: Path) -> None:
    long = {"service_name": "多要素認証" * 8, "emergency": "緊急連絡先は代表電話の交換台です" * 6}
    world = World(database_url, tmp_path, **long)
    world.account()
    case_id = world.cancelled(name="龍" * 100)
    text = written(world, newest(world, case_id, "cancelled"), "ja").text
    world.close()
    assert "龍" * 35 in text
    assert all(width(line) <= 70 or "://" in line for line in text.splitlines())


def test_what_an_owner_typed_is_not_markup(world: World) -> None:
    world.account()
    case_id = world.cancelled(name="<b>Hanako</b> & Co")
    mail = written(world, newest(world, case_id, "cancelled"), "en")
    assert mail.text.startswith("Dear <b>Hanako</b> & Co,\n")
    assert "Dear &lt;b&gt;Hanako&lt;/b&gt; &amp; Co," in mail.html
