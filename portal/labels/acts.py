"""Words for what people do with a case, and for why they may not."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

# Words of buttons and headings; what has happened is said by the audit tags.
ACT: Words = {
    "submit": _p("act", "Send request"),
    "confirm": _p("act", "Confirm email address"),
    "expire_unconfirmed": _p("act", "Close an unconfirmed request"),
    "match": _p("act", "Match with the register"),
    "merge": _p("act", "Join with an earlier request"),
    "contest": _p("act", "Mark as contested"),
    "close_solved": _p("act", "Close as solved"),
    "claim": _p("act", "Assign to me"),
    "release": _p("act", "Release"),
    "reassign": _p("act", "Assign to somebody else"),
    "take_over": _p("act", "Take over"),
    "lapse_claim": _p("act", "End an unused assignment"),
    "record_check": _p("act", "Record identity check"),
    "system_check": _p("act", "Record proof by the system"),
    "send_challenge": _p("act", "Send a check to the owner"),
    "mark_pressure": _p("act", "Mark pressure"),
    "ask_owner": _p("act", "Ask the owner for more"),
    "remind_owner": _p("act", "Remind the owner"),
    "answer": _p("act", "Answer"),
    "end_asking": _p("act", "Stop waiting for the owner"),
    "expire_waiting": _p("act", "Close an unanswered request"),
    "propose_removal": _p("act", "Send for second approval"),
    "propose_decline": _p("act", "Propose to decline"),
    "alarm_approval": _p("act", "Alarm: approval overdue"),
    "open_check": _p("act", "Open check and confirm"),
    "repeat_check": _p("act", "Repeat a live check"),
    "approve": _p("act", "Approve"),
    "approve_decline": _p("act", "Decline"),
    "send_back": _p("act", "Send back"),
    "start_waiting": _p("act", "Start the waiting period"),
    "remind_contacts": _p("act", "Remind the contacts"),
    "extend_waiting": _p("act", "Extend the waiting period"),
    "end_waiting": _p("act", "End the waiting period"),
    "void_round": _p("act", "Start the checks again"),
    "declare_ready": _p("act", "I am ready to sign in"),
    "alarm_ready": _p("act", "Alarm: deactivation overdue"),
    "return_unexecuted": _p("act", "Return an unused approval"),
    "execute": _p("act", "Deactivate MFA"),
    "alarm_executing": _p("act", "Alarm: deactivation not finished"),
    "confirm_step": _p("act", "Confirm step"),
    "attest_step": _p("act", "Confirm a colleague's step"),
    "confirm_gone": _p("act", "Confirm that the device is gone"),
    "fail_removal": _p("act", "Give up the attempt"),
    "object": _p("act", "This was not me"),
    "open_frozen": _p("act", "Hold for a safety check"),
    "alarm_freeze_lead": _p("act", "Alarm: no lead on a held case"),
    "alarm_freeze_decision": _p("act", "Alarm: held case undecided"),
    "propose_unfreeze": _p("act", "Propose how to go on"),
    "agree_unfreeze": _p("act", "Agree how to go on"),
    "withdraw": _p("act", "Cancel request"),
    "appeal": _p("act", "Ask for a second look"),
    "reveal": _p("act", "Show contact data"),
    "witness_check": _p("act", "Confirm that I was there"),
    "write_note": _p("act", "Write an internal note"),
    "send_reply": _p("act", "Reply to owner"),
    "take_back_reply": _p("act", "Undo sending"),
    "receive_message": _p("act", "Write to our team"),
    "book_call": _p("act", "Book a call"),
    "print_letter": _p("act", "Print the letter"),
    "repeat_by_call": _p("act", "Repeat the check by a call"),
    "close_training": _p("act", "End a training case"),
}

# Why an act is refused, as the page says it.
REFUSAL: Words = {
    "wrong_status": _l("The case is no longer at this stage."),
    "wrong_role": _l("Your role does not allow this."),
    "own_account": _l("You cannot work on this case, because you are a contact of the account."),
    "excluded": _l("You decided on this case before, so somebody else must work on it now."),
    "planter": _l("You set up this case, so you cannot work on it."),
    "other_part": _l("You already have another part in this case."),
    "not_holder": _l("Assign the case to yourself first."),
    "already_holder": _l("The case is already assigned to you."),
    "another_person": _l("You cannot approve a case you checked. A different person must approve."),
    "lead_needed": _l("A lead must decide this case."),
    "account_unknown": _l("The request matches no account in the register."),
    "no_registered_contact": _l("The account has no registered contact."),
    "policy_not_met": _l("Required identity checks are missing."),
    "reason_missing": _l("Enter a reason."),
    "items_missing": _l("Select what to ask for."),
    "devices_missing": _l("Select the MFA device to deactivate."),
    "fresh_factor": _l("Enter a new 6-digit MFA code."),
    "not_proposed": _l("Nobody has proposed this."),
    "checks_unopened": _l("Open and confirm every check that a person recorded."),
    "repeat_missing": _l("Repeat one live check yourself."),
    "facts_changed": _l("The facts have changed since the proposal, so the checks start again."),
    "objection_open": _l("Somebody has said that they did not ask for this."),
    "notices_pending": _l("Security notices are still on their way."),
    "wait_started": _l("The waiting period has already started."),
    "wait_runs": _l("The waiting period is still running."),
    "already_extended": _l("The waiting period was already extended."),
    "signed_in_since": _l("Somebody has signed in with MFA since the request."),
    "training": _l("This is a training case, so nothing is deactivated."),
    "real_case": _l("This is not a training case."),
    "owner_not_ready": _l("The owner has not yet said that they are ready to sign in."),
    "still_there": _l("The device is still registered."),
    "tries_left": _l("Another attempt will be made."),
    "too_early": _l("It is too early for this."),
    "too_late": _l("The time for this is over."),
    "already_appealed": _l("This decision was already looked at a second time."),
    "wrong_outcome": _l("This way on does not fit the case."),
    "stale": _l("Somebody changed this case while you had it open. Review it before you save."),
    "throttled": _l("Too many attempts. Wait a little, then try again."),
    "cannot_hold": _l("This person cannot work on the case."),
    "draft_gone": _l("Your answers are no longer held. Start again."),
    "method_not_available": _l("This kind of check cannot be recorded."),
    "method_not_live": _l("Repeat a check made in person or in a call."),
    "result_missing": _l("Select the result of the check."),
    "note_missing": _l("Enter what did not match"),
    "marker_missing": _l("Select what you noticed."),
    "too_many_codes": _l("Too many wrong codes. Wait until our team contacts you."),
    "contact_missing": _l("Select a registered contact."),
    "phone_not_callable": _l("We cannot call this number. Use another number or another way."),
    "calls_used_up": _l("No more calls are possible for now. Try again later."),
    "call_running": _l("A call to this number is still going on. End it, then ask for another one."),
    "path_off": _l("The telephone step is switched off for this account. Send us a request instead."),
    "no_telephone": _l("No telephone service is connected."),
    "no_registered_phone": _l("The account has no registered phone number."),
    "attempt_over": _l("This reset has ended. Start it again, or send us a request instead."),
    "mails_used_up": _l(
        "No more emails are possible for now. Use the earlier one, or send us a request instead."
    ),
    "removal_failed": _l("The device could not be removed yet. Try again in a few minutes."),
    "hold_runs": _l("The waiting period of this reset is still running."),
    "device_unknown": _l("Select the MFA device to deactivate."),
    "letter_too_soon": _l("A letter was made a short while ago. Wait before you make another one."),
    "step_not_done": _l("This step has not been done yet."),
    "sign_ins_unchecked": _l(
        "Before this step, one person must check the sign-ins and a different person must confirm it."
    ),
    "already_witnessed": _l("Somebody has already confirmed that they were there."),
    "device_in_use": _l("The owner proved this case with a code of this device, so it is not lost."),
    "wrong_code": _l("The code does not match. Enter the newest code in your app"),
    "executing": _l("The deactivation is running, so this cannot change now."),
    "not_found": _l("There is nothing at this address."),
    "already_disabled": _l("This sign-in is already disabled."),
    "language_unknown": _l("Select a language."),
    "link_over": _l("This link no longer works."),
    "not_invited": _l("This person has already set a password, or is disabled."),
    "only_in_demo": _l("This works in a demo only."),
    "own_login": _l("You cannot do this for yourself."),
    "password_or_code": _l("The password or the MFA code is incorrect."),
    "session_moved": _l("Your session has changed in another tab. Sign in again."),
    "sign_in_failed": _l("The email address, password or MFA code is incorrect."),
    "value_unknown": _l("Select one of the answers"),
    "address_taken": _l("Another colleague already has this address."),
    "admin_excludes": _l("An administrator cannot work on cases."),
    "admin_lately": _l("Somebody who was an administrator in the last 30 days cannot work on cases."),
    "evidence_wrong": _l("Check what you entered for this identity check."),
    "first_staff": _l("The first staff are two administrators and one lead."),
    "three_mailboxes": _l("The first staff need three different mailboxes, one role each."),
    "not_empty": _l("There are staff already."),
    "not_disabled": _l("This sign-in is not disabled."),
    "role_held": _l("This person already has the role."),
    "role_not_held": _l("This person does not have the role."),
    "role_unknown": _l("Select a role."),
    "other_lead": _l(
        "This case is in another lead's hands, together with the other request for the account."
    ),
    "register_file": _l("The file has mistakes, so nothing was taken from it."),
    "proposal_open": _l("The same proposal is already waiting for a decision."),
    "own_proposal": _l("You proposed this, so somebody else must decide."),
    "second_admin": _l("Another administrator must decide. A lead may only where none is left."),
    "phone_change_not_allowed": _l("Your user may not change the registered phone number."),
    "phone_unchanged": _l("This is the number that is registered already. Enter another one"),
    "phone_change_over": _l("The time to confirm this number is over. Enter it again."),
    "own_device": _l("You cannot remove your own device here. Another administrator or the root user can."),
    "nothing_to_enrol": _l("This user has a registered MFA device again and needs no pass."),
    "setting_as_wanted": _l("The account is already as you propose."),
    "proposal_decided": _l("Somebody has already decided on this proposal."),
    "proposal_changed": _l("This proposal has changed since you opened it. Review it before you decide."),
    "owner_sign_in_failed": _l("The email address or password is incorrect"),
    "iam_sign_in_failed": _l("The account ID, user name or password is incorrect"),
    "owner_codes_off": _l("MFA codes are no longer accepted, because too many were wrong. Use another way"),
    "codes_not_in_a_row": _l("Enter two codes shown one after the other"),
    "wrong_recovery_code": _l("The recovery code does not match, or was used before. Enter another one"),
    "wrong_pass": _l("The one-use pass does not match, or no longer works. Enter the newest one"),
    "no_mailbox_for_pass": _l(
        "We cannot send a one-use pass, because no registered mailbox is known for long enough"
    ),
    "remove_first": _l("A new device can be registered as soon as the old one is removed."),
    "changes_held": _l("Devices and contacts cannot be changed for some time after a recovery."),
    "too_many_devices": _l("You can register up to 8 MFA devices. Remove one first."),
    "new_key": _l(
        "The key was too old or tried too often. Add the new key to your app and enter two codes of it"
    ),
    "type_key_again": _l("The key was too old or tried too often. Type the key of the token again"),
    "last_device": _l("This is your last MFA device that shows codes. Register another one first."),
    "password_short": _l("Password must be 15 characters or more"),
    "password_long": _l("Password must be 1,024 characters or less"),
    "password_repeats": _l("Password must not repeat itself or follow the keyboard"),
    "password_common": _l("This password is too well known"),
    "password_context": _l("Password must not consist of names of the service or your own"),
}

CLOSE_REASON: Words = {
    "withdrawn": _l("Cancelled by the owner"),
    "device_works": _l("The MFA device works again"),
    "solved_elsewhere": _l("Solved another way"),
    "not_mine": _l("Not asked for by the address given"),
    "duplicate": _l("Duplicate"),
    "self_service": _l("Solved by self-service"),
    "unconfirmed": _l("Email address not confirmed in time"),
    "no_answer": _l("No answer in time"),
    "training": _l("Training case"),
}

CANCEL_REASON: Words = {
    "not_mine": _l("I did not make this request"),
    "device_works": _l("I can use my MFA device again"),
    "solved_elsewhere": _l("Solved another way"),
    "other": _l("Other"),
}

DECLINE_REASON: Words = {
    "identity_not_confirmed": _l("Could not confirm identity"),
    "details_differ": _l("Details did not match"),
    "authority_not_shown": _l("Authority not shown"),
    "duplicate_request": _l("Duplicate"),
}

REVEAL_REASON: Words = {
    "call_owner": _l("Call the owner"),
    "matching": _l("Matching"),
    "other": _l("Other"),
}

PRESSURE: Words = {
    "urgent": _l("Presses for speed"),
    "refuses_call_back": _l("Refuses a call back"),
    "asks_to_skip": _l("Asks to skip a check"),
    "odd_time_or_place": _l("Unusual time or place"),
}

DECISION: Words = {
    "remove": _p("decision", "Deactivate"),
    "decline": _p("decision", "Decline the request"),
}

UNFREEZE: Words = {
    "resume": _p("unfreeze", "Go on with new checks"),
    "decline": _p("unfreeze", "Decline the request"),
    "unfounded": _p("unfreeze", "The objection is unfounded; the removal stands"),
    "reverse": _p("unfreeze", "The objection is right; MFA should not have been turned off"),
}

RUNBOOK_STEP: Words = {
    "open_support_tool": _l("Sign in to the provider's support tool"),
    "find_account": _l("Find the account by its number"),
    "check_sign_ins": _l("Check that nobody has signed in with MFA since the request"),
    "deactivate_device": _l("Deactivate the device named here"),
    "read_back": _l("Reload the page and see that the device is gone"),
    "end_sessions": _l("End all sessions of the account"),
}

TABLES: Mapping[str, Words] = {
    "act": ACT,
    "refusal": REFUSAL,
    "close_reason": CLOSE_REASON,
    "cancel_reason": CANCEL_REASON,
    "decline_reason": DECLINE_REASON,
    "reveal_reason": REVEAL_REASON,
    "pressure": PRESSURE,
    "decision": DECISION,
    "unfreeze": UNFREEZE,
    "runbook_step": RUNBOOK_STEP,
}
