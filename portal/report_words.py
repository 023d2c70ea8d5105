"""Reports in words: their sentence, what has to be said beside the figures, and what is wrong with asking for one.

Everything is said in the language spoken now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import i18n, labels, written_times
from portal.domain.limits import Limits
from portal.domain.periods import Period
from portal.domain.reports import REPORTS, Asked
from portal.reports.asking import EARLIEST, LONGEST_SEED, WrongAsked
from portal.reports.figures import Result
from portal.reports.times import MOST_MEASURED


def number(value: Any) -> str:
    return f"{value:,}"


def decimal(value: Any) -> str:
    return f"{value:,.1f}"


def percent(value: Any) -> str:
    return f"{value:.1%}"


@dataclass(frozen=True)
class Part:
    """One part of a sentence. It is left out where its fact is not known."""

    words: LazyString
    fact: str
    write: Callable[[Any], str] = number


_REQUESTS = Part(_l("%(n)s requests"), "requests")
_VOLUMES = (
    Part(_l("%(n)s received"), "received"),
    Part(_l("%(n)s approved or declined"), "approved"),
    Part(_l("%(n)s closed"), "closed"),
    Part(_l("%(n)s deactivated"), "deactivated"),
    Part(_l("%(n)s declined"), "declined"),
    Part(_l("%(n)s hours on average"), "hours_to_decision", decimal),
)
PARTS: Mapping[str, Sequence[Part]] = {
    "volumes": _VOLUMES,
    "volumes_by_day": _VOLUMES,
    **dict.fromkeys(("outcomes", "statuses", "tiers"), (_REQUESTS,)),
    "times": (
        Part(_l("%(n)s requests have ended"), "whole_counted"),
        Part(_l("half of them within %(n)s hours"), "whole_median", decimal),
        Part(_l("95 of 100 within %(n)s hours"), "whole_p95", decimal),
        Part(_l("half were with the desk for %(n)s hours at most"), "desk_median", decimal),
    ),
    "times_by_group": (Part(_l("%(n)s groups of language and tier"), "groups"),),
    "checks": (
        Part(_l("%(n)s identity checks"), "checks"),
        Part(_l("%(n)s matched"), "matched"),
        Part(_l("%(n)s failed"), "failed_share", percent),
    ),
    "four_eyes": (
        Part(_l("%(n)s decisions"), "decisions"),
        Part(_l("%(n)s by two persons"), "coverage", percent),
        Part(_l("%(n)s exceptions"), "exceptions"),
    ),
    "waits": (
        Part(_l("%(n)s removals started"), "removals"),
        Part(_l("%(n)s waiting periods extended"), "extended"),
        Part(_l("%(n)s shortened"), "shortened"),
    ),
    "objections": (
        Part(_l("%(n)s objections"), "objections"),
        Part(_l("%(n)s of them right"), "founded"),
        Part(_l("%(n)s undecided"), "undecided"),
        Part(_l("%(n)s requests put on hold"), "frozen"),
    ),
    "agents": (
        Part(_l("%(n)s decisions"), "decisions"),
        Part(_l("%(n)s of them in less than the limit for fast decisions"), "fast"),
    ),
    "sample": (
        Part(_l("%(n)s approved removals"), "requests"),
        Part(_l("%(n)s drawn for a second audit"), "drawn"),
    ),
    "training": (
        Part(_l("%(n)s training cases ended"), "played"),
        Part(_l("%(n)s recognised"), "score", percent),
        Part(_l("%(n)s still running"), "running"),
    ),
    "fallbacks": (
        Part(_l("%(n)s resets started by owners"), "started"),
        Part(_l("%(n)s finished"), "removed"),
        Part(_l("%(n)s given up"), "failed"),
        Part(_l("%(n)s requests came of them"), "requests_after"),
    ),
    "calls": (
        Part(_l("%(n)s calls"), "calls"),
        Part(_l("%(n)s confirmed"), "confirmed_share", percent),
    ),
    "connectors": (
        Part(_l("%(n)s devices"), "devices"),
        Part(_l("%(n)s removed"), "removed"),
        Part(_l("%(n)s could not be removed"), "failed"),
        Part(_l("%(n)s not yet clear"), "unclear"),
    ),
    "deletions": (
        Part(_l("%(n)s deletions"), "deleted"),
        Part(_l("%(n)s erasures on request"), "erased"),
        Part(_l("%(n)s legal holds placed"), "held"),
    ),
    "exports": (Part(_l("%(n)s exports"), "rows"),),
    "removals": (Part(_l("%(n)s MFA removals"), "rows"),),
    "other_removals": (Part(_l("%(n)s MFA removals without the desk"), "rows"),),
    "check_records": (Part(_l("%(n)s identity checks"), "rows"),),
    "cases": (Part(_l("%(n)s requests"), "rows"),),
}


def sentence(asked: Asked, facts: Mapping[str, Any]) -> str:
    """The whole report in one sentence: "1 April to 30 June 2026: 128 received, 97 deactivated"."""
    parts = _parity(facts) if asked.report == "parity" else _parts(asked.report, facts)
    said = str(_(", ")).join(parts)
    return str(_("%(period)s: %(said)s", period=span(asked.start, asked.end), said=said))


def _parts(report: str, facts: Mapping[str, Any]) -> Iterator[str]:
    for part in PARTS[report]:
        if (value := facts.get(part.fact)) is not None:
            yield str(part.words) % {"n": part.write(value)}
    if (most := facts.get("most")) is not None:
        kind = REPORTS[report].columns[0].kind.partition(":")[2]
        yield str(_("most often %(what)s", what=labels.word(kind, most)))


def _parity(facts: Mapping[str, Any]) -> Iterator[str]:
    for language, (requests, _removed, _declined, approved, median, _p95) in facts["by_language"].items():
        spoken = labels.word("report_column", f"requests_{language}")
        yield str(_("%(language)s %(n)s requests", language=spoken, n=number(requests)))
        if approved is not None:
            yield str(_("%(n)s approved", n=percent(approved)))
        if median is not None:
            yield str(_("half with the desk for %(n)s hours at most", n=decimal(median)))


def span(start: date, end: date) -> str:
    """A period as a sentence begins with it."""
    return written_times.span(start, end, i18n.current())


def notes(asked: Asked, result: Result, limits: Limits) -> list[str]:
    """What a reader has to know beside the figures: small numbers, and what should never have happened."""
    return [str(note) for note in _notes(asked, result, limits)]


def _notes(asked: Asked, result: Result, limits: Limits) -> Iterator[str]:
    facts = result.facts
    if facts.get("small"):
        yield _(
            "One of the languages has fewer than %(n)s decided requests. Differences may be chance.",
            n=limits.report_small,
        )
    if 0 < facts.get("requests", limits.report_small) < limits.report_small:
        yield _(
            "These are fewer than %(n)s requests. Whoever knows one of the owners may recognise them: do not pass this on.",
            n=limits.report_small,
        )
    if facts.get("measured_of"):
        yield _(
            "Times are measured on about %(n)s of %(all)s requests, drawn evenly.",
            n=number(MOST_MEASURED),
            all=number(facts["measured_of"]),
        )
    if facts.get("shortened"):
        yield _("A waiting period was shortened. This must never happen: have the audit log checked now.")
    if facts.get("exceptions"):
        yield _(
            "Not every decision was made by two persons: %(references)s. This must never happen: have the audit log checked now.",
            references=str(_(", ")).join(facts["references"]),
        )
    if asked.report == "agents":
        yield _("Fast is less than %(n)s minutes.", n=limits.fast_approval_minutes)
    if asked.report == "sample":
        yield _(
            "Seed: %(seed)s. The sample is ordered by SHA-256 of the seed and the case, so that anybody can draw it again.",
            seed=facts["seed"],
        )


def nothing(nearest: Period | None) -> list[str]:
    """What a page says where a period has no data."""
    found = [str(_("No requests match"))]
    if nearest is not None:
        found.append(str(_("The nearest period with data: %(period)s", period=span(*nearest))))
    return found


def errors(wrong: WrongAsked, limits: Limits) -> dict[str, str]:
    """What is wrong with asking, in words, by field."""
    values = {"days": limits.report_days, "length": LONGEST_SEED, "year": EARLIEST.year}
    return {name: str(labels.TABLES["report_error"][error]) % values for name, error in wrong.errors.items()}
