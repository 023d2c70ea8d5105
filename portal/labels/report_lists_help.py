"""What the columns of lists, samples and tallies mean: definition, unit, zone of times, source, and what an empty cell says."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

LIST_HELP: Words = {
    "agent_id": _l(
        "The portal's own number for this person, whatever number of sign-ins they have. Source: staff."
        " Never empty."
    ),
    "agent": _l(
        "The name of the person. Source: staff. Empty: no sign-in leads to a person; of an export: it was"
        " made on the command line."
    ),
    "approvals": _l(
        "Number of removals that this person approved as the second person. Source: audit log. Never empty."
    ),
    "declines": _l(
        "Number of declines to which this person agreed as the second person. Source: audit log. Never empty."
    ),
    "fast": _l(
        "Number of these decisions made in less time than the limit for fast decisions, measured from the"
        " moment when this person opened the first check, or from the proposal where there was none to"
        " open. Source: audit log. Never empty."
    ),
    "fast_share": _l(
        "Very fast decisions as a part of this person's decisions, from 0 to 1. Source: audit log. Empty:"
        " nothing was decided."
    ),
    "minutes_median": _l(
        "Half of this person's decisions took no longer, in minutes, measured as for very fast decisions."
        " Source: audit log. Empty: nothing was decided."
    ),
    "sent_back": _l("Number of proposals that this person sent back. Source: audit log. Never empty."),
    "place": _l("The order in which the sample was drawn. Source: computed. Never empty."),
    "reference": _l("The number that the owner has. Source: requests. Never empty."),
    "methods": _l(
        "The methods of the identity checks that matched and count. Source: identity checks. Empty: there"
        " is none."
    ),
    "verifier_id": _l(
        "The portal's number for the person who checked and proposed. Source: requests. Empty: nothing is"
        " proposed."
    ),
    "verifier": _l(
        "The name of the person who checked and proposed. Source: staff. Empty: nothing is proposed."
    ),
    "approver_id": _l(
        "The portal's number for the second person, who decided. Source: requests. Empty: nothing is decided."
    ),
    "approver": _l("The name of the second person, who decided. Source: staff. Empty: nothing is decided."),
    "approved_at": _l(
        "When the second person decided, in Japan time. Source: requests. Empty: nothing is decided."
    ),
    "draw": _l(
        "SHA-256 of the seed followed by the portal's ID of the case. Lists in this order are drawn again"
        " from the same seed. Source: computed. Never empty."
    ),
    "scenario": _l("What was suspicious in the training case. Source: training cases. Never empty."),
    "played": _l(
        "Number of training cases of the period that are over. Those that still run are not shown by"
        " scenario. Source: training cases. Never empty."
    ),
    "caught_first": _l(
        "Number of these cases that the first person proposed to decline. Source: training cases. Never"
        " empty."
    ),
    "caught_second": _l(
        "Number of these cases that the second person sent back. Source: training cases. Never empty."
    ),
    "missed": _l(
        "Number of these cases in which two persons agreed to remove the device. Source: training cases."
        " Never empty."
    ),
    "ended_early": _l(
        "Number of these cases that ended before anybody had decided. Source: training cases. Never empty."
    ),
    "score": _l(
        "Recognised cases as a part of those on which somebody decided, from 0 to 1. Source: training"
        " cases. Empty: nobody has decided."
    ),
    "step": _l("The step of the reset at which the attempt ended. Source: audit log. Never empty."),
    "failure": _l("Why the attempt ended there. Source: audit log. Never empty."),
    "attempts": _l(
        "Number of attempts of owners to reset MFA themselves that failed in the period. Source: audit log."
        " Never empty."
    ),
    "requests_after": _l(
        "Number of these attempts from which a request to the desk came. Source: audit log and requests."
        " Never empty."
    ),
    "after_share": _l(
        "Attempts that led to a request as a part of the failed ones, from 0 to 1. Source: computed. Empty:"
        " none has failed."
    ),
    "call_outcome": _l("How the call ended. Source: calls. Never empty."),
    "calls": _l(
        "Number of calls that the portal began in the period and that are over. Source: calls. Never empty."
    ),
    "connector": _l(
        "How the devices of the account are removed. Source: removals. Empty: the event does not name it."
    ),
    "devices": _l(
        "Number of devices. In the list of removals: those that were seen to be gone. Source: removals."
        " Never empty."
    ),
    "devices_removed": _l(
        "Number of these devices that the system shows to be gone. Source: removals. Never empty."
    ),
    "devices_failed": _l("Number of these devices that could not be removed. Source: removals. Never empty."),
    "devices_unclear": _l(
        "Number of these devices of which it is not known yet whether they are gone. Source: removals."
        " Never empty."
    ),
    "devices_failed_share": _l(
        "Devices that could not be removed as a part of all, from 0 to 1. Source: removals. Empty: there is"
        " none."
    ),
    "what": _l("What was done, as the audit log names it. Source: audit log. Never empty."),
    "times_done": _l("How often it was done in the period. Source: audit log. Never empty."),
    "first_at": _l("When it was first done in the period, in Japan time. Source: audit log. Never empty."),
    "last_at": _l("When it was last done in the period, in Japan time. Source: audit log. Never empty."),
    "asked_at": _l("When the export was asked for, in Japan time. Source: audit log. Never empty."),
    "exported": _l("Which report was exported. Source: audit log. Never empty."),
    "form": _l("The format of the file. Source: audit log. Never empty."),
    "from_day": _l("The first day of its period, in Japan time. Source: audit log. Never empty."),
    "to_day": _l("The last day of its period, in Japan time. Source: audit log. Never empty."),
    "with_personal": _l("Whether it holds personal data in clear. Source: audit log. Never empty."),
    "purpose": _l(
        "What personal data was needed for, in the words of who asked. It is masked as personal data is, because it may name"
        " somebody. Source: the request for the file. Empty: the file is masked, or the time for which purposes are kept is over."
    ),
    "file_rows": _l("Number of rows in the file. Source: audit log. Empty: it was not built."),
    "sha256": _l("The digest by which a file is recognised. Source: audit log. Empty: it was not built."),
    "downloads": _l("How often a part of it was downloaded. Source: audit log. Never empty."),
    "log_number": _l(
        "The number of the event in its own stream of the audit log. With the hash it proves this row."
        " Source: audit log. Never empty."
    ),
    "log_hash": _l("The leaf hash (RFC 6962) of the event in the audit log. Source: audit log. Never empty."),
    "log_event": _l("The ID by which the event is found in the audit log. Source: audit log. Never empty."),
    "received_at": _l("When the form was sent, in Japan time. Source: requests. Never empty."),
    "executed_at": _l(
        "When the deactivation was started, in Japan time. Source: requests. Empty: it was not started."
    ),
    "removed_at": _l(
        "When the devices were seen to be gone, in Japan time. Source: audit log; in the list of requests,"
        " the request. Empty: no device was removed."
    ),
    "executor": _l(
        "The name of the person who started the deactivation. Source: staff. Empty: it was not started."
    ),
    "waiting_hours": _l(
        "The waiting period that was set with the approval, in hours. Source: requests. Empty: nothing is"
        " approved."
    ),
    "account": _l(
        "The account's ID of 12 digits. Personal: masked but for its last four digits. Source: register,"
        " else as typed. Empty: not known."
    ),
    "sessions_ended": _l(
        "Number of sign-ins that were ended with the removal. Source: audit log. Empty: the system does not"
        " say."
    ),
    "checked_at": _l("When the check was recorded, in Japan time. Source: audit log. Never empty."),
    "result": _l("The result of the check. Source: audit log. Never empty."),
    "checker": _l(
        "The name of the person who recorded it. Source: audit log and staff. Empty: the system received"
        " the proof."
    ),
    "reason": _l("What happened to the device, as the owner said. Source: requests. Never empty."),
    "confirmed_at": _l(
        "When the email address was confirmed, in Japan time. Source: requests. Empty: it was not."
    ),
    "closed_at": _l("When the request ended, in Japan time. Source: requests. Empty: it is still open."),
    "rounds": _l(
        "How often the checks were begun; 1 where they never had to be started again. Source: requests."
        " Never empty."
    ),
    "name": _l(
        "The owner's name, as typed. Personal: masked. Source: requests. Empty: not given, or deleted after"
        " its period."
    ),
    "reply_email": _l(
        "The email address for updates, as typed. Personal: masked. Source: requests. Empty: deleted after"
        " its period."
    ),
}
