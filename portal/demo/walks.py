"""One story for every status and for each way to get there, told by the real acts in the demo's own time."""

from __future__ import annotations

from portal.casework import approval, deactivation, intake, objection, verification
from portal.connectors import runbook
from portal.demo import deeds, desk, households, replies, roads
from portal.demo.deeds import Part
from portal.demo.roads import DAY, LATER, SOON, Road
from portal.domain.lifecycle import Actor, Role

# waiting for confirmation, or in the queue


def unmatched(part: Part) -> Road:
    """The register has no such account: the case can wait for an entry, be declined, or expire."""
    return (yield from roads.claimed(part, is_administrator="unknown"))


def contested(part: Part) -> Road:
    """Somebody who reads the second mailbox asks for the same account."""
    first = yield from roads.queued(part)
    other = {
        "name": "見本 一郎" if part.human.language == "ja" else "Alex Sample",
        "kana": None,
        "latin_name": None,
    }
    yield from roads.queued(part, reply_email=part.human.second_email, **other)
    return first


def appealed(part: Part) -> Road:
    case_id = yield from declined(part)
    yield 2 * DAY
    objection.appeal(part.stage.owner(part.human), case_id)
    return case_id


def resumed(part: Part) -> Road:
    case_id = yield from stopped(part)
    desk.end_freeze(part, case_id, "resume", "本人と電話で確認しました。", agreed_by=part.crew.other_approver)
    return case_id


# being checked


def sent_back(part: Part) -> Road:
    case_id = yield from roads.proposed(part)
    stage, who = part.stage, part.crew.approver
    reason = "The expiry date on the licence is hard to read. Check it once more."
    approval.send_back(stage.staff(who), case_id, reason, code=stage.code(who))
    return case_id


def in_conversation(part: Part) -> Road:
    case_id = yield from roads.claimed(part)
    yield from replies.say(part, case_id)
    return case_id


def voided(part: Part) -> Road:
    """Somebody signed in with MFA while the wait was running: the removal is refused and the checks begin again."""
    case_id = yield from roads.ready(part)
    deeds.sign_in_with_mfa(part)
    yield SOON
    desk.execute(part, case_id)
    return case_id


def under_pressure(part: Part) -> Road:
    case_id = yield from roads.claimed(part, theft_suspected=True, problem="stolen")
    desk.check(part, case_id, result="mismatch")
    verification.mark_pressure(part.stage.staff(part.crew.verifier), case_id, "refuses_call_back")
    return case_id


def other_device_found(part: Part) -> Road:
    case_id = yield from roads.claimed(part)
    deeds.type_device_code(part, case_id)
    return case_id


def asked(part: Part) -> Road:
    case_id = yield from roads.claimed(part)
    verification.ask(part.stage.staff(part.crew.verifier), case_id, ["D2"])
    return case_id


def company_letter(part: Part) -> Road:
    return (yield from roads.letter_asked(part, "D6"))


# decided by two


def decline_proposed(part: Part) -> Road:
    case_id = yield from roads.claimed(part)
    desk.check(part, case_id, result="mismatch")
    approval.propose_decline(part.stage.staff(part.crew.verifier), case_id, "identity_not_confirmed")
    yield LATER
    return case_id


def declined(part: Part) -> Road:
    case_id = yield from decline_proposed(part)
    desk.approve(part, case_id, part.crew.approver)
    return case_id


def unreached(part: Part) -> Road:
    """A registered contact could not be told, so everybody waits a week."""
    case_id = yield from roads.proposed(part)
    desk.approve(part, case_id, part.crew.approver)
    deeds.bounce(part, case_id)
    return case_id


def mailbox_changed(part: Part) -> Road:
    """A contact changed lately: the tier is the highest, and a letter has to prove what the mailbox cannot."""
    households.move_mailbox(part.stage.system, part.account_id, part.human)
    yield 9 * DAY
    return (yield from roads.privileged_agreed(part))


def last_resort(part: Part) -> Road:
    """Device, mailbox and number are all gone: two of the staff and a notary stand in, and the wait is a month."""
    stage, crew, human = part.stage, part.crew, part.human
    reached_at = f"new.{human.email}"
    triage = {"user": "root", "outcome": "last_resort", "why": "all_lost"}
    case_id = yield from roads.claimed(part, reply_email=reached_at, triage=triage)
    seen = desk.check(part, case_id, "W3")
    verification.witness(stage.staff(crew.other_verifier), case_id, seen.id, stage.code(crew.other_verifier))
    yield DAY
    verification.claim(stage.staff(crew.verifier), case_id)
    desk.check(part, case_id, "D5")
    desk.propose(part, case_id)
    yield LATER
    desk.approve(part, case_id, crew.lead)
    return case_id


# removed, or on its way


def removal_failed(part: Part) -> Road:
    case_id = yield from roads.ready(part)
    desk.execute_in_vain(part, case_id)
    return case_id


def owner_ready(part: Part) -> Road:
    case_id = yield from roads.ready(part)
    deactivation.declare_ready(part.stage.owner(part.human), case_id)
    return case_id


def half_by_hand(part: Part) -> Road:
    case_id = yield from roads.by_hand_started(part)
    desk.do_steps(part, case_id, runbook.STEPS[:3], attested=runbook.STEPS[:2])
    return case_id


def all_by_hand(part: Part) -> Road:
    case_id = yield from roads.by_hand_started(part)
    desk.do_steps(part, case_id, runbook.STEPS, attested=runbook.STEPS)
    return case_id


def privileged_removed(part: Part) -> Road:
    case_id = yield from roads.privileged_agreed(part)
    yield 3 * DAY + LATER
    desk.execute(part, case_id)
    return case_id


def objection_unfounded(part: Part) -> Road:
    case_id = yield from stopped_after_removal(part)
    reason = "The second mailbox is read by the owner's partner."
    desk.end_freeze(part, case_id, "unfounded", reason, agreed_by=part.crew.lead)
    return case_id


# "this was not me"


def stopped(part: Part) -> Road:
    case_id = yield from roads.queued(part)
    deeds.stop(part)
    yield 3 * LATER
    return case_id


def stopped_while_waiting(part: Part) -> Road:
    case_id = yield from roads.agreed(part)
    yield 5 * LATER
    deeds.stop(part)
    yield DAY
    desk.end_freeze(part, case_id, "resume", "The second mailbox was opened by mistake.", agreed_by=None)
    return case_id


def stopped_after_removal(part: Part) -> Road:
    case_id = yield from roads.removed(part)
    yield DAY
    deeds.stop(part)
    yield DAY
    return case_id


def stopped_without_case(part: Part) -> Road:
    """A registered contact reports misuse, and there was no request at all."""
    ctx = part.stage.system
    contact = households.contact_of(ctx, part.account_id, part.human.second_email)
    reporter = ctx.as_actor(Actor(roles=frozenset({Role.CONTACT}), contact_id=contact.id))
    case_id = objection.object_without_case(reporter, contact.id, channel="mail").id
    yield SOON
    return case_id


def declined_after_stop(part: Part) -> Road:
    case_id = yield from stopped(part)
    desk.end_freeze(
        part,
        case_id,
        "decline",
        "登録された連絡先の方がリクエストを否定しました。",
        agreed_by=part.crew.approver,
    )
    return case_id


def reversed_removal(part: Part) -> Road:
    case_id = yield from stopped_after_removal(part)
    desk.end_freeze(
        part, case_id, "reverse", "メールアドレスが第三者に使われていました。", agreed_by=part.crew.lead
    )
    return case_id


# closed without a decision


def withdrawn(part: Part) -> Road:
    case_id = yield from roads.queued(part)
    intake.withdraw(part.stage.owner(part.human), case_id, "device_works")
    return case_id


def not_mine(part: Part) -> Road:
    case_id = yield from roads.sent(part)
    objection.object_by_requester(part.stage.owner(part.human), case_id)
    return case_id


def sent_twice(part: Part) -> Road:
    yield from roads.queued(part)
    return (yield from roads.queued(part))
