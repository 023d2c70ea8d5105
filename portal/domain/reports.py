"""The reports: one row each. Which columns a report has, what they hold, by which dates and filters it can be asked for.

A report gives keys and numbers; `labels` says them, `export` and the pages paint them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import CLOSE_REASONS, OPEN, Status
from portal.domain.tiers import Tier

# Which date puts a case into a period. `removed` and `happened` are those of the events of the log itself.
BASES = ("received", "approved", "closed", "removed", "happened")
OF_CASES = BASES[:3]
# What a device is said to be: "lost" and so on come from the form.
PROBLEMS = ("code_refused", "lost", "stolen", "broken", "replaced", "other")
# How a case stands: `open`, or how it ended. Training cases are in no report but their own.
OUTCOMES = (
    "open",
    "deactivated",
    "reversed",
    "declined",
    *(reason for reason in CLOSE_REASONS if reason != "training"),
    "cancelled",  # why is deleted after its period
    "expired",
)
# What passes while the owner is asked, or while a wait runs, is not the desk's time.
DESK = tuple(
    status
    for status in Status
    if status in OPEN - {Status.UNCONFIRMED, Status.WAITING_OWNER, Status.COOLING_OFF}
)
CLOCKS = (*(status.value for status in Status if status in OPEN), "desk", "whole")
DECISIONS = ("remove", "decline", "unfreeze")
STOP_CHANNELS = ("mail", "status_page", "call")
# The filters, with the values that each can have. Their words: label kinds as in `FILTER_WORDS`.
FILTERS: Mapping[str, tuple[str, ...]] = {
    "status": tuple(status.value for status in Status),
    "language": tuple(LANGUAGES),
    "reason": PROBLEMS,
    "outcome": OUTCOMES,
    "tier": tuple(tier.value for tier in Tier),
}
FILTER_WORDS: Mapping[str, str] = {
    "status": "status",
    "language": "language",
    "reason": "reason",
    "outcome": "report_outcome",
    "tier": "tier",
}
# How a value is written: a whole number, a share (0 to 1), hours and minutes (decimal), a moment, a day, a month
# ("2026-04"), a yes or no, an id, a text that somebody typed; a key whose words stand in the labels of a kind
# ("word:status"), or a tuple of such keys ("words:method").
KINDS = (
    "number",
    "share",
    "hours",
    "minutes",
    "moment",
    "day",
    "month",
    "flag",
    "id",
    "text",
    "word",
    "words",
)


@dataclass(frozen=True)
class Column:
    """One column. Its words: label kinds `report_column` and, for what it means, `report_column_help`, under `key`."""

    key: str
    kind: str
    personal: bool = False  # masked unless a purpose was given
    summed: bool = False  # has a total


@dataclass(frozen=True)
class Chart:
    """What a chart draws: the columns that name a group of bars, and the columns that are their lengths.

    `only`: the value that a row must have in a column to be drawn at all. `added`: rows of one name are added up; else each has
    bars of its own, for two people may have one name.
    """

    names: tuple[str, ...]
    lengths: tuple[str, ...]
    only: Mapping[str, str] = field(default_factory=dict)
    added: bool = False


@dataclass(frozen=True)
class Report:
    """`is_list`: a row per case or event, as many as there are; else a short table of figures."""

    key: str
    columns: tuple[Column, ...]
    chart: Chart | None = None
    is_list: bool = False
    bases: tuple[str, ...] = OF_CASES  # the first is the one that is meant where none is named
    filters: tuple[str, ...] = tuple(FILTERS)
    drawn: bool = False  # a sample, drawn by a seed

    def column(self, key: str) -> Column:
        return next(column for column in self.columns if column.key == key)


@dataclass(frozen=True)
class Asked:
    """A report as somebody wants it: days in Japan, both included; `filters` names one key for each filter that is set."""

    report: str
    start: date
    end: date
    basis: str = "received"
    filters: Mapping[str, str] = field(default_factory=dict)
    seed: str = ""  # what a sample is drawn by
    columns: tuple[str, ...] = ()  # in the report's own order; none named: all of them


def columns_of(asked: Asked) -> tuple[Column, ...]:
    """The columns of the answer, in the order of its values."""
    return tuple(
        column for column in REPORTS[asked.report].columns if not asked.columns or column.key in asked.columns
    )


def _columns(text: str) -> tuple[Column, ...]:
    """Read `key=kind` for each column; `+` behind it: has a total, `!` behind it: personal."""
    parts = ((*part.rstrip("+!").partition("="), part) for part in text.split())
    return tuple(
        Column(key, kind or "number", personal=part.endswith("!"), summed=part.endswith("+"))
        for key, _, kind, part in parts
    )


_ENDS = "requests+ confirmed+ deactivated+ reversed+ declined+ cancelled+ expired+ still_open+ hours_to_decision=hours"
_BY_LANGUAGE = (*(f"requests_{language}" for language in LANGUAGES), "requests")
_SHARES = " ".join(f"{key}+" for key in _BY_LANGUAGE) + " share=share"
# Whoever reads a table sees people; what only machines compare stands at its end.
_DECIDERS, _DECIDER_IDS = "verifier=text approver=text", "verifier_id=id approver_id=id"
_IN_LOG = "log_number log_hash=id log_event=id"
_HAPPENED = ("happened",)
_EITHER = (*_HAPPENED, *OF_CASES)

REPORTS: Mapping[str, Report] = {
    report.key: report
    for report in (
        # how much, and how it ended
        Report(
            "volumes",
            _columns(f"month=month {_ENDS}"),
            Chart(("month",), ("requests", "deactivated", "declined")),
        ),
        Report(
            "volumes_by_day",
            _columns(f"day=day {_ENDS}"),
            Chart(("day",), ("requests", "deactivated", "declined")),
        ),
        Report(
            "outcomes",
            _columns(f"outcome=word:report_outcome {_SHARES}"),
            Chart(("outcome",), _BY_LANGUAGE[:-1]),
        ),
        Report("statuses", _columns(f"status=word:status {_SHARES}"), Chart(("status",), _BY_LANGUAGE[:-1])),
        Report("tiers", _columns(f"tier=word:tier {_SHARES}"), Chart(("tier",), _BY_LANGUAGE[:-1])),
        # how long
        Report(
            "times",
            _columns("clock=word:report_clock counted hours_median=hours hours_p95=hours hours_mean=hours"),
            Chart(("clock",), ("hours_median", "hours_p95")),
        ),
        Report(
            "times_by_group",
            _columns(
                "clock=word:report_clock language=word:language tier=word:tier counted hours_median=hours hours_p95=hours"
                " hours_mean=hours"
            ),
            # twelve charts would be too many; what a group waits for the desk is what the desk can change
            Chart(("clock", "language", "tier"), ("hours_median", "hours_p95"), {"clock": "desk"}),
        ),
        Report(
            "parity",
            _columns(
                "language=word:language requests+ deactivated+ declined+ approval_share=share desk_median=hours desk_p95=hours"
            ),
            Chart(("language",), ("desk_median", "desk_p95")),
            filters=("status", "reason", "outcome", "tier"),
        ),
        # whether the rules were kept
        Report(
            "checks",
            _columns(
                "method=word:method checks+ matched+ mismatched+ could_not+ failed_share=share repeated+ voided+"
            ),
            Chart(("method",), ("matched", "mismatched", "could_not")),
        ),
        Report(
            "four_eyes",
            _columns("decision=word:report_decision decisions+ by_two+ exceptions+ coverage=share"),
            Chart(("decision",), ("by_two", "exceptions")),
            bases=_EITHER,
        ),
        Report(
            "waits",
            _columns(
                "tier=word:tier policy_set=word:policy_set removals+ hours_due=hours hours_least=hours hours_waited=hours"
                " extended+ shortened+"
            ),
            Chart(("tier", "policy_set"), ("hours_due", "hours_least")),
            bases=_EITHER,
        ),
        Report(
            "objections",
            _columns(
                "channel=word:report_channel objections+ with_request+ undecided+ upheld+ founded+ noted+"
                " hours_to_outcome=hours"
            ),
            Chart(("channel",), ("objections", "founded")),
            bases=_HAPPENED,
            filters=(),
        ),
        Report(
            "agents",
            _columns(
                "agent=text approvals+ declines+ fast+ fast_share=share minutes_median=minutes sent_back+ agent_id=id"
            ),
            Chart(("agent",), ("approvals", "fast")),
            bases=_EITHER,
        ),
        Report(
            "sample",
            _columns(
                f"place reference=id methods=words:method {_DECIDERS} approved_at=moment language=word:language"
                f" tier=word:tier policy_set=word:policy_set {_DECIDER_IDS} draw=id"
            ),
            bases=("approved", "received", "closed"),
            drawn=True,
        ),
        Report(
            "training",
            _columns(
                "scenario=word:training_scenario played+ caught_first+ caught_second+ missed+ ended_early+ score=share"
            ),
            Chart(("scenario",), ("caught_first", "caught_second", "missed")),
            bases=("received",),
            filters=("language",),
        ),
        # what the owners could do themselves, and what the desk's tools did
        Report(
            "fallbacks",
            _columns(
                "step=word:self_service_step failure=word:self_service_failure attempts+ requests_after+ after_share=share"
            ),
            Chart(("step",), ("attempts", "requests_after"), added=True),
            bases=_HAPPENED,
            filters=(),
        ),
        Report(
            "calls",
            _columns("call_outcome=word:call_outcome calls+ share=share"),
            Chart(("call_outcome",), ("calls",)),
            bases=_HAPPENED,
            filters=(),
        ),
        Report(
            "connectors",
            _columns(
                "connector=word:connector devices+ devices_removed+ devices_failed+ devices_unclear+ devices_failed_share=share"
            ),
            Chart(("connector",), ("devices_removed", "devices_failed", "devices_unclear")),
            bases=_HAPPENED,
            filters=(),
        ),
        # what became of the data
        Report(
            "deletions",
            _columns("what=word:audit times_done+ first_at=moment last_at=moment"),
            Chart(("what",), ("times_done",)),
            bases=_HAPPENED,
            filters=(),
        ),
        Report(
            "exports",
            _columns(
                "asked_at=moment agent=text exported=word:report form=text from_day=day to_day=day with_personal=flag"
                f" purpose=text! file_rows sha256=id downloads {_IN_LOG}"
            ),
            is_list=True,
            bases=_HAPPENED,
            filters=(),
        ),
        # one by one
        Report(
            "removals",
            _columns(
                f"reference=id removed_at=moment methods=words:method {_DECIDERS} executor=text language=word:language"
                " tier=word:tier received_at=moment approved_at=moment executed_at=moment policy_set=word:policy_set"
                f" waiting_hours devices {_DECIDER_IDS} {_IN_LOG}"
            ),
            is_list=True,
            bases=("removed", *OF_CASES),
        ),
        Report(
            "other_removals",
            _columns(
                f"removed_at=moment what=word:audit account=text! connector=word:connector sessions_ended {_IN_LOG}"
            ),
            is_list=True,
            bases=_HAPPENED,
            filters=(),
        ),
        Report(
            "check_records",
            _columns(
                "checked_at=moment reference=id method=word:method result=word:result what=word:audit checker=text"
                f" {_IN_LOG}"
            ),
            is_list=True,
            bases=_EITHER,
        ),
        Report(
            "cases",
            _columns(
                "reference=id status=word:status outcome=word:report_outcome language=word:language tier=word:tier"
                " reason=word:reason received_at=moment confirmed_at=moment approved_at=moment removed_at=moment"
                f" closed_at=moment rounds {_DECIDERS} policy_set=word:policy_set waiting_hours {_DECIDER_IDS}"
                " account=text! name=text! reply_email=text!"
            ),
            is_list=True,
        ),
    )
}
