"""How long a closed case is kept, and what keeps it longer. Set and lifted in `retention`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Act
from portal.domain.limits import Limits
from portal.domain.retention import PERIODS
from portal.models import Case, LegalHold


def is_held(session: Session, case_id: str) -> bool:
    """Whether a legal hold stands on the case."""
    standing = exists().where(LegalHold.case_id == case_id, LegalHold.lifted_at.is_(None))
    return bool(session.execute(select(standing)).scalar_one())


def periods(case: Case, limits: Limits) -> dict[Act, datetime]:
    """When each class of its data has been kept long enough; nothing of it while the case is open."""
    if case.closed_at is None:
        return {}
    return {one.act: case.closed_at + getattr(limits, one.limit) for one in PERIODS}
