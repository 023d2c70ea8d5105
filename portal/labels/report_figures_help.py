"""What the columns of figures mean: definition, unit, zone of times, source, and what an empty cell says."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

Words = Mapping[str, LazyString]

FIGURE_HELP: Words = {
    "month": _l(
        "Month of the date basis, in Japan time. Months without requests are left out. Source: requests."
    ),
    "day": _l("Day of the date basis, in Japan time. Days without requests are left out. Source: requests."),
    "requests": _l(
        "Number of requests whose date basis lies in the period. Training cases are left out. Source:"
        " requests. Never empty."
    ),
    "confirmed": _l(
        "Number of these requests whose email address was confirmed. Source: requests. Never empty."
    ),
    "deactivated": _l(
        "Number of these requests that are in the status Deactivated now. Source: requests. Never empty."
    ),
    "reversed": _l(
        "Number of these requests for which two persons later decided that MFA should not have been turned"
        " off. Source: requests. Never empty."
    ),
    "declined": _l(
        "Number of these requests that two persons have declined, as it stands now. Source: requests. Never"
        " empty."
    ),
    "cancelled": _l(
        "Number of these requests that were cancelled: by the owner, as a duplicate, or because they were"
        " solved another way. Source: requests. Never empty."
    ),
    "expired": _l(
        "Number of these requests that ended because nobody answered in time. Source: requests. Never empty."
    ),
    "still_open": _l(
        "Number of these requests that have not ended, those on hold included. Source: requests. Never empty."
    ),
    "hours_to_decision": _l(
        "Mean time from the form being sent to the end of the request, in hours by the calendar, waiting"
        " periods included. Only requests that two persons have decided. Source: requests. Empty: none was"
        " decided."
    ),
    "outcome": _l("How the request ended, or that it is still open. Source: requests. Never empty."),
    "requests_ja": _l(
        "Number of these requests that were written in Japanese. Source: requests. Never empty."
    ),
    "requests_en": _l(
        "Number of these requests that were written in English. Source: requests. Never empty."
    ),
    "share": _l("Part of the total of this table, from 0 to 1. Source: computed. Empty: there is no total."),
    "status": _l("The status of the request now. Source: requests. Never empty."),
    "tier": _l(
        "How much care the request needs: standard, privileged or elevated. The portal computes it; it only"
        " rises. Source: requests. Never empty."
    ),
    "language": _l("The language of the request. Source: requests. Never empty."),
    "clock": _l(
        "The status that was left. With the desk: all statuses in which the desk has to act, so that time"
        " in which the owner is asked or a waiting period runs does not count. In all: from the form being"
        " sent to the end. Both only of requests that have ended. Source: audit log. Never empty."
    ),
    "counted": _l("Number of requests that have left this status, or ended. Source: audit log. Never empty."),
    "hours_median": _l(
        "Half of the requests took no longer. Hours by the calendar; stays in the same status are added up."
        " Source: audit log. Never empty."
    ),
    "hours_p95": _l(
        "95 of 100 requests took no longer. Hours by the calendar. Source: audit log. Never empty."
    ),
    "hours_mean": _l("Mean time in hours by the calendar. Source: audit log. Never empty."),
    "approval_share": _l(
        "Deactivated requests as a part of those deactivated or declined, from 0 to 1. Source: requests."
        " Empty: none was decided."
    ),
    "desk_median": _l(
        "Half of the requests that ended were with the desk no longer. Hours by the calendar, without the"
        " time of the owner and of waiting periods. Source: audit log. Empty: none has ended."
    ),
    "desk_p95": _l(
        "95 of 100 requests that ended were with the desk no longer. Hours by the calendar, without the"
        " time of the owner and of waiting periods. Source: audit log. Empty: none has ended."
    ),
    "method": _l("The method of the identity check. Source: identity checks. Never empty."),
    "checks": _l(
        "Number of identity checks recorded for the requests of the period, repeated and void ones"
        " included. Source: identity checks. Never empty."
    ),
    "matched": _l("Number of checks with the result Match. Source: identity checks. Never empty."),
    "mismatched": _l("Number of checks with the result Mismatch. Source: identity checks. Never empty."),
    "could_not": _l(
        "Number of checks that could not be made to the end. Source: identity checks. Never empty."
    ),
    "failed_share": _l(
        "Checks without a match as a part of all, from 0 to 1. Source: identity checks. Empty: there is no"
        " check."
    ),
    "repeated": _l(
        "Number of these checks that the second person made again. Source: identity checks. Never empty."
    ),
    "voided": _l(
        "Number of these checks that no longer count, because the checks were started again. Source:"
        " identity checks. Never empty."
    ),
    "decision": _l("What was decided. Source: audit log. Never empty."),
    "decisions": _l(
        "Number of decisions in the period, those that became void later included. Source: audit log. Never"
        " empty."
    ),
    "by_two": _l(
        "Number of decisions for which the log shows two different persons: one who proposed and one who"
        " agreed. Several sign-ins of one person count as one. Source: audit log. Never empty."
    ),
    "exceptions": _l(
        "Number of decisions for which the log does not show two different persons. Expected: 0. Source:"
        " audit log. Never empty."
    ),
    "coverage": _l(
        "Decisions by two persons as a part of all, from 0 to 1. Expected: 1. Source: audit log. Empty:"
        " nothing was decided."
    ),
    "policy_set": _l(
        "The set of identity checks by which the removal was approved. Source: requests. Empty: nothing is"
        " proposed, or the proposal is to decline."
    ),
    "removals": _l(
        "Number of requests of the period for which the deactivation was started. Source: requests. Never"
        " empty."
    ),
    "hours_due": _l(
        "The shortest waiting period among these, as the log says when it started, in hours. Source: audit"
        " log. Empty: no waiting period has started."
    ),
    "hours_least": _l(
        "The shortest time that passed between the start of the waiting period and the start of the"
        " deactivation, in hours by the calendar. Source: audit log. Empty: no waiting period has started."
    ),
    "hours_waited": _l(
        "The mean time that passed between the start of the waiting period and the start of the"
        " deactivation, in hours by the calendar. Source: audit log. Empty: no waiting period has started."
    ),
    "extended": _l(
        "Number of waiting periods that a registered contact made longer. Source: audit log. Never empty."
    ),
    "shortened": _l(
        "Number of removals that the log shows to have started before their waiting period was over,"
        " without one, or after one that is shorter than any setting allows. Expected: 0. Source: audit"
        " log. Never empty."
    ),
    "channel": _l("How it was said that this was not them. Source: objections. Never empty."),
    "objections": _l(
        "Number of objections in the period, with or without a request. Source: objections. Never empty."
    ),
    "with_request": _l(
        "Number of these objections that were about a request. Source: objections. Never empty."
    ),
    "undecided": _l(
        "Number of these objections that nobody has decided yet. Source: objections. Never empty."
    ),
    "upheld": _l(
        "Number of these objections after which two persons found the request to be genuine. Source:"
        " objections. Never empty."
    ),
    "founded": _l(
        "Number of these objections that two persons found to be right. Source: objections. Never empty."
    ),
    "noted": _l(
        "Number of these objections that came when there was nothing left to stop. Source: objections."
        " Never empty."
    ),
    "hours_to_outcome": _l(
        "Mean time from the objection to what came of it, in hours by the calendar. Source: objections."
        " Empty: none is decided."
    ),
}
