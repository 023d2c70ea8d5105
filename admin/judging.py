"""What a decision is about, so that a person can judge it in a minute: in short for the first one, in full for the second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from admin import case_checks, case_view
from admin.acts import Visit
from admin.case_checks import CheckCard
from admin.case_view import FIELDS
from portal import contact, i18n, labels, vault
from portal.casework import registry, second_look
from portal.casework.facts import facts_of, profile_of, verdict_of
from portal.casework.second_look import Difference
from portal.domain import policy
from portal.domain.names import mask_name
from portal.domain.policy import Verdict
from portal.models import Account, Objection, SubjectKey

Line = tuple[str, str, bool]  # a name, a text, and whether it is an owner's text that is partly hidden

SAME: Mapping[bool | None, tuple[LazyString, str, str]] = {
    True: (_l("Same"), "green", "check"),
    False: (_l("Different"), "red", "warning"),
    None: (_l("Not known"), "grey", "minus"),
}
REACHED: Mapping[str, tuple[LazyString, str, str]] = {
    "told": (_l("Told of the request"), "green", "check"),
    "pending": (_l("The notice is on its way"), "yellow", "clock"),
    "failed": (_l("The notice did not arrive"), "red", "warning"),
    "untold": (_l("Not told"), "grey", "minus"),
    "own": (_l("The requester's own address"), "grey", "person"),
}
OBJECTED: Mapping[str | None, LazyString] = {
    None: _l("Undecided"),
    "upheld": _l("Decided: the request stood"),
    "founded": _l("Decided: the objection was right"),
    "noted": _l("On record: nothing was left to stop"),
}


@dataclass(frozen=True)
class Counted:
    """One thing that the set of checks asks for: by which check it is met, with its result, when, and by whom."""

    name: str
    met: bool
    check: str = ""
    result: str = ""
    at: datetime | None = None
    who: str = ""


def summary_of(visit: Visit) -> list[Line]:
    """What is decided about: account, holder and claimed name beside each other, tier and wait, who checked."""
    _keys, account = held(visit), _account(visit)
    number = account.number if account else gettext("Not in the register")
    lines = [(gettext("AWS account ID"), number or "", False), *_persons(visit, account), *terms(visit)]
    return [line for line in lines if line[1]]


def terms(visit: Visit) -> list[Line]:
    """Tier and why, the wait that will follow, and who has checked by which set."""
    ctx, case = visit.ctx, visit.case
    verdict = verdict_of(ctx, case)
    hours = policy.waiting_hours(policy.Tier(case.tier), verdict.set_key, ctx.limits, everyone_reached=True)
    why = gettext(", ").join(labels.word("tier_reason", reason) for reason in case.tier_reasons)
    return [
        (gettext("Tier"), labels.word("tier", case.tier), False),
        (gettext("Why this tier"), why, False),
        (gettext("Waiting period"), i18n.duration(timedelta(hours=hours)), False),
        (gettext("Set of checks"), labels.word("policy_set", case.policy_set or verdict.set_key), False),
        (gettext("Checked by"), case_view.person_name(ctx, case.proposer_id or case.holder_id), False),
    ]


def _account(visit: Visit) -> Account | None:
    return visit.ctx.session.get(Account, visit.case.account_id) if visit.case.account_id else None


def held(visit: Visit) -> Sequence[SubjectKey]:
    """The keys of owner and account: while somebody holds them, nothing that is opened asks the database again."""
    account = _account(visit)
    subjects = [visit.case.subject_id, *([account.subject_id] if account else [])]
    return vault.held(visit.ctx.session, subjects)


def _persons(visit: Visit, account: Account | None) -> list[Line]:
    """The registered name and the one that was typed, both masked, whether they are the same, and where mail goes."""
    ctx, case = visit.ctx, visit.case
    registered = ctx.vault.open(ctx.session, account.subject_id, account, "name") if account else None
    typed = ctx.vault.open(ctx.session, case.subject_id, case, "name")
    reply = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    agree = "match" if profile_of(ctx, case).name_matches else "mismatch"
    return [
        (gettext("Name in the register"), mask_name(registered or ""), True),
        (gettext("Name in the form"), mask_name(typed or ""), True),
        (labels.word("evidence", "name_result"), labels.word("result", agree), False),
        (gettext("Email address for updates"), contact.mask_email(reply) if reply else "", True),
        (gettext("Registered contacts"), _contacts(visit, account), True),
    ]


def _contacts(visit: Visit, account: Account | None) -> str:
    """Who will be told: an approval is for these contacts, and another one makes it void."""
    shown = registry.contacts_view(visit.ctx, account) if account else ()
    return str(gettext(", ")).join(one.masked for one in shown if one.retired_at is None)


def in_full(visit: Visit, verdict: Verdict, cards: Sequence[CheckCard]) -> dict[str, Any]:
    """All that the second person judges by, besides the checks themselves."""
    ctx, case = visit.ctx, visit.case
    account = _account(visit)
    return {
        "about": [
            (gettext("AWS account ID"), account.number if account else gettext("Not in the register")),
            *((name, text) for name, text, _hidden in terms(visit) if text),
        ],
        "verdict_words": case_checks.verdict_words(verdict),
        "counted": [_counted(requirement, cards) for requirement in verdict.required],
        "ignored": _ignored(verdict, cards),
        "differences": [_compared(one) for one in second_look.differences(ctx, case)],
        "reached": [(one, REACHED[one.state]) for one in second_look.reached(ctx, case)],
        "objections": [_objected(one) for one in second_look.objections(ctx, case)],
        "rivals": second_look.rivals(ctx, case),
    }


def _counted(requirement: policy.Requirement, cards: Sequence[CheckCard]) -> Counted:
    name = labels.word("requirement", requirement.key)
    card = next((card for card in cards if card.check.id == requirement.by), None)
    if card is None:
        return Counted(name, requirement.met)
    return Counted(name, requirement.met, card.title, card.result, card.check.recorded_at, card.who)


def _ignored(verdict: Verdict, cards: Sequence[CheckCard]) -> list[tuple[str, str]]:
    """Checks of this round that do not count, and why."""
    titles = {card.check.id: card.title for card in cards}
    return [
        (titles[check_id], labels.word("ignored", why))
        for check_id, why in verdict.ignored
        if check_id in titles
    ]


def _compared(one: Difference) -> tuple[str, str, str, tuple[LazyString, str, str]]:
    """A line of the comparison: its name, what the form says, what the register says, and whether they are the same."""
    kind = one.key if one.key in labels.TABLES else None
    name = FIELDS[one.key][0] if one.key in FIELDS else ANSWERED[one.key]
    form = labels.word(kind, one.form) if kind and one.form else one.form
    known = [labels.word(kind, each) if kind else each for each in one.register]
    return str(name), form, gettext(", ").join(known), SAME[one.same]


ANSWERED: Mapping[str, LazyString] = {
    "holder_kind": _l("Kind of holder"),
    "is_administrator": _l("Administrator"),
}


def _objected(row: Objection) -> tuple[datetime, str]:
    return row.at, str(OBJECTED.get(row.outcome, OBJECTED[None]))


def proofs(visit: Visit) -> list[Counted]:
    """What the request rests on: every check of this round, the newest first, whether or not it matched."""
    ctx, case = visit.ctx, visit.case
    verdict = verdict_of(ctx, case)
    shown = case_checks.cards(ctx, case, facts_of(ctx, case), verdict, seen=False)
    return [
        Counted(
            card.counts,
            card.check.result == "match",
            card.title,
            card.result,
            card.check.recorded_at,
            card.who,
        )
        for card in shown
        if card.check.round == case.round and card.check.voided_at is None
    ]


def without_notes(cards: Sequence[CheckCard], person_id: str | None) -> list[CheckCard]:
    """The cards without what colleagues wrote beside the evidence; one's own words stay."""
    return [card if card.check.person_id == person_id else replace(card, note="") for card in cards]
