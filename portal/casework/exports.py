"""Exports: files that the worker builds for one person in compliance, in sealed pieces that live for a day.

Each has a key of its own. When it expires the key is destroyed, and with it every copy of the pieces in every backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from portal import audit, contact, outbox, reports
from portal.casework import factor, fresh, roles, staff_mail
from portal.casework.context import Context, NotFound, Refused
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Role
from portal.domain.periods import today
from portal.domain.reports import Asked
from portal.models import Export, ExportPart, ReportSetting, Staff, new_id
from portal.models.evidence import EXPORT_FORMS
from portal.vault import Vault

DATA, DICTIONARY = "data", "dictionary"
PARTS = (DATA, DICTIONARY)
PIECE = 256 * 1024
UNFINISHED = ("waiting", "building")
LONGEST_PURPOSE = 500
SHOWN = 20  # on one page of the list

# Why a file could not be built, as the list of exports says it.
ERRORS = ("disk_full", "database_full", "interrupted", "data_changed", "not_allowed", "not_built")


@dataclass(frozen=True)
class Built:
    """What is known of a file once its last piece is kept."""

    file_name: str
    rows: int
    rows_in_all: int  # paper takes fewer than a report may have
    size: int
    sha256: str
    note: str | None  # the newest signed head, as the file prints it
    tree: int | None  # how many events that head vouches for


def asked_of(ctx: Context, export: Export) -> Asked:
    """What was asked for, read back and judged again. Raises reports.WrongAsked."""
    return reports.read({**export.settings, "report": export.report}, today(ctx.now), ctx.limits)


# asking


def ask(
    ctx: Context, asked: Asked, form: str, language: str, purpose: str | None = None, code: str | None = None
) -> Export:
    """Queue a file for the actor alone. With a `purpose`, even an empty one, it is to show personal data.

    Raises Refused and reports.WrongAsked.
    """
    _require_compliance(ctx)
    reports.check(asked, today(ctx.now), ctx.limits)
    if form not in EXPORT_FORMS:
        raise Refused("format_missing", field="format")
    if language not in LANGUAGES:
        raise Refused("language_unknown", field="language")
    if purpose is not None:
        purpose = _tidied(purpose)
        fresh.factor(ctx, code or "")
    with ctx.act():
        staff = _asker(ctx, ctx.actor.staff_id or "")
        unfinished = select(func.count()).where(Export.staff_id == staff.id, Export.state.in_(UNFINISHED))
        if ctx.session.execute(unfinished).scalar_one() >= ctx.limits.exports_waiting:
            raise Refused("exports_full")
        if purpose is not None:
            staff_mail.report_in_clear(ctx, asked.start, asked.end)
        return queue(ctx, staff, asked, form, language, purpose=purpose)


def may_have(ctx: Context, staff: Staff) -> bool:
    """Whether a login is of compliance at this moment, asked again when the file is built."""
    return staff.disabled_at is None and Role.COMPLIANCE in roles.of_login(ctx, staff)


def queue(
    ctx: Context,
    staff: Staff,
    asked: Asked,
    form: str,
    language: str,
    *,
    purpose: str | None = None,
    setting_id: str | None = None,
) -> Export:
    """Write the export, its key and the worker's row, inside the caller's act."""
    export = Export(
        id=new_id(),
        staff_id=staff.id,
        report=asked.report,
        settings=reports.written(asked),
        form=form,
        language=language,
        personal=purpose is not None,
        subject_id=ctx.vault.new_subject(ctx.session),
        state="waiting",
        rows=0,
        setting_id=setting_id,
        created_at=ctx.now,
    )
    # with the asker's key, not the file's: why somebody wanted personal data outlives the data
    ctx.vault.seal(ctx.session, staff.subject_id, export, "purpose", purpose)
    ctx.session.add(export)
    outbox.put(
        ctx.session,
        ctx.vault,
        "export",
        unique_key=f"export:{export.id}",
        now=ctx.now,
        language=language,
        staff_id=staff.id,
    )
    _record_asked(ctx, staff, export, asked)
    return export


def _record_asked(ctx: Context, staff: Staff, export: Export, asked: Asked) -> None:
    what: dict[str, Any] = {"form": export.form, "personal": export.personal, **said_of(asked)}
    factor.record(ctx, staff, "staff:export:asked", export=export.id, **what)


def said_of(asked: Asked) -> dict[str, str]:
    """Which rows and columns were taken, as the log says it. What somebody typed, such as a seed, is not among it."""
    facts = {
        "report": asked.report,
        "from": asked.start.isoformat(),
        "to": asked.end.isoformat(),
        "basis": asked.basis,
        "filters": " ".join(f"{key}={value}" for key, value in asked.filters.items()),
        "columns": " ".join(asked.columns),
    }
    return {name: said for name, said in facts.items() if said}


def _require_compliance(ctx: Context) -> None:
    if Role.COMPLIANCE not in ctx.actor.roles:
        raise Refused("wrong_role")


def _asker(ctx: Context, staff_id: str) -> Staff:
    staff = factor.lock(ctx, staff_id)  # two tabs at once must not pass the limit together
    if staff is None:
        raise NotFound()
    return staff


def _tidied(purpose: str) -> str:
    wanted = " ".join(purpose.split())
    if not wanted:
        raise Refused("purpose_missing", field="purpose")
    if len(wanted) > LONGEST_PURPOSE:
        raise Refused("purpose_long", field="purpose")
    try:
        contact.refuse_unprintable(wanted)
    except contact.ContactError:
        raise Refused("unprintable", field="purpose") from None
    return wanted


# building, by the worker


def begin(ctx: Context, export_id: str) -> Export:
    """Start from nothing: what an earlier try has left is deleted. Raises NotFound when it is finished already."""
    return _emptied(ctx, export_id, "building")


def put_back(ctx: Context, export_id: str) -> None:
    """The worker is told to stop: the file waits for the next one. Raises NotFound when it is finished already."""
    _emptied(ctx, export_id, "waiting")


def _emptied(ctx: Context, export_id: str, state: str) -> Export:
    with ctx.act():
        export = _locked(ctx, export_id)
        if export.state not in UNFINISHED:
            raise NotFound()
        _drop_pieces(ctx, export)
        export.state, export.rows, export.rows_in_all = state, 0, None
    return export


def keep(ctx: Context, export: Export, name: str, number: int, data: bytes) -> None:
    """Keep one piece, sealed."""
    with ctx.act():
        piece = ExportPart(export_id=export.id, name=name, number=number)
        ctx.vault.seal(ctx.session, export.subject_id, piece, "data", data)
        ctx.session.add(piece)


def tell(ctx: Context, export_id: str, rows: int, rows_in_all: int | None) -> None:
    """Say how far the file is."""
    with ctx.act():
        said = update(Export).where(Export.id == export_id).values(rows=rows, rows_in_all=rows_in_all)
        ctx.session.execute(said.execution_options(synchronize_session=False))


def finish(ctx: Context, export_id: str, built: Built) -> None:
    """Open the file to its asker, and tell whoever waits for a monthly one."""
    with ctx.act():
        export = _locked(ctx, export_id)
        export.state = "ready"
        export.file_name, export.rows, export.rows_in_all = built.file_name, built.rows, built.rows_in_all
        export.size, export.sha256, export.checkpoint = built.size, built.sha256, built.note
        export.ready_at, export.expires_at = ctx.now, ctx.now + ctx.limits.export_life
        facts = {"rows": built.rows, "digest": built.sha256, "size": built.size, "tree": built.tree}
        record(ctx, "system:export:built", export=export.id, **facts)
        _tell_owner(ctx, export)


def fail(ctx: Context, export_id: str, error: str) -> None:
    """Give up. `error` is one of ERRORS; nothing of the file stays."""
    with ctx.act():
        export = _locked(ctx, export_id)
        _destroy(ctx, export)
        export.state, export.error = "failed", error
        record(ctx, "system:export:failed", export=export.id, why=error)
        _tell_owner(ctx, export)


def record(ctx: Context, tag: str, **facts: Any) -> None:
    """Append to the desk's own stream of the audit log."""
    audit.append(ctx.session, "system", tag, actor=ctx.actor_name, at=ctx.now, facts=facts)


def _tell_owner(ctx: Context, export: Export) -> None:
    """The mail carries no data: only a link to the owner's own list, which asks for a signed-in owner."""
    if export.setting_id is None:
        return
    setting = ctx.session.get(ReportSetting, export.setting_id)
    staff = ctx.session.get_one(Staff, export.staff_id)
    until = audit.timestamp(export.expires_at) if export.expires_at else None
    name = setting.name if setting else ""
    staff_mail.export_ready(ctx, staff, about=name, state=export.state, until=until)


# handing out


def own(ctx: Context, before: str | None = None) -> list[Export]:
    """The actor's exports, newest first, from behind `before` on. One more than a page shows tells that there are more."""
    query = select(Export).where(Export.staff_id == ctx.actor.staff_id)
    last = ctx.session.get(Export, before) if before else None
    if last is not None:
        place = tuple_(Export.created_at, Export.id)
        query = query.where(place < (last.created_at, last.id))
    newest = query.order_by(Export.created_at.desc(), Export.id.desc()).limit(SHOWN + 1)
    return list(ctx.session.execute(newest.execution_options(populate_existing=True)).scalars())


def purpose_of(ctx: Context, export: Export) -> str | None:
    """What the actor wrote when they asked for personal data; None where they did not, and when its time is over."""
    staff = ctx.session.get_one(Staff, export.staff_id)
    return ctx.vault.open(ctx.session, staff.subject_id, export, "purpose")


def find(ctx: Context, export_id: str, name: str) -> Export:
    """A file of the actor's own that is ready. Raises NotFound, also for a colleague's, and Refused where there was one once."""
    _require_compliance(ctx)
    export = ctx.session.get(Export, export_id, populate_existing=True)
    if export is None or export.staff_id != ctx.actor.staff_id or name not in PARTS:
        raise NotFound()
    if not is_open(ctx, export):
        raise Refused("export_over")
    return export


def needs_code(export: Export, name: str) -> bool:
    """Whether a part holds personal data in clear: whoever has only taken over an open session gets none of it."""
    return export.personal and name == DATA


def fetch(ctx: Context, export_id: str, name: str, code: str | None = None) -> Export:
    """Let the asker, and nobody else, take a part of a file, with a fresh code where it needs one. Each time is an event.

    Raises as `find` does.
    """
    if needs_code(find(ctx, export_id, name), name):
        fresh.factor(ctx, code or "")
    with ctx.act():
        export = find(ctx, export_id, name)
        staff = ctx.session.get_one(Staff, export.staff_id)
        factor.record(ctx, staff, "staff:export:fetched", export=export.id, part=name)
    return export


def is_open(ctx: Context, export: Export) -> bool:
    """Whether the file can be had now: the hour counts, not whether house-keeping has passed by."""
    return export.state == "ready" and export.expires_at is not None and export.expires_at > ctx.now


def piece(session: Session, vault: Vault, export: Export, name: str, number: int) -> bytes | None:
    """One piece of a file; None behind the last one, and when the file has expired meanwhile."""
    row = session.get(ExportPart, (export.id, name, number))
    return None if row is None else vault.open_bytes(session, export.subject_id, row, "data")


def expire(ctx: Context) -> None:
    """Delete what is older than a day: the pieces, and the key that opens them."""
    over = select(Export.id).where(Export.state == "ready", Export.expires_at <= ctx.now)
    for export_id in ctx.session.execute(over).scalars().all():
        with ctx.act():
            export = _locked(ctx, export_id)
            if export.state == "ready":
                _destroy(ctx, export)
                export.state = "expired"
                record(ctx, "system:export:expired", export=export.id)


def _locked(ctx: Context, export_id: str) -> Export:
    query = select(Export).where(Export.id == export_id).with_for_update(key_share=True)
    export = ctx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if export is None:
        raise NotFound()
    return export


def _destroy(ctx: Context, export: Export) -> None:
    _drop_pieces(ctx, export)
    ctx.vault.destroy(ctx.session, export.subject_id)


def _drop_pieces(ctx: Context, export: Export) -> None:
    dropped = delete(ExportPart).where(ExportPart.export_id == export.id)
    ctx.session.execute(dropped.execution_options(synchronize_session=False))
