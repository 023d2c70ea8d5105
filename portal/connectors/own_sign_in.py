"""How the portal's own directory lets its people in: passwords, codes of any device, recovery codes, enrolment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from portal.connectors import Device, directory
from portal.models import DirectoryDevice, DirectoryRecoveryCode, DirectorySession, Principal, new_id
from portal.vault import Vault


class OwnSignIn:
    """The half of the `local` connector that its people use; see `SignIn`."""

    vault: Vault

    def password_fits(self, session: Session, principal: Principal | None, password: str) -> bool:
        return directory.check_password(session, principal.external_id if principal else None, password)

    def password_ages(self, session: Session, principal: Principal) -> tuple[datetime, datetime | None]:
        entry = directory.entry_of(session, principal)
        return entry.password_set_at, entry.password_reset_at

    def begin_session(
        self, session: Session, principal: Principal, *, mfa: bool, device_id: str | None, now: datetime
    ) -> None:
        entry = directory.entry_of(session, principal)
        directory.add_session(session, entry, mfa=mfa, device_id=device_id, now=now)

    def began_without_device(self, session: Session, principal: Principal, moment: datetime) -> bool:
        """Whether the sign-in of this moment was by a saved code."""
        query = select(
            exists().where(
                DirectorySession.principal_id == principal.external_id,
                DirectorySession.started_at == moment,
                DirectorySession.mfa,
                DirectorySession.device_id.is_(None),
            )
        )
        return bool(session.execute(query).scalar_one())

    def must_enrol(self, session: Session, principal: Principal) -> datetime | None:
        return directory.entry_of(session, principal).must_enrol_since

    def require_enrolment(self, session: Session, principal: Principal, *, now: datetime) -> None:
        entry = directory.locked_entry(session, principal)
        entry.must_enrol_since, entry.code_failures = now, 0
        session.flush()

    def code_failures(self, session: Session, principal: Principal) -> int:
        return directory.locked_entry(session, principal).code_failures

    def count_code_failure(self, session: Session, principal: Principal) -> int:
        entry = directory.locked_entry(session, principal)
        entry.code_failures += 1
        session.flush()
        return entry.code_failures

    def forgive_code_failures(self, session: Session, principal: Principal) -> None:
        directory.locked_entry(session, principal).code_failures = 0
        session.flush()

    def code_devices(self, session: Session, principal: Principal) -> tuple[Device, ...]:
        return tuple(directory.shown(row) for row in self._code_rows(session, principal))

    def accepts_any_code(
        self, session: Session, principal: Principal, code: str, *, now: datetime
    ) -> str | None:
        found = None
        for row in self._code_rows(session, principal):  # each of them, so that the time does not tell which
            secret = self._secret(session, principal, row)
            step = directory.step_of(secret, code, now, row.offset) if secret else None
            if step is not None and found is None and directory.count(session, directory.unspent(row, step)):
                found = row.id
        return found

    def resynchronise(
        self,
        session: Session,
        principal: Principal,
        device_id: str,
        codes: Sequence[str],
        *,
        within: int,
        now: datetime,
    ) -> bool:
        rows = {row.id: row for row in self._code_rows(session, principal)}
        row = rows.get(device_id)
        secret = self._secret(session, principal, row) if row else None
        if row is None or not secret:
            return False
        present = directory.present_step(now)
        # only what comes after the last accepted step: two codes overheard earlier move no clock back
        possible = range(max(row.last_step + 1, present - within), present + within)
        step = directory.steps_of_pair(secret, codes, possible)
        if step is None or not directory.count(session, directory.unspent(row, step)):
            return False
        moved = update(DirectoryDevice).where(DirectoryDevice.id == row.id).values(offset=step - present)
        return bool(directory.count(session, moved))

    def register_device(
        self,
        session: Session,
        principal: Principal,
        secret: str,
        label: str,
        steps: tuple[int, int],
        now: datetime,
        kind: str = "virtual",
    ) -> Device:
        entry = directory.locked_entry(session, principal)
        entry.must_enrol_since, entry.code_failures = None, 0
        row, _secret = directory.add_device(
            session,
            self.vault,
            entry,
            label=label,
            kind=kind,
            secret=secret,
            last_step=max(steps),
            now=now,
        )
        row.offset = max(steps) - directory.present_step(now)
        session.flush()
        return directory.shown(row)

    def recovery_codes(self, session: Session, principal: Principal) -> tuple[tuple[str, str], ...]:
        query = (
            select(DirectoryRecoveryCode.id, DirectoryRecoveryCode.hash)
            .where(
                DirectoryRecoveryCode.principal_id == principal.external_id,
                DirectoryRecoveryCode.used_at.is_(None),
            )
            .order_by(DirectoryRecoveryCode.id)
        )
        return tuple((code_id, stored) for code_id, stored in session.execute(query))

    def replace_recovery_codes(
        self, session: Session, principal: Principal, hashes: Iterable[str], *, now: datetime
    ) -> None:
        entry = directory.locked_entry(session, principal)
        session.execute(delete(DirectoryRecoveryCode).where(DirectoryRecoveryCode.principal_id == entry.id))
        session.add_all(
            DirectoryRecoveryCode(id=new_id(), principal_id=entry.id, hash=each, created_at=now)
            for each in hashes
        )
        session.flush()

    def use_recovery_code(
        self, session: Session, principal: Principal, code_id: str, *, now: datetime
    ) -> bool:
        used = (
            update(DirectoryRecoveryCode)
            .where(
                DirectoryRecoveryCode.id == code_id,
                DirectoryRecoveryCode.principal_id == principal.external_id,
                DirectoryRecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return bool(directory.count(session, used))

    def hold_changes(self, session: Session, principal: Principal, until: datetime) -> None:
        entry = directory.locked_entry(session, principal)
        entry.changes_held_until = max(entry.changes_held_until or until, until)
        session.flush()

    def changes_held_until(self, session: Session, principal: Principal) -> datetime | None:
        return directory.entry_of(session, principal).changes_held_until

    def _code_rows(self, session: Session, principal: Principal) -> list[DirectoryDevice]:
        rows = directory.devices_of(session, principal)
        return [row for row in rows if row.suspended_at is None and row.kind in directory.SHOWS_CODES]

    def _secret(self, session: Session, principal: Principal, row: DirectoryDevice) -> str | None:
        entry = directory.entry_of(session, principal)
        return self.vault.open(session, entry.subject_id, row, "secret")
