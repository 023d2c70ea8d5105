"""What somebody is writing in a case and has not sent: one draft a case, person and kind, sealed like the case's own data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import delete, select

from portal.casework import transition
from portal.casework.context import Context, Refused
from portal.domain.lifecycle import Act
from portal.domain.secret_text import looks_secret
from portal.models import Case, MessageDraft, ReplyTemplate, ReplyTemplateVersion, new_id
from portal.models.desk import DRAFT_KINDS

LONGEST_DRAFT = 20_000  # room to cut down from; all of it is read for secrets every ten seconds


class DraftTooLong(Refused):
    """More was typed than anybody writes: it is neither read nor kept."""

    def __init__(self) -> None:
        super().__init__("message_long", field="body", most=LONGEST_DRAFT)


@dataclass(frozen=True)
class Words:
    """What is being said. `template` is the version of the reply template that it began from."""

    subject: str = ""
    body: str = ""
    template: str | None = None


def find(ctx: Context, case: Case, kind: str) -> MessageDraft | None:
    """One's own draft."""
    query = select(MessageDraft).where(
        MessageDraft.case_id == case.id,
        MessageDraft.person_id == ctx.actor.person_id,
        MessageDraft.kind == kind,
    )
    return ctx.session.execute(query).scalar_one_or_none()


def words_of(ctx: Context, case: Case, draft: MessageDraft) -> Words:
    subject, body = (
        ctx.vault.open(ctx.session, case.subject_id, draft, column) or "" for column in ("subject", "body")
    )
    return Words(subject, body, draft.template_version_id)


def known(ctx: Context, words: Words) -> Words:
    """The words without the name of a template that there never was."""
    if words.template and language_of(ctx, words.template) is None:
        return replace(words, template=None)
    return words


def language_of(ctx: Context, version_id: str) -> str | None:
    """The language of a version of a template."""
    query = (
        select(ReplyTemplate.language)
        .join(ReplyTemplateVersion, ReplyTemplateVersion.template_id == ReplyTemplate.id)
        .where(ReplyTemplateVersion.id == version_id)
    )
    return ctx.session.execute(query).scalar_one_or_none()


def save(ctx: Context, case_id: str, kind: str, words: Words) -> bool:
    """Keep what is written so far, over what was kept before. False, and nothing kept, when it looks like a secret.

    The case is not touched: nobody else's page of it grows stale.
    """
    if kind not in DRAFT_KINDS:
        raise Refused("not_found")
    if len(words.subject) + len(words.body) > LONGEST_DRAFT:
        raise DraftTooLong()
    if looks_secret(words.subject) or looks_secret(words.body):
        return False
    with ctx.act():
        # locked, so that the first drafts of two tabs do not meet in the unique key
        case = transition.lock(ctx.session, case_id)
        transition.require(ctx, case, Act.WRITE_NOTE)
        if words.subject.strip() or words.body.strip():
            _put(ctx, case, kind, known(ctx, words))
        else:
            forget(ctx, case_id, kind)
    return True


def give_back(ctx: Context, case: Case, words: Words) -> None:
    """Put the words of a reply that was taken back in front of what its author may have begun since."""
    begun = find(ctx, case, "reply")
    since = words_of(ctx, case, begun).body if begun else ""
    body = "\n\n".join(text for text in (words.body, since) if text)
    _put(ctx, case, "reply", Words(words.subject, body, words.template))


def forget(ctx: Context, case_id: str, kind: str) -> None:
    """Throw one's own draft away: it was sent, or is not wanted."""
    with ctx.act():
        ctx.session.execute(
            delete(MessageDraft).where(
                MessageDraft.case_id == case_id,
                MessageDraft.person_id == ctx.actor.person_id,
                MessageDraft.kind == kind,
            )
        )


def _put(ctx: Context, case: Case, kind: str, words: Words) -> None:
    draft = find(ctx, case, kind) or MessageDraft(
        id=new_id(), case_id=case.id, person_id=ctx.actor.person_id, kind=kind
    )
    draft.template_version_id, draft.updated_at = words.template, ctx.now
    ctx.vault.seal(ctx.session, case.subject_id, draft, "subject", words.subject)
    ctx.vault.seal(ctx.session, case.subject_id, draft, "body", words.body)
    ctx.session.add(draft)
    ctx.session.flush()
