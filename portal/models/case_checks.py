"""What must hold of a case's row at any moment, even against somebody with SQL."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

from portal.domain.lifecycle import CLOSE_REASONS, DECISIONS, UNFREEZE_OUTCOMES, Status
from portal.models.base import one_of

TIERS = ("standard", "privileged", "elevated")
DECIDED = "status NOT IN ('cooling_off', 'ready', 'executing', 'deactivated')"
# A comparison with NULL is NULL, and a CHECK that is NULL passes: hence every IS NOT NULL here.
TWO_DECIDED = (
    "decision_round IS NOT NULL AND decision_round = round AND proposer_id IS NOT NULL AND approver_id IS NOT NULL"
    " AND proposer_id <> approver_id"
)
TWO_UNFROZE = (
    "unfreeze_round IS NOT NULL AND unfreeze_round = round AND unfreeze_proposer_id IS NOT NULL"
    " AND unfreeze_agreer_id IS NOT NULL AND unfreeze_proposer_id <> unfreeze_agreer_id"
)
AS_LEAD = "(approved_as IS NOT NULL AND approved_as = 'lead')"
HOURS = (
    "CASE WHEN policy_set IS NOT NULL AND policy_set = 'last_resort' THEN 720"
    " WHEN tier = 'standard' THEN 24 WHEN tier = 'privileged' THEN 72 ELSE 168 END"
)
ORDINARY = "(tier = 'standard' AND (policy_set IS NULL OR policy_set <> 'last_resort'))"
WAIT_SERVED = {
    # SQLite keeps any text in any column: '!' is no time, sorts before every time, and made the comparison NULL.
    "sqlite": (
        "typeof(waiting_hours) = 'integer'"
        " AND COALESCE(strftime('%s', waiting_until) - strftime('%s', waiting_started_at) >= waiting_hours * 3600, 0)"
        " AND (status = 'ready' OR COALESCE(strftime('%s', executing_at) - strftime('%s', waiting_until) >= 0, 0))"
    ),
    "postgresql": "waiting_until >= waiting_started_at + waiting_hours * interval '1 hour'",
}
WAITED = (
    "status NOT IN ('ready', 'executing', 'deactivated') OR"
    " (waiting_started_at IS NOT NULL AND waiting_until IS NOT NULL AND {served})"
)

CASE_CHECKS = (
    CheckConstraint(one_of("status", Status), name="status"),
    CheckConstraint(one_of("tier", TIERS), name="tier"),
    CheckConstraint(f"decision IS NULL OR {one_of('decision', DECISIONS)}", name="decision"),
    CheckConstraint(f"unfreeze IS NULL OR {one_of('unfreeze', UNFREEZE_OUTCOMES)}", name="unfreeze"),
    CheckConstraint(f"close_reason IS NULL OR {one_of('close_reason', CLOSE_REASONS)}", name="close_reason"),
    CheckConstraint(
        f"{DECIDED} OR (decision IS NOT NULL AND decision = 'remove' AND {TWO_DECIDED})", name="two_persons"
    ),
    CheckConstraint(
        "status <> 'declined' OR (decision IS NOT NULL AND decision = 'decline'"
        f" AND {TWO_DECIDED} AND ({ORDINARY} OR {AS_LEAD}))"
        f" OR (unfreeze IS NOT NULL AND unfreeze = 'decline' AND {TWO_UNFROZE})",
        name="two_decline",
    ),
    CheckConstraint(
        f"status <> 'reversed' OR (unfreeze IS NOT NULL AND unfreeze = 'reverse' AND {TWO_UNFROZE})",
        name="two_reverse",
    ),
    CheckConstraint(f"{DECIDED} OR {ORDINARY} OR {AS_LEAD}", name="lead"),
    CheckConstraint(
        f"{DECIDED} OR (waiting_hours IS NOT NULL AND waiting_hours >= {HOURS})", name="waiting_hours"
    ),
    *(
        CheckConstraint(WAITED.format(served=served), name=f"waited_{dialect}").ddl_if(dialect=dialect)
        for dialect, served in WAIT_SERVED.items()
    ),
    CheckConstraint(
        "status NOT IN ('executing', 'deactivated') OR (account_id IS NOT NULL AND executor_id IS NOT NULL"
        " AND executing_at IS NOT NULL AND executing_at >= waiting_until)",
        name="executing",
    ),
    CheckConstraint("NOT training OR status NOT IN ('executing', 'deactivated')", name="training"),
    CheckConstraint("training OR close_reason IS NULL OR close_reason <> 'training'", name="close_training"),
    CheckConstraint("audit_seq > 0 AND round > 0", name="counters"),
)
