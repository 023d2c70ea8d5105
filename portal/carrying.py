"""What it takes to carry out each kind of queued work: mails, papers, matching, links that were asked for, removals.

Work that touches nothing but the database is done in the transaction that closes its row, and so exactly once; a mail is
sent at least once.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal import i18n, mailer, notice_facts, notices, outbox, pdf, receipts, throttle
from portal.casework import (
    calls,
    deactivation,
    exports,
    intake,
    notice_calls,
    self_service_removal,
    suspension,
    training,
    training_plan,
)
from portal.casework.context import Context
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import SYSTEM
from portal.export import building
from portal.models import Case, Document, OutboxRow
from portal.runtime import Runtime

log = logging.getLogger("kaijo.worker")

HELD_EVERY = outbox.LEASE / 4
# Mails that a stranger can cause to any address: so many an hour and a day, whoever asks.
STRANGERS_MAILS = frozenset({"confirm_address", "find_link"})


def where(problem: BaseException) -> str:
    """The kind and the place of an unexpected error. Its message may quote what people typed, and is not logged."""
    return "".join([type(problem).__name__, "\n", *traceback.format_tb(problem.__traceback__)])


class LeaseLost(Exception):
    """Another worker has the row now: nothing of this try may be written."""


class Stopped(Exception):
    """The worker is told to stop: long work is left to the next one."""


class GivenUp(Exception):
    """Trying again will not help. The text says why, without personal data."""


@dataclass(frozen=True)
class Work:
    """One claimed row, and what it takes to carry it out."""

    runtime: Runtime
    session: Session
    row: OutboxRow
    worker: str
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def context(self) -> Context:
        """The desk itself, at the present moment."""
        return self.runtime.context(self.session, SYSTEM)

    @property
    def case_id(self) -> str:
        if self.row.case_id is None:
            raise GivenUp("the row names no case")
        return self.row.case_id


def finish(work: Work, *, state: str = "done", also: Callable[[Context], object] | None = None) -> None:
    """Close the row together with what belongs to it, in one transaction. Raises LeaseLost and writes nothing."""
    context = work.context
    with context.act():
        if not outbox.finish(work.session, work.row.id, work.worker, now=context.now, state=state):
            raise LeaseLost
        if also is not None:
            also(context)


@contextmanager
def held(work: Work) -> Iterator[None]:
    """Keep hold of a row for as long as the work takes, also where a single step of it takes longer than a lease."""
    over = threading.Event()
    thread = threading.Thread(target=_hold, args=(work, over), name="hold")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _hold(work: Work, over: threading.Event) -> None:
    row_id = work.row.id
    while not over.wait(HELD_EVERY.total_seconds()):
        try:
            with work.runtime.sessions() as session:
                context = work.runtime.context(session, SYSTEM)
                with context.act():
                    outbox.renew(session, row_id, work.worker, now=context.now)
        except Exception as problem:
            log.warning("outbox %s could not be held: %s", row_id, where(problem))


def reaches_nobody(work: Work) -> bool:
    """Whether a message is for an invented person: it counts as arrived and never leaves. Colleagues get theirs."""
    leaves = work.row.kind in {"mail", "spoken"} and work.row.staff_id is None
    return leaves and training_plan.is_invented(work.session, work.row)


def _mail(work: Work) -> None:
    if paper := notices.PAPERS.get(work.row.notice or ""):
        _paint_first(work, paper)
    message = _written(work)
    if _too_many(work, message):
        raise GivenUp("too many mails to this address")
    # No transaction stays open while the mail server takes its time.
    work.session.rollback()
    if work.runtime.settings.demo:
        finish(work, also=lambda ctx: mailer.keep(ctx.session, message, now=ctx.now))
        return
    mailer.send(work.runtime.settings.smtp, message)
    finish(work)


def _written(work: Work) -> EmailMessage:
    """The message of the row. What cannot be written now cannot be written later either."""
    try:
        mail = notices.render(work.runtime, work.session, work.row)
        return mailer.compose(mail, work.runtime.settings, key=work.row.id, at=work.row.created_at)
    except OperationalError:
        raise
    except notices.Unwritable as problem:
        raise GivenUp(str(problem)) from None
    except Exception as problem:
        raise GivenUp(f"cannot be written ({type(problem).__name__})") from problem


def _too_many(work: Work, message: EmailMessage) -> bool:
    if work.row.notice not in STRANGERS_MAILS or work.row.attempts > 1:
        return False
    context, limits = work.context, work.runtime.limits
    address = message["To"].addresses[0].addr_spec
    # Counted per network too: who names somebody's mailbox again and again must not use up what its holder needs.
    asked = f"{work.row.notice}|{_network_of(work)}|{address}"
    windows = (
        ("mailbox_hour", asked, timedelta(hours=1), limits.mails_per_mailbox_hour),
        ("mailbox_day", asked, timedelta(days=1), limits.mails_per_mailbox_day),
        ("mailbox_all_day", address, timedelta(days=1), limits.mails_per_mailbox_all_day),
    )
    with context.act():
        counts = [
            throttle.hit(work.session, context.vault, rule, key, window=window, now=context.now) > most
            for rule, key, window, most in windows
        ]
    return any(counts)


def _network_of(work: Work) -> str:
    case = work.session.get(Case, work.case_id)
    origin = work.context.vault.open_json(work.session, case.subject_id, case, "origin") if case else None
    return str((origin or {}).get("address") or "")


def _document(work: Work) -> None:
    document_id = work.row.unique_key.partition(":")[0]
    document = work.session.get(Document, document_id)
    if document is None:
        raise GivenUp("there is no such paper")
    painted = _painted(work, document)
    work.session.rollback()
    finish(work, also=lambda ctx: receipts.store(ctx, document_id, painted) if painted else None)


def _paint_first(work: Work, kind: str) -> None:
    """Have the paper ready that a mail brings along. Without it the mail goes out all the same, and says where it is."""
    case = work.session.get(Case, work.case_id)
    document = receipts.document_of(work.context, case, kind) if case else None
    if document is None:
        return
    try:
        painted = _painted(work, document)
    except OperationalError:
        raise
    except Exception as problem:
        work.session.rollback()
        log.error("document %s cannot be painted: %s", document.id, where(problem))
        return
    if painted:
        receipts.store(work.context, document.id, painted)


def _painted(work: Work, document: Document) -> bytes | None:
    """Paint a paper that was not painted yet."""
    facts = facts_of_paper(work.runtime, work.context, document) if document.painted_at is None else None
    if not facts:
        return None
    kind, language, at = document.kind, document.language, work.context.now
    # Painting takes a second: no transaction stays open for it.
    work.session.rollback()
    return pdf.issue(kind, facts, language, keys=work.runtime.settings.keys, at=at)


def facts_of_paper(runtime: Runtime, context: Context, document: Document) -> dict[str, Any]:
    """What a paper is painted from: its frozen facts, and what this installation is called. Empty once it is erased."""
    facts = receipts.open_facts(context, document)
    if not facts:
        return {}
    settings, language = runtime.settings, document.language
    return facts | {
        "service_name": settings.service_name,
        "help_url": notice_facts.help_url(settings, language),
        "status_url_text": f"{settings.base_url}/{language}/find",
        **(
            {}
            if document.kind in pdf.UNSIGNED
            else {"verify_url": f"{settings.base_url}/{language}/verify/{document.id}"}
        ),
        "hours": {each: _hours(each) for each in LANGUAGES},
    }


def _hours(language: str) -> str:
    with i18n.spoken_in(language):
        return notice_facts.support_hours(language)


def _match(work: Work) -> None:
    finish(work, also=lambda ctx: intake.match(ctx, work.case_id))


def _find(work: Work) -> None:
    finish(work, also=lambda ctx: intake.send_found_link(ctx, work.row.unique_key))


def _remove(work: Work) -> None:
    # Not in one transaction: "sent" must stand in the database before the other system is called.
    deactivation.carry_out(work.context, work.case_id)
    finish(work)


def _suspend(work: Work) -> None:
    suspension.suspend(work.context, work.case_id)
    finish(work)


def _call(work: Work) -> None:
    telephone = work.runtime.telephone
    number = outbox.params_of(work.session, work.context.vault, work.row).get("number")
    if telephone is None or not number:
        raise GivenUp("nobody can be called")
    # One try, whatever comes of it: only a person asks for another call, and the notices' own rows for theirs.
    calls.place(work.context, work.row.unique_key.partition(":")[0], telephone, number)
    finish(work)


def _spoken(work: Work) -> None:
    if not notice_calls.carry(work.context, work.row.id, work.worker):
        raise LeaseLost


def _reset(work: Work) -> None:
    # Not in one transaction, as a removal by the desk.
    self_service_removal.carry_out(work.context, work.row.unique_key.partition(":")[0])
    finish(work)


def _arrival(work: Work) -> None:
    finish(work, also=lambda ctx: training.arrive(ctx, work.case_id))


def _export(work: Work) -> None:
    export_id = work.row.unique_key.partition(":")[2]

    def still_ours(ctx: Context) -> None:
        if work.stop.is_set():
            raise Stopped
        if not outbox.renew(ctx.session, work.row.id, work.worker, now=ctx.now):
            raise LeaseLost

    try:
        with held(work):
            end = building.build(work.runtime, export_id, still_ours, tries=work.row.attempts)
    except LeaseLost:
        raise
    except Exception as problem:
        if work.stop.is_set():
            _give_back(work, lambda ctx: exports.put_back(ctx, export_id))
            return
        if work.row.attempts < building.MOST_TRIES:
            raise
        log.error("export %s cannot be built: %s", export_id, where(problem))
        end = building.failed(export_id, "not_built")
    finish(work, also=end)


def _give_back(work: Work, also: Callable[[Context], object]) -> None:
    context = work.context
    with context.act():
        if not outbox.give_back(work.session, work.row.id, work.worker):
            raise LeaseLost
        also(context)


KINDS: Mapping[str, Callable[[Work], None]] = {
    "mail": _mail,
    "document": _document,
    "match": _match,
    "find": _find,
    "remove": _remove,
    "suspend": _suspend,
    "call": _call,
    "spoken": _spoken,
    "reset": _reset,
    "arrival": _arrival,
    "export": _export,
}
