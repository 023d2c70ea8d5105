"""Words for the reports: what each is called and answers, what they can be asked for, and what can be wrong with asking."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from portal.domain.reports import CLOCKS, OUTCOMES
from portal.labels.acts import CLOSE_REASON
from portal.labels.report_columns import COLUMN
from portal.labels.report_figures_help import FIGURE_HELP
from portal.labels.report_lists_help import LIST_HELP
from portal.labels.stages import STATUS

Words = Mapping[str, LazyString]

REPORT: Words = {
    "volumes": _p("report", "Requests by month"),
    "volumes_by_day": _p("report", "Requests by day"),
    "outcomes": _p("report", "Outcomes"),
    "statuses": _p("report", "Statuses"),
    "tiers": _p("report", "Tiers"),
    "times": _p("report", "Times"),
    "times_by_group": _p("report", "Times by language and tier"),
    "parity": _p("report", "Japanese and English"),
    "checks": _p("report", "Identity checks"),
    "four_eyes": _p("report", "Decisions by two persons"),
    "waits": _p("report", "Waiting periods"),
    "objections": _p("report", "Objections and safety stops"),
    "agents": _p("report", "Speed of approvers"),
    "sample": _p("report", "Sample for a second audit"),
    "training": _p("report", "Training cases"),
    "fallbacks": _p("report", "Avoidable requests"),
    "calls": _p("report", "Calls"),
    "connectors": _p("report", "Removals at the systems"),
    "deletions": _p("report", "Retention and deletion"),
    "exports": _p("report", "Exports"),
    "removals": _p("report", "MFA removals one by one"),
    "other_removals": _p("report", "MFA removals without the desk"),
    "check_records": _p("report", "Identity checks one by one"),
    "cases": _p("report", "Requests one by one"),
}

# The question that each answers.
HELP: Words = {
    "volumes": _l("How many requests came in each month, and how do they stand?"),
    "volumes_by_day": _l("How many requests came on each day, and how do they stand?"),
    "outcomes": _l("How did requests end, in each language?"),
    "statuses": _l("In which status are the requests now, in each language?"),
    "tiers": _l("How many requests needed how much care, in each language?"),
    "times": _l("How long do requests stay in each status, and how long does the whole take?"),
    "times_by_group": _l("How long do requests stay in each status, for each language and tier?"),
    "parity": _l(
        "Are people who write in Japanese and in English served equally fast, and approved equally often?"
    ),
    "checks": _l("Which identity checks were made, and how often did they fail?"),
    "four_eyes": _l("Did two different persons make each decision?"),
    "waits": _l("Was every waiting period served in full?"),
    "objections": _l('How often did somebody say "this was not me", and what came of it?'),
    "agents": _l("Who decides faster than anybody can read?"),
    "sample": _l("Which removals should be audited again?"),
    "training": _l("Does the desk recognise suspicious requests?"),
    "fallbacks": _l("At which step do owners give up resetting by themselves, and turn to the desk?"),
    "calls": _l("How did the portal's calls end?"),
    "connectors": _l("Did the systems carry out the removals?"),
    "deletions": _l("What was deleted, given to its owner or kept back, and when?"),
    "exports": _l("Who took which data out of the portal?"),
    "removals": _l(
        "Which MFA devices were removed, who checked, who approved, and where does the log say so?"
    ),
    "other_removals": _l("Which MFA devices did owners and their administrators remove themselves?"),
    "check_records": _l("Who recorded which identity check, and when?"),
    "cases": _l("Which requests were there, and what became of each?"),
}

PERIOD: Words = {
    "today": _p("report period", "Today"),
    "yesterday": _p("report period", "Yesterday"),
    "last_7_days": _p("report period", "Last 7 days"),
    "last_30_days": _p("report period", "Last 30 days"),
    "this_month": _p("report period", "This month"),
    "last_month": _p("report period", "Last month"),
    "this_quarter": _p("report period", "This quarter"),
    "last_quarter": _p("report period", "Last quarter"),
    "this_fiscal_year": _p("report period", "This fiscal year (from 1 April)"),
    "last_fiscal_year": _p("report period", "Last fiscal year"),
    "custom": _p("report period", "Custom"),
}

# Which date puts something into the period.
BASIS: Words = {
    "received": _p("date basis", "Received"),
    "approved": _p("date basis", "Approved"),
    "closed": _p("date basis", "Closed"),
    "removed": _p("date basis", "Removed"),
    "happened": _p("date basis", "When it happened"),
}

FILTER: Words = {
    "status": _p("report column", "Status"),
    "language": _p("report column", "Language"),
    "reason": _p("report column", "Reason"),
    "outcome": _p("report column", "Outcome"),
    "tier": _p("report column", "Tier"),
}

_OUTCOME: Words = {"open": _p("report outcome", "Still open"), **STATUS, **CLOSE_REASON}
OUTCOME: Words = {key: _OUTCOME[key] for key in OUTCOMES}

_CLOCK: Words = {
    **STATUS,
    "desk": _p("report clock", "With the desk"),
    "whole": _p("report clock", "In all"),
}
CLOCK: Words = {key: _CLOCK[key] for key in CLOCKS}

DECISION: Words = {
    "remove": _p("report decision", "Removal"),
    "decline": _p("report decision", "Decline"),
    "unfreeze": _p("report decision", "End of a safety stop"),
}

CHANNEL: Words = {
    "mail": _p("report channel", "Link in an email"),
    "status_page": _p("report channel", "Status page"),
    "call": _p("report channel", "Telephone"),
}

ERROR: Words = {
    "report_unknown": _l("There is no such report"),
    "period_unknown": _l("Select a period"),
    "basis_unknown": _l("Select a date basis that this report has"),
    "filter_unknown": _l("Select a value from the list"),
    "column_unknown": _l("Name only columns that this report has"),
    "start_missing": _l("Enter a start date"),
    "start_unreadable": _l("Enter a start date that exists, such as 2026-04-01"),
    "end_missing": _l("Enter an end date"),
    "end_unreadable": _l("Enter an end date that exists, such as 2026-04-30"),
    "start_after_end": _l("Start date must be the same as or before the end date"),
    "start_too_early": _l("Start date must be in %(year)s or later"),
    "end_in_future": _l("End date must be today or earlier"),
    "period_too_long": _l("Period must be %(days)s days or less"),
    "seed_too_long": _l("Seed must be %(length)s characters or less"),
    "seed_unprintable": _l("Remove the characters that cannot be shown. Type the text instead of pasting it"),
}

TABLES: Mapping[str, Words] = {
    "report": REPORT,
    "report_help": HELP,
    "report_column": COLUMN,
    "report_column_help": {**FIGURE_HELP, **LIST_HELP},
    "report_period": PERIOD,
    "report_basis": BASIS,
    "report_filter": FILTER,
    "report_outcome": OUTCOME,
    "report_clock": CLOCK,
    "report_decision": DECISION,
    "report_channel": CHANNEL,
    "report_error": ERROR,
}
