"""What is said in a case: replies to the owner, their messages to us, and notes that stay among colleagues.

A reply goes to the requester's confirmed address and nowhere else, and waits a moment in the outbox, so that its author
can take it back. A note has no row there: the database refuses it one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from portal import audit
from portal.casework import message_drafts, telling, transition, undelivered
from portal.casework.context import Context, NotFound, Refused, Throttled
from portal.casework.message_drafts import Words
from portal.contact import ContactError, refuse_unprintable
from portal.domain.lifecycle import Act
from portal.domain.message_text import gaps, is_other_script
from portal.domain.notices import DESK_REPLY
from portal.domain.reference import UNSEEN
from portal.domain.secret_text import looks_secret
from portal.models import Case, Message, OutboxRow, Person, SubjectKey, new_id

LONGEST_SUBJECT = 120
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """One message, opened. `state` is said, leaving, underway, sent, failed or taken_back."""

    message: Message
    by: str  # the colleague's name; empty for the owner's own
    subject: str
    body: str
    state: str


def receive(ctx: Context, case: Case, text: str) -> Message:
    """Keep what the owner writes to us on their status page.

    Raises Refused message_missing, message_long, unprintable or message_secret, all with the field "message"; Throttled
    when the case has had its messages of the day.
    """
    with ctx.act():
        case = transition.lock(ctx.session, case.id)
        transition.require(ctx, case, Act.RECEIVE_MESSAGE)
        check(ctx, Words(body=text), field="message")
        _not_too_many(ctx, case)
        message = _new(ctx, case, "owner", Words(body=text))
        transition.apply(ctx, case, Act.RECEIVE_MESSAGE, said=_recorded(message), owner_wrote_at=ctx.now)
        _keep(ctx, message)
    return message


def note(ctx: Context, case_id: str, version: int, body: str) -> Message:
    """Write down something for colleagues only. It cannot be changed or taken away afterwards."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        transition.require(ctx, case, Act.WRITE_NOTE)
        check(ctx, Words(body=body))
        message = _new(ctx, case, "note", Words(body=body))
        transition.apply(ctx, case, Act.WRITE_NOTE, said=_recorded(message), owner_wrote_at=None)
        _keep(ctx, message)
        message_drafts.forget(ctx, case_id, "note")
    return message


def reply(
    ctx: Context,
    case_id: str,
    version: int,
    words: Words,
    *,
    other_language: bool = False,
    other_script: bool = False,
) -> Message:
    """Send the owner a mail in the language of the case, after the moment in which it can be taken back.

    `other_language` and `other_script` say that the author was asked, and means it. Raises Stale when anything was said
    or done in the case meanwhile.
    """
    with ctx.act():
        case = transition.lock(ctx.session, case_id, version=version)
        require_reply(ctx, case)
        words = message_drafts.known(ctx, words)
        check_reply(ctx, case, words, other_language=other_language, other_script=other_script)
        message = _new(ctx, case, "reply", words)
        message.leaves_at = ctx.now + ctx.limits.reply_undo
        facts = {
            "language": case.language,
            "template": words.template,
            "until": audit.timestamp(message.leaves_at),
        }
        transition.apply(ctx, case, Act.SEND_REPLY, said=_recorded(message) | facts, owner_wrote_at=None)
        message.outbox_id = _queue(ctx, case, message, words).id
        _keep(ctx, message)
        message_drafts.forget(ctx, case_id, "reply")
    return message


def require_reply(ctx: Context, case: Case) -> None:
    """Refuse who may not answer this owner, and where nobody has confirmed an address to answer to."""
    transition.require(ctx, case, Act.SEND_REPLY)
    if not has_address(case):
        raise Refused("no_confirmed_address")


def has_address(case: Case) -> bool:
    """Whether the requester has proven that mail to their address reaches them. A held case may have no requester at all."""
    return case.confirmed_at is not None and case.sealed_reply_email is not None


def visible(text: str) -> str:
    """What is left of a text without what nobody sees: a mail of that alone would look like a fault of ours."""
    return re.sub(rf"[\s{UNSEEN}]", "", text)


def check(ctx: Context, words: Words, *, field: str = "body") -> None:
    """Refuse what no message may be: empty, too long, or with a secret in it."""
    body = words.body.strip()
    if not visible(body):
        raise Refused("message_missing", field=field)
    if len(body) > ctx.limits.message_length:
        raise Refused("message_long", field=field, most=ctx.limits.message_length)
    for name, text in (("subject", words.subject), (field, body)):
        try:
            refuse_unprintable(text, multiline=name != "subject")
        except ContactError:
            raise Refused("unprintable", field=name) from None
        if looks_secret(text):
            raise Refused("message_secret", field=name)


def check_reply(ctx: Context, case: Case, words: Words, *, other_language: bool, other_script: bool) -> None:
    """Refuse what no reply may be: with a gap left in it, or in a language that its reader may not know."""
    if not visible(words.subject):
        raise Refused("subject_missing", field="subject")
    if len(words.subject.strip()) > LONGEST_SUBJECT:
        raise Refused("subject_long", field="subject", most=LONGEST_SUBJECT)
    check(ctx, words)
    for field, text in (("subject", words.subject), ("body", words.body)):
        if unfilled := gaps(text):
            raise Refused("gaps_left", field=field, gaps=unfilled)
    if (
        words.template
        and not other_language
        and message_drafts.language_of(ctx, words.template) != case.language
    ):
        raise Refused("other_language", field="other_language")
    if not other_script and is_other_script(f"{words.subject}\n{words.body}", case.language):
        raise Refused("other_script", field="other_script")


def take_back(ctx: Context, case_id: str, message_id: str) -> None:
    """Stop a reply before it leaves, and give its words back as a draft. Raises Refused reply_left when a worker has it."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        message = _of_case(ctx, case, message_id)
        transition.require(ctx, case, Act.TAKE_BACK_REPLY)
        if message.person_id != ctx.actor.person_id:
            raise Refused("not_author")
        if message.taken_back_at is None:
            _stop(ctx, message)
            message.taken_back_at = ctx.now
            transition.apply(ctx, case, Act.TAKE_BACK_REPLY, said={"message": message.id})
            message_drafts.give_back(ctx, case, _words(ctx, case, message))


def send_again(ctx: Context, case_id: str, message_id: str) -> None:
    """Give a reply that could not be sent another chance, to the address on record now."""
    with ctx.act():
        case = transition.lock(ctx.session, case_id)
        message = _of_case(ctx, case, message_id)
        require_reply(ctx, case)
        undelivered.revive(ctx, message.outbox_id or "")


def thread(ctx: Context, case: Case) -> list[Said]:
    """All that was said in a case, oldest first. Two statements, whatever its length."""
    # held, so that every message is opened with one reading of the key
    _key = ctx.session.get(SubjectKey, case.subject_id)
    query = (
        select(Message, Person.name, OutboxRow)
        .outerjoin(Person, Person.id == Message.person_id)
        .outerjoin(OutboxRow, OutboxRow.id == Message.outbox_id)
        .where(Message.case_id == case.id)
        .order_by(Message.created_at, Message.id)
    )
    return [
        Said(
            message,
            name or "",
            ctx.vault.open(ctx.session, case.subject_id, message, "subject") or "",
            ctx.vault.open(ctx.session, case.subject_id, message, "body") or "",
            _state(ctx, message, row),
        )
        for message, name, row in ctx.session.execute(query)
    ]


def shown_to_owner(ctx: Context, case: Case) -> list[Said]:
    """What an owner sees of it, oldest first: their own messages, and the replies that have left. Never a note."""
    return [
        said
        for said in thread(ctx, case)
        if said.message.kind == "owner"
        or (said.message.kind == "reply" and said.state not in {"leaving", "taken_back"})
    ]


def _state(ctx: Context, message: Message, row: OutboxRow | None) -> str:
    if row is None:
        return "said"
    if message.taken_back_at is not None:
        return "taken_back"
    if row.state == "pending":
        return "leaving" if row.attempts == 0 and _can_stop(ctx, message) else "underway"
    return "failed" if row.state in {"dead", "expired"} else "sent"


def _can_stop(ctx: Context, message: Message) -> bool:
    return message.leaves_at is not None and ctx.now < message.leaves_at


def _new(ctx: Context, case: Case, kind: str, words: Words) -> Message:
    """A message with its words sealed, not yet in the session: its row needs what the act brings about first."""
    message = Message(
        id=new_id(),
        case_id=case.id,
        kind=kind,
        person_id=ctx.actor.person_id,
        language=case.language,
        template_version_id=words.template,
        created_at=ctx.now,
    )
    subject = words.subject.strip() if kind == "reply" else None
    ctx.vault.seal(ctx.session, case.subject_id, message, "subject", subject)
    ctx.vault.seal(ctx.session, case.subject_id, message, "body", tidied(words.body))
    return message


def tidied(text: str) -> str:
    """One kind of line end, as every browser sends another."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _recorded(message: Message) -> dict[str, str | None]:
    """What the audit event keeps of a message: which one, and a digest of its ciphertext, which tells nothing by itself."""
    sealed = (message.sealed_subject or b"") + (message.sealed_body or b"")
    return {"message": message.id, "payload": hashlib.sha256(sealed).hexdigest()}


def _keep(ctx: Context, message: Message) -> None:
    ctx.session.add(message)
    ctx.session.flush()


def _queue(ctx: Context, case: Case, message: Message, words: Words) -> OutboxRow:
    said = {"subject": words.subject.strip(), "body": tidied(words.body)}
    to = telling.Recipient("requester", case.language)
    return telling.put_notice(ctx, case, DESK_REPLY, to, said, not_before=message.leaves_at)


def _not_too_many(ctx: Context, case: Case) -> None:
    query = select(func.min(Message.created_at), func.count()).where(
        Message.case_id == case.id, Message.kind == "owner", Message.created_at > ctx.now - DAY
    )
    first, number = ctx.session.execute(query).one()
    if number >= ctx.limits.owner_messages_day:
        raise Throttled(int((first + DAY - ctx.now).total_seconds()) + 1)


def _of_case(ctx: Context, case: Case, message_id: str) -> Message:
    """A reply of this case, as it is now."""
    query = select(Message).where(Message.id == message_id).execution_options(populate_existing=True)
    message = ctx.session.execute(query).scalar_one_or_none()
    if message is None or message.case_id != case.id or message.kind != "reply":
        raise NotFound()
    return message


def _words(ctx: Context, case: Case, message: Message) -> Words:
    subject, body = (
        ctx.vault.open(ctx.session, case.subject_id, message, column) or "" for column in ("subject", "body")
    )
    return Words(subject, body, message.template_version_id)


def _stop(ctx: Context, message: Message) -> None:
    """Cancel the mail unless a worker has claimed it: of the two, the first to write its row wins."""
    stopped = ctx.session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.id == message.outbox_id,
            OutboxRow.state == "pending",
            OutboxRow.attempts == 0,
            OutboxRow.lease_owner.is_(None),
        )
        .values(state="cancelled", done_at=ctx.now, sealed_params=None)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if stopped is None or not _can_stop(ctx, message):
        raise Refused("reply_left")
