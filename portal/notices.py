"""Writes the mails. The words of a notice stand in templates/notices/<language>/<notice>.txt: the first line is what the
mail is about, the rest its body. A frame for each language puts greeting, facts and signature around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from portal import i18n, notice_facts, notice_layout, outbox, pdf, receipts
from portal.casework.context import Context
from portal.domain.languages import DEFAULT_LANGUAGE
from portal.domain.lifecycle import SYSTEM
from portal.domain.notices import NOTICES, TO_COMPLIANCE
from portal.mailer import Attachment, Mail
from portal.models import Account, Case, Contact, OutboxRow, Staff
from portal.notice_facts import Source
from portal.notice_layout import Block
from portal.runtime import Runtime

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,  # a mail with a gap in it is never sent
    autoescape=select_autoescape(("html",)),
    trim_blocks=True,
    lstrip_blocks=True,
)
SUBJECTS: Mapping[str, str] = {
    "ja": "【{service}】{purpose}（受付番号 {reference}）",
    "en": "{service}: {purpose} ({reference})",
}
WITHOUT_REFERENCE: Mapping[str, str] = {"ja": "【{service}】{purpose}", "en": "{service}: {purpose}"}
ENGLISH_FOLLOWS = "English text follows below."

# Which paper goes with which notice.
PAPERS: Mapping[str, str] = {"received": "receipt"}

_ALL = [notice for notices in NOTICES.values() for notice in notices]
# Notices that the requester and the registered contacts get in different words.
TWO_SIDED = {n.key for n in _ALL if n.audience == "requester"} & {
    n.key for n in _ALL if n.audience == "contacts"
}


class Unwritable(Exception):
    """This mail cannot be written, now or later. The text says why, without personal data."""


@dataclass(frozen=True)
class Part:
    """A mail in one language."""

    language: str
    subject: str
    text: str
    blocks: tuple[Block, ...]


def languages_of(row: OutboxRow) -> tuple[str, ...]:
    """The languages that a row is to be written in, the first one first."""
    return tuple((row.language or DEFAULT_LANGUAGE).split("+"))


def render(runtime: Runtime, session: Session, row: OutboxRow) -> Mail:
    """Write the mail of an outbox row, in an application context. Raises Unwritable when nobody is left to write to."""
    ctx = runtime.context(session, SYSTEM)
    to = _address(runtime, ctx, row)
    attachments = tuple(_papers(ctx, row))
    source = _source(runtime, ctx, row, has_receipt=bool(attachments))
    parts = [part(source, language) for language in languages_of(row)]
    subject = " / ".join(each.subject for each in parts)
    hint = ENGLISH_FOLLOWS if len(parts) > 1 else ""
    return Mail(
        to=to,
        subject=subject,
        text="\n\n".join(text for text in (hint, *(each.text for each in parts)) if text) + "\n",
        html=ENVIRONMENT.get_template("notices/mail.html").render(parts=parts, subject=subject, hint=hint),
        language=row.language or DEFAULT_LANGUAGE,
        attachments=attachments,
    )


def template_name(notice: str, audience: str, language: str) -> str:
    """Where the words of a notice stand for one audience."""
    side = "_contact" if audience == "contact" and notice in TWO_SIDED else ""
    return f"notices/{language}/{notice}{side}.txt"


def _address(runtime: Runtime, ctx: Context, row: OutboxRow) -> str:
    """Mail goes to the address on record at this moment, never to one kept in the row."""
    found: str | None = None
    if row.contact_id:
        contact = ctx.session.get_one(Contact, row.contact_id)
        account = ctx.session.get_one(Account, contact.account_id)
        found = ctx.vault.open(ctx.session, account.subject_id, contact, "value")
    elif row.staff_id:
        found = ctx.session.get_one(Staff, row.staff_id).email
    elif row.case_id:
        case = ctx.session.get_one(Case, row.case_id)
        found = ctx.vault.open(ctx.session, case.subject_id, case, "reply_email")
    elif row.notice in TO_COMPLIANCE:
        found = runtime.settings.compliance_mail
    if not found:
        raise Unwritable("nobody is left to write to")
    return found


def _source(runtime: Runtime, ctx: Context, row: OutboxRow, *, has_receipt: bool) -> Source:
    params = outbox.params_of(ctx.session, ctx.vault, row)
    if row.subject_id and not params:
        raise Unwritable("what the mail was to say is erased")
    case = ctx.session.get(Case, row.case_id) if row.case_id else None
    account_id = case.account_id if case else _account_of(ctx, row)
    account = ctx.session.get(Account, account_id) if account_id else None
    audience = "contact" if row.contact_id else "requester" if case and not row.staff_id else "staff"
    return Source(ctx, runtime.settings, row, params, audience, case, account, has_receipt)


def _account_of(ctx: Context, row: OutboxRow) -> str | None:
    return ctx.session.get_one(Contact, row.contact_id).account_id if row.contact_id else None


def _papers(ctx: Context, row: OutboxRow) -> Iterator[Attachment]:
    kind = PAPERS.get(row.notice or "")
    case = ctx.session.get(Case, row.case_id) if row.case_id and kind else None
    document = receipts.document_of(ctx, case, kind) if case and kind else None
    data = receipts.open_pdf(ctx, document) if document else None
    if case and document and data:
        plain_name, name = pdf.file_name(document.kind, case.reference, document.language)
        yield Attachment(name, plain_name, data)


def part(source: Source, language: str) -> Part:
    """Say it in one language."""
    with i18n.spoken_in(language):
        words = notice_facts.words(source, language)
        if len(languages_of(source.row)) > 1:
            words["other_url"] = None
        name = template_name(source.row.notice or "", source.audience, language)
        purpose, _, body = ENVIRONMENT.get_template(name).render(words).strip().partition("\n")
        frame = ENVIRONMENT.get_template(f"notices/{language}/frame.txt")
        said = notice_layout.tidy(frame.render(words, body=body.strip()))
    pattern = (SUBJECTS if words["reference"] else WITHOUT_REFERENCE)[language]
    subject = pattern.format(service=words["service"], purpose=purpose, reference=words["reference"])
    return Part(language, subject, notice_layout.plain(said, language), tuple(notice_layout.blocks(said)))
