"""Sets an installation up: keys, tables, and the mark that says what kind of database it is for ever."""

from __future__ import annotations

from datetime import timedelta

from portal import audit, engine, outbox, paper_keys
from portal.casework.context import Context
from portal.casework.telling import BOTH
from portal.config import Settings
from portal.domain.lifecycle import SYSTEM
from portal.models import Installation
from portal.runtime import Runtime, check_installation
from portal.tlog.signer_cli import make_demo_signer
from portal.vault import Keys

DEMO_PAST = timedelta(days=730)


def make_demo_keys(settings: Settings) -> None:
    """A demo makes its own keys, and its log's signer, beside its data, at its first start."""
    if not settings.demo:
        return
    if not settings.keys.exists():
        Keys.generate(settings.keys)
    if not paper_keys.has_one(settings.keys):
        # what the invented people did lies behind us, and their papers are as old
        paper_keys.make(settings.keys, settings.service_name, engine.machine_time() - DEMO_PAST)
    make_demo_signer(settings.data / "signer", settings.keys)


def check_paper_key(runtime: Runtime) -> None:
    """Refuse to start where no paper could be signed. Raises SettingsError with what to do."""
    with runtime.sessions() as session:
        paper_keys.load(runtime.settings.keys, runtime.clock(session))


def upgrade(runtime: Runtime) -> bool:
    """Bring the tables to the newest form and mark a new database. True if it was new. Raises SettingsError."""
    settings = runtime.settings
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine.upgrade(runtime.engine)
    made = _mark(runtime)
    check_installation(runtime)
    return made


def _mark(runtime: Runtime) -> bool:
    with runtime.sessions() as session:
        ctx = runtime.context(session, SYSTEM)
        with ctx.act():
            if session.get(Installation, 1) is not None:
                return False
            mark = "demo" if runtime.settings.demo else "live"
            session.add(Installation(id=1, mark=mark, token_epoch=1, created_at=ctx.now))
            session.flush()
    return True


def record_start(runtime: Runtime) -> None:
    """Write the digest of the effective settings into the audit log if it changed, and tell compliance of a change."""
    settings, digest = runtime.settings, runtime.settings.digest()
    with runtime.sessions() as session:
        ctx = runtime.context(session, SYSTEM)
        if session.get_one(Installation, 1).settings_digest != digest:
            _record(ctx, settings, digest)


def _record(ctx: Context, settings: Settings, digest: str) -> None:
    with ctx.act():
        row = ctx.session.get_one(
            Installation, 1, populate_existing=True, with_for_update={"key_share": True}
        )
        before, row.settings_digest = row.settings_digest, digest
        if before == digest:
            return
        audit.append(
            ctx.session,
            "system",
            "system:settings:started",
            actor="system",
            at=ctx.now,
            facts={"digest": digest},
        )
        if before is not None and settings.compliance_mail:
            outbox.put(
                ctx.session,
                ctx.vault,
                "mail",
                unique_key=f"settings:{digest}:{audit.timestamp(ctx.now)}",
                now=ctx.now,
                notice="settings_changed",
                language=BOTH,
                security=False,
            )
