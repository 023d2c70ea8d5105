"""The way out of the owner's own path: what it was that failed, and what the request form need not ask any more."""

from __future__ import annotations

from portal.casework import owner_sessions, self_service, self_service_end, self_service_facts
from portal.casework.context import Context, NotFound
from portal.casework.owner_sessions import Visitor
from portal.casework.self_service_end import held, step_of
from portal.connectors import ConnectorError
from portal.domain.self_service import CLOSED, FAILURES, STEPS
from portal.models import SelfService


def fail(ctx: Context, visitor: Visitor, reason: str, *, language: str = "ja") -> SelfService:
    """The owner goes on with the request form, and says why. Only what can be true at the step that they are at is written down."""
    if reason not in FAILURES or reason in CLOSED:
        raise NotFound()
    with ctx.act():
        seen = self_service.present(ctx, visitor)
        found = self_service.attempt_of(ctx, seen)
        if found is None:
            return _without_live(ctx, seen, language)
        attempt = held(ctx, found.id)
        if attempt.ended_at is None:
            step = step_of(attempt)
            fits = STEPS.index(FAILURES[reason].step) <= STEPS.index(step)
            self_service_end.fail(
                ctx, attempt, reason if fits else "other_way", step=_step_named(reason, step, fits)
            )
    return attempt


def _step_named(reason: str, step: str, fits: bool) -> str:
    return FAILURES[reason].step if fits and reason != "other_way" else step


def _without_live(ctx: Context, visitor: Visitor, language: str) -> SelfService:
    """Nothing runs in this browser: what ended last has its reason already, or else time has run out, or nothing was begun."""
    last = self_service.last_of(ctx, visitor)
    last = last if last and last.removed_at is None else None
    attempt = held(ctx, last.id) if last else self_service.new_attempt(ctx, visitor, language, None)
    if attempt.ended_at is None or attempt.failed_reason is None:
        self_service_end.fail(ctx, attempt, "time_over" if last else "other_way", step=step_of(attempt))
    return attempt


def failed_of(ctx: Context, visitor: Visitor) -> SelfService | None:
    """The attempt that this browser gave up, for the request that it goes on with. What was removed is no failure."""
    attempt = self_service.last_of(ctx, visitor)
    return attempt if attempt and attempt.failed_reason and attempt.removed_at is None else None


def handed_over(ctx: Context, visitor: Visitor) -> dict[str, str]:
    """What the request form already knows of the browser's last attempt, by the names of its fields."""
    attempt = failed_of(ctx, visitor)
    if attempt is None or attempt.failed_reason is None:
        return {}
    known = dict(FAILURES[attempt.failed_reason].form)
    if attempt.mailbox_at is not None:
        known["mailbox"] = "reachable"
    kind, email = _kind_of(ctx, visitor, attempt), owner_sessions.kept(ctx, visitor).get("email")
    return {
        "principal_kind": visitor.principal.kind,
        "password_known": "yes",
        **known,
        **({"device_kind": kind} if kind else {}),
        **({"account_email": email} if email else {}),
        "failed_step": attempt.failed_step or "start",
        "failed_reason": attempt.failed_reason,
        "attempt": attempt.id,
    }


def _kind_of(ctx: Context, visitor: Visitor, attempt: SelfService) -> str | None:
    if attempt.device_id is None:
        return None
    try:
        shown = self_service_facts.connector_of(ctx, visitor.account).list_devices(
            ctx.session, visitor.principal
        )
    except ConnectorError:
        return None
    return next((one.kind for one in shown if one.id == attempt.device_id), None)
