"""All that the page of a case shows, gathered from reads: header, checks with their verdict, masked data, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from admin import case_checks, case_live, conversation, next_step
from admin.acts import COMES_WITH_FORM
from admin.case_course import course
from admin.case_queue import holder_words
from admin.case_story import lease_lost
from portal import contact, i18n, labels, vault
from portal.casework import approval, keeping, lookup, presence, verification
from portal.casework.context import Context
from portal.casework.facts import facts_of, profile_of, verdict_of
from portal.casework.similar import Similar, similar
from portal.domain import lifecycle
from portal.domain.lifecycle import Act, CaseFacts, Status
from portal.domain.names import mask_name
from portal.domain.risks import Signs, risks_of
from portal.models import Account, Case, Person, SelfService, SubjectKey

HIDDEN = "***"

# What the owner typed and staff see masked, in the order of the form.
FIELDS: Mapping[str, tuple[LazyString, Callable[[str], str]]] = {
    "name": (_l("Full name"), mask_name),
    "kana": (_l("Name reading in kana"), mask_name),
    "latin_name": (_l("Name in Latin letters"), mask_name),
    "organisation": (_l("Organisation name"), mask_name),
    "account_email": (_l("Root user email address"), contact.mask_email),
    "reply_email": (_l("Email address for updates"), contact.mask_email),
    "phone": (_l("Phone number in the form"), contact.mask_phone),
    "detail": (_l("Description"), lambda _text: HIDDEN),
}

# What the owner answered by choosing: the case's column, its label, and the table of its words.
ANSWERS: tuple[tuple[str, LazyString, str], ...] = (
    ("principal_kind", _l("Kind of user"), "principal_kind"),
    ("problem", _l("Reason"), "reason"),
    ("device_kind", _l("MFA device"), "device_kind"),
    ("registered_phone", _l("Answers the registered phone"), "registered_phone"),
    ("phone_on_device", _l("Registered phone was on that device"), "phone_on_device"),
    ("holder_kind", _l("Kind of holder"), "holder_kind"),
    ("is_administrator", _l("Administrator"), "is_administrator"),
    ("call_time", _l("Best time to call"), "call_time"),
)


@dataclass(frozen=True)
class Masked:
    """One thing the owner typed, partly hidden, and where it can be shown."""

    field: str
    name: str
    text: str
    url: str | None


def may_see(ctx: Context, facts: CaseFacts) -> bool:
    """Whether this person may see what is masked: compliance and whoever the case concerns may not."""
    found = lifecycle.blocked_by(facts, Act.REVEAL, ctx.actor, ctx.now)
    return not set(found) - COMES_WITH_FORM


def gather(ctx: Context, case: Case, show: str) -> dict[str, Any]:
    """The values of the template. `show`: the tab of the case's course that is shown first."""
    # held, so that everything sealed for the owner is opened with one reading of their key
    _key = ctx.session.get(SubjectKey, case.subject_id)
    facts = facts_of(ctx, case)
    verdict, seen, hand = verdict_of(ctx, case), may_see(ctx, facts), by_hand(ctx, case)
    blind = approval.is_blind(ctx, case, facts)
    cards = case_checks.cards(ctx, case, facts, verdict, seen=seen)
    found, entries = similar(ctx, case), lookup.timeline(ctx.session, case)
    thread = conversation.gather(ctx, case, facts, blind=blind)
    failed = sum(card.check.result == "mismatch" for card in cards)
    return {
        "case": case,
        "live": case_live.of(ctx, case, presence.VIEWING),
        "lease_lost": lease_lost(entries, ctx.actor),
        "step": next_step.of(case, facts, ctx.actor, now=ctx.now, by_hand=hand),
        "holder": holder_words(case, person_name(ctx, case.holder_id)),
        "result_url": url_for("removals.result", case_id=case.id) if seen and case.executor_id else None,
        "may_see": seen,
        "held": facts.held,
        "may_keep": ctx.actor.is_any(keeping.MAY),
        "verdict": verdict,
        "verdict_words": case_checks.verdict_words(verdict),
        "checks": [replace(card, note="") for card in cards] if blind else cards,
        "ways": case_checks.ways(ctx, case, facts),
        "call": case_checks.call_of(ctx, case),
        "letter": case_checks.letter_of(ctx, case, facts),
        "data": masked_data(ctx, case, shown=seen),
        "answers": [*answers(case), *own_path(ctx, case)],
        "account": ctx.session.get(Account, case.account_id) if case.account_id else None,
        "parties": lookup.parties(ctx.session, case),
        "risks": risks(ctx, case, found, failed),
        "similar": listed(ctx, found),
        "contested": [other for other in found.all if _is_contest(case, other)],
        "thread": thread,
        "course": course(ctx, case, entries, thread, show),
        "reasons": written_reasons(ctx, case) if seen and not blind else [],
    }


def risks(ctx: Context, case: Case, found: Similar, failed: int) -> Sequence[str]:
    """The risk signals of a case, as keys. `failed`: how many of its checks did not match."""
    signs = Signs(
        profile=profile_of(ctx, case),
        tier_reasons=frozenset(case.tier_reasons),
        failed_checks=failed,
        same_phone=bool(found.phone),
        same_network=bool(found.network),
    )
    return risks_of(signs)


@dataclass(frozen=True)
class Other:
    """Another request as this page lists it: no more of it than its own page shows to everybody."""

    case: Case
    name: str
    url: str


def listed(ctx: Context, found: Similar) -> list[tuple[str, list[Other]]]:
    """The similar requests, by what they share with this one."""
    # held, so that all names are opened with one statement
    _keys = vault.held(ctx.session, (case.subject_id for case in found.all)) if found.all else ()
    groups = (
        (gettext("Other requests for this account"), found.account),
        (gettext("Same phone number"), found.phone),
        (gettext("Same network"), found.network),
    )
    return [(words, [_other(ctx, case) for case in cases]) for words, cases in groups if cases]


def _other(ctx: Context, case: Case) -> Other:
    name = ctx.vault.open(ctx.session, case.subject_id, case, "name") or ""
    return Other(case, mask_name(name), url_for("case.page", case_id=case.id))


def _is_contest(case: Case, other: Case) -> bool:
    """The older of two requests may not know of the contest: an unproven one changes nothing outside itself."""
    return case.contest_id is not None and case.contest_id in {other.contest_id, other.id}


def by_hand(ctx: Context, case: Case) -> bool:
    """Whether people remove the device in another system, step by step."""
    account = ctx.session.get(Account, case.account_id) if case.account_id else None
    connector = ctx.connectors.get(account.connector) if account else None
    return connector is not None and connector.by_hand


def person_name(ctx: Context, person_id: str | None) -> str:
    person = ctx.session.get(Person, person_id) if person_id else None
    return person.name if person else ""


def masked_data(ctx: Context, case: Case, *, shown: bool) -> list[Masked]:
    """What the owner typed, masked; with a way to show it for those who may."""
    found = []
    for field, (name, mask) in FIELDS.items():
        text = ctx.vault.open(ctx.session, case.subject_id, case, field)
        if text:
            url = url_for("reveal.show", case_id=case.id, field=field) if shown else None
            found.append(Masked(field, str(name), mask(text), url))
    return found


def answers(case: Case) -> list[tuple[str, str]]:
    """What the owner chose on the form."""
    rows = [
        (str(name), labels.word(kind, getattr(case, column)))
        for column, name, kind in ANSWERS
        if getattr(case, column) in labels.TABLES[kind]
    ]
    if case.theft_suspected:
        rows.append((gettext("Theft suspected"), labels.word("is_administrator", "yes")))
    return rows


def own_path(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """What the owner's own path came to before the request: the proof that it gave, and where and why it ended."""
    attempt = ctx.session.get(SelfService, case.self_service_id) if case.self_service_id else None
    step = str(attempt.failed_step if attempt else case.triage.get("failed_step", ""))
    reason = str(attempt.failed_reason if attempt else case.triage.get("failed_reason", ""))
    rows = []
    if step in labels.TABLES["self_service_step"] and reason in labels.TABLES["self_service_failure"]:
        words = (labels.word("self_service_step", step), labels.word("self_service_failure", reason))
        rows.append((gettext("Self-service failed"), gettext(": ").join(words)))
    if attempt is not None and attempt.password_at is not None:
        rows.append((gettext("Password proven"), i18n.when(attempt.password_at)))
    return rows


def written_reasons(ctx: Context, case: Case) -> list[tuple[str, str]]:
    """Reasons that colleagues wrote for each other."""
    kept = (
        (gettext("Reason for sending back"), "send_back_reason"),
        (gettext("Reason for the proposal"), "unfreeze_reason"),
    )
    opened = ((name, ctx.vault.open(ctx.session, case.subject_id, case, column)) for name, column in kept)
    return [(name, text) for name, text in opened if text]


def lease_of(ctx: Context, case: Case) -> datetime | None:
    """When the assignment ends by itself, while somebody works on the case."""
    return verification.lease_until(ctx, case) if case.status == Status.VERIFYING else None
