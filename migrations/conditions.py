"""When a trigger refuses: what must not change between the OLD and the NEW row, as SQL that both databases understand."""

from __future__ import annotations

TIER_FALLS = "(OLD.tier = 'elevated' AND NEW.tier <> 'elevated') OR (OLD.tier = 'privileged' AND NEW.tier = 'standard')"
# A decision by two, and the wait that followed it, stand for the rest of their round.
DECISION_CHANGES = (
    "OLD.approver_id IS NOT NULL AND NEW.round = OLD.round AND ("
    "NEW.approver_id IS NULL OR NEW.approver_id <> OLD.approver_id"
    " OR NEW.proposer_id IS NULL OR NEW.proposer_id <> OLD.proposer_id"
    " OR NEW.approved_as IS NULL OR NEW.approved_as <> OLD.approved_as"
    " OR NEW.decision IS NULL OR NEW.decision <> OLD.decision"
    " OR COALESCE(NEW.decision_digest, '') <> COALESCE(OLD.decision_digest, '')"
    " OR (OLD.waiting_started_at IS NOT NULL AND (NEW.waiting_started_at IS NULL"
    " OR NEW.waiting_started_at <> OLD.waiting_started_at OR NEW.waiting_until IS NULL"
    " OR NEW.waiting_until < OLD.waiting_until)))"
)
UNFROZEN_BY_ONE = (
    "OLD.status = 'frozen' AND NEW.status <> 'frozen' AND (NEW.unfreeze IS NULL OR NEW.unfreeze_proposer_id IS NULL"
    " OR NEW.unfreeze_agreer_id IS NULL OR NEW.unfreeze_proposer_id = NEW.unfreeze_agreer_id)"
)
CHECK_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in "id case_id round method result attested_by repeated recorded_at".split()
        ),
        *(
            f"COALESCE(NEW.{name}, '') <> COALESCE(OLD.{name}, '')"
            for name in ("person_id", "part", "contact_id")
        ),
        "(OLD.witness_id IS NOT NULL AND (NEW.witness_id IS NULL OR NEW.witness_id <> OLD.witness_id))",
        "(OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL)",
    )
)
ALL_PROVEN = (
    "EXISTS (SELECT 1 FROM self_service WHERE self_service.id = NEW.self_service_id"
    " AND self_service.device_id = NEW.device_id AND self_service.principal_id = NEW.principal_id"
    " AND self_service.password_at IS NOT NULL AND self_service.mailbox_at IS NOT NULL"
    " AND self_service.call_at IS NOT NULL AND self_service.ended_at IS NULL"
    " AND (self_service.hold_until IS NULL OR self_service.hold_until <= NEW.created_at)"
    " AND NOT EXISTS (SELECT 1 FROM account WHERE account.id = self_service.account_id AND account.is_protected)"
    " AND NOT EXISTS (SELECT 1 FROM objection WHERE objection.account_id = self_service.account_id"
    " AND objection.outcome IS NULL))"
)
MANAGED = (
    "EXISTS (SELECT 1 FROM managed_removal WHERE managed_removal.id = NEW.managed_id"
    " AND managed_removal.device_id = NEW.device_id AND managed_removal.principal_id = NEW.principal_id"
    " AND EXISTS (SELECT 1 FROM principal AS manager, principal AS managed"
    " WHERE manager.id = managed_removal.actor_principal_id AND managed.id = managed_removal.principal_id"
    " AND manager.account_id = managed_removal.account_id AND managed.account_id = manager.account_id"
    " AND managed.kind = 'iam' AND (manager.kind = 'root' OR manager.is_administrator)))"
)
EXECUTING = (
    "EXISTS (SELECT 1 FROM cases WHERE cases.id = NEW.case_id AND cases.status = 'executing'"
    " AND cases.round = NEW.round)"
)
NO_GROUND = " AND ".join(f"NOT {ground}" for ground in (EXECUTING, ALL_PROVEN, MANAGED))
# What was once chosen or proven in an attempt stays as it is: a proof of one device must not become one of another.
ATTEMPT_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in ("id", "account_id", "principal_id", "created_at", "expires_at")
        ),
        *(
            f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
            for name in (
                "device_id",
                "mailbox_contact_id",
                "call_contact_id",
                "mailbox_at",
                "call_at",
                "hold_until",
                "removed_at",
                "ended_at",
            )
        ),
    )
)
NOT_CALLED = (
    "NEW.call_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM phone_call WHERE phone_call.self_service_id = NEW.id"
    " AND phone_call.kind = 'proof' AND phone_call.outcome = 'confirmed'"
    " AND phone_call.contact_id = NEW.call_contact_id AND phone_call.account_id = NEW.account_id)"
)
NOT_LINKED = (
    "NEW.mailbox_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link_token WHERE link_token.self_service_id = NEW.id"
    " AND link_token.purpose = 'prove' AND link_token.used_at IS NOT NULL"
    " AND link_token.contact_id = NEW.mailbox_contact_id)"
)
CALL_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in ("id", "kind", "account_id", "path_hash", "created_at", "expires_at", "repeats")
        ),
        *(
            f"COALESCE(NEW.{name}, '') <> COALESCE(OLD.{name}, '')"
            for name in (
                "contact_id",
                "self_service_id",
                "case_id",
                "phone_change_id",
                "code_digest",
                "staff_id",
            )
        ),
        # emptied when its time is over: before that it is what calls to a number are counted by
        "(NEW.number_digest <> OLD.number_digest AND (NEW.number_digest <> '' OR NOT"
        " (EXISTS (SELECT 1 FROM cases WHERE cases.id = NEW.case_id AND cases.retention_stage >= 3)"
        " OR EXISTS (SELECT 1 FROM account WHERE account.id = NEW.account_id AND account.erased_at IS NOT NULL))))",
        *(
            f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
            for name in ("connected_at", "parted_at")
        ),
        # nobody is connected to an agent before the right digits were keyed in, or when the call is over
        "(OLD.connected_at IS NULL AND NEW.connected_at IS NOT NULL AND (NEW.kind <> 'callback' OR NEW.staff_id IS NULL"
        " OR NEW.outcome IS NULL OR NEW.outcome <> 'confirmed' OR OLD.parted_at IS NOT NULL"
        " OR NEW.connected_at < NEW.ended_at))",
        "(NEW.parted_at IS NOT NULL AND NEW.connected_at IS NOT NULL AND NEW.parted_at < NEW.connected_at)",
        "(OLD.provider_id IS NOT NULL AND (NEW.provider_id IS NULL OR NEW.provider_id <> OLD.provider_id))",
        "(OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome))",
        "NEW.tries < OLD.tries",
    )
)

MESSAGE_CHANGES = " OR ".join(
    (
        *(f"NEW.{name} <> OLD.{name}" for name in ("id", "case_id", "kind", "language", "created_at")),
        *(
            f"COALESCE(NEW.{name}, '') <> COALESCE(OLD.{name}, '')"
            for name in ("person_id", "outbox_id", "template_version_id")
        ),
        *(
            f"(NEW.{name} IS NOT NULL AND (OLD.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
            for name in ("sealed_subject", "sealed_body")
        ),
        "NEW.leaves_at <> OLD.leaves_at",
        "(OLD.taken_back_at IS NOT NULL AND (NEW.taken_back_at IS NULL OR NEW.taken_back_at <> OLD.taken_back_at))",
        # a reply that has left cannot be taken back any more
        "(OLD.taken_back_at IS NULL AND NEW.taken_back_at IS NOT NULL AND NEW.taken_back_at > OLD.leaves_at)",
    )
)
# A file stays its asker's, about what was asked for, and no longer than was promised; and one that is over stays over.
EXPORT_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in (
                "id",
                "staff_id",
                "subject_id",
                "report",
                "form",
                "language",
                "personal",
                "created_at",
            )
        ),
        "CAST(NEW.settings AS TEXT) <> CAST(OLD.settings AS TEXT)",
        "COALESCE(NEW.setting_id, '') <> COALESCE(OLD.setting_id, '')",
        # why somebody wanted personal data stays as it was said; it is emptied when the file has long been gone
        "(NEW.sealed_purpose IS NOT NULL AND (OLD.sealed_purpose IS NULL OR NEW.sealed_purpose <> OLD.sealed_purpose))",
        "(OLD.sealed_purpose IS NOT NULL AND NEW.sealed_purpose IS NULL AND NEW.state NOT IN ('failed', 'expired'))",
        "(OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at <> OLD.expires_at))",
        "(OLD.sha256 IS NOT NULL AND (NEW.sha256 IS NULL OR NEW.sha256 <> OLD.sha256))",
        "(OLD.state = 'ready' AND NEW.state NOT IN ('ready', 'expired'))",
        "(OLD.state IN ('failed', 'expired') AND NEW.state <> OLD.state)",
    )
)

PLAN_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in ("case_id", "planter_id", "scenario", "salt", "commitment", "planted_at")
        ),
        "(OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome))",
    )
)
MISPLACED = (
    "NEW.account_id IS NOT NULL AND NEW.training <> EXISTS (SELECT 1 FROM account"
    " WHERE account.id = NEW.account_id AND account.connector = 'training')"
)

# The newest decision by two about the flag is the one for its new value: an older one is not used a second time.
FLAG_BY_ONE = (
    "NEW.is_protected <> OLD.is_protected AND NOT EXISTS (SELECT 1 FROM proposal WHERE proposal.target_id = NEW.id"
    " AND proposal.state = 'effective' AND proposal.decided_by IS NOT NULL"
    " AND proposal.kind = CASE WHEN NEW.is_protected THEN 'account_protect' ELSE 'account_unprotect' END"
    " AND NOT EXISTS (SELECT 1 FROM proposal AS later WHERE later.target_id = NEW.id AND later.state = 'effective'"
    " AND later.kind IN ('account_protect', 'account_unprotect') AND later.kind <> proposal.kind"
    " AND later.effective_at >= COALESCE(proposal.effective_at, proposal.created_at)))"
)
CALLS_ON_BY_ONE = (
    "OLD.calls_off_at IS NOT NULL AND NEW.calls_off_at IS NULL AND NOT EXISTS (SELECT 1 FROM proposal"
    " WHERE proposal.target_id = NEW.id AND proposal.kind = 'account_calls_on' AND proposal.state = 'effective'"
    " AND proposal.decided_by IS NOT NULL AND proposal.effective_at >= OLD.calls_off_at)"
)

MANAGED_CHANGES = " OR ".join(
    (
        *(
            f"NEW.{name} <> OLD.{name}"
            for name in (
                *("id", "account_id", "actor_principal_id", "principal_id"),
                *("device_id", "factor_at", "created_at"),
            )
        ),
        "(NEW.sealed_reason IS NOT NULL AND (OLD.sealed_reason IS NULL OR NEW.sealed_reason <> OLD.sealed_reason))",
    )
)

# Legal holds and erasures: each rests on a decision by two that is in force, and is about this very thing.
ENDED = "NEW.closed_at IS NOT NULL"
HELD = "EXISTS (SELECT 1 FROM legal_hold WHERE legal_hold.case_id = NEW.id AND legal_hold.lifted_at IS NULL)"


BY_TWO = (
    "EXISTS (SELECT 1 FROM proposal WHERE {proposal} AND proposal.target_id = {target}"
    " AND proposal.kind = '{kind}' AND proposal.state = 'effective' AND proposal.decided_by IS NOT NULL)"
)


def by_two(kind: str, target: str, proposal: str = "1 = 1") -> str:
    """That two persons have agreed to it: `proposal` says which of their decisions is meant."""
    return BY_TWO.format(kind=kind, target=target, proposal=proposal)


HOLD_BY_ONE = "NEW.lifted_at IS NOT NULL OR NOT " + by_two(
    "case_hold", "NEW.case_id", "proposal.id = NEW.set_by_proposal"
)
HOLD_CHANGES = (
    "NEW.id <> OLD.id OR NEW.case_id <> OLD.case_id OR NEW.set_by_proposal <> OLD.set_by_proposal"
    " OR NEW.set_at <> OLD.set_at OR OLD.lifted_at IS NOT NULL"
    " OR (NEW.lifted_at IS NOT NULL AND NOT "
    + by_two("case_release", "NEW.case_id", "proposal.id = NEW.lifted_by_proposal")
    + ")"
)
# A class of data goes with its event, one at a time, never from under a hold; all at once only where two have agreed.
# Who opens a case again begins anew, while there is still a key to seal with.
ERASED_BY_TWO = (
    f"({by_two('case_erase', 'NEW.id')} OR (NEW.account_id IS NOT NULL"
    f" AND {by_two('account_erase', 'NEW.account_id')}))"
)
STAGE_JUMPS = (
    "NEW.retention_stage <> OLD.retention_stage"
    " AND NOT (NEW.retention_stage = 0 AND OLD.retention_stage < 3 AND NEW.closed_at IS NULL)"
    f" AND NOT ({ENDED} AND NEW.audit_seq = OLD.audit_seq + 1 AND NOT {HELD}"
    " AND ((NEW.retention_stage = OLD.retention_stage + 1 AND NEW.retention_stage <= 4)"
    f" OR (NEW.retention_stage = 3 AND OLD.retention_stage < 3 AND {ERASED_BY_TWO})))"
)
ACCOUNT_HELD = (
    "EXISTS (SELECT 1 FROM legal_hold JOIN cases ON cases.id = legal_hold.case_id"
    " WHERE cases.account_id = NEW.id AND legal_hold.lifted_at IS NULL)"
)
ACCOUNT_ERASED_BY_ONE = (
    "(OLD.erased_at IS NOT NULL AND (NEW.erased_at IS NULL OR NEW.erased_at <> OLD.erased_at))"
    " OR (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NOT "
    + by_two("account_erase", "NEW.id", "proposal.effective_at = NEW.erased_at")
    + ") OR (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND "
    + ACCOUNT_HELD
    + ")"
)
# Until then the key stays, or somebody could make the proof of a decision unreadable and call it an erasure.
KEY_STILL_NEEDED = (
    "EXISTS (SELECT 1 FROM cases WHERE cases.subject_id = OLD.subject_id AND cases.retention_stage < 3)"
    " OR EXISTS (SELECT 1 FROM account WHERE account.subject_id = OLD.subject_id AND account.erased_at IS NULL)"
)
