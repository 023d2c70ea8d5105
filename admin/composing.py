"""What the composers are made of: their words, their fields, templates put into them, and the very mail that will go out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import LazyString, gettext, pgettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from admin import conversation, mail_preview
from admin.acts import Visit, hard_blockers
from admin.conversation import Item
from admin.forms import AskedFor, DeskForm, built, select_field
from portal import contact, db, i18n, labels, notice_facts
from portal.casework import approval, message_drafts, messages, templates
from portal.casework.context import NotFound, Refused
from portal.casework.facts import facts_of
from portal.casework.message_drafts import Words
from portal.choices import SelectChoice
from portal.domain.lifecycle import Act
from portal.domain.message_text import filled
from portal.domain.notices import DESK_REPLY
from portal.notices import Part

ID = re.compile("[0-9a-f]{32}")
COUNT = re.compile("[0-9]{1,6}")


@dataclass(frozen=True)
class Composer:
    """One of the two, in words that do not resemble the other's."""

    kind: str
    act: Act
    title: LazyString
    button: LazyString
    who_reads: LazyString


COMPOSERS: Mapping[str, Composer] = {
    "reply": Composer(
        "reply",
        Act.SEND_REPLY,
        _p("composer", "Reply to owner"),
        _l("Send to owner"),
        _l("This goes to the owner by email and appears on their status page."),
    ),
    "note": Composer(
        "note",
        Act.WRITE_NOTE,
        _l("Internal note"),
        _l("Save note"),
        _l("Only colleagues can read this. It cannot be changed later, and the owner never sees it."),
    ),
}


def typed() -> Words:
    """What the form sent."""
    template = request.form.get("template_version", "")
    return Words(
        request.form.get("subject", ""),
        messages.tidied(request.form.get("body", "")),
        template if ID.fullmatch(template) else None,
    )


def form_of(visit: Visit, kind: str) -> DeskForm:
    """The fields, filled from what was sent, else from one's own draft."""
    draft = message_drafts.find(visit.ctx, visit.case, kind) if request.method != "POST" else None
    kept = message_drafts.words_of(visit.ctx, visit.case, draft) if draft else Words()
    body = TextAreaField(_p("composer", "Message"), [AskedFor()])
    if kind == "note":
        return built(("body", body), filled={"body": kept.body})
    return built(
        ("subject", StringField(_l("Subject"), [AskedFor()])),
        ("body", body),
        ("template_version", HiddenField()),
        ("other_script", BooleanField(_l("Send it as it is, in another language"))),
        ("template", select_field(_l("Template"), template_choices(visit))),
        ("other_language", BooleanField(_l("Use a template that is not in the owner's language"))),
        filled={"subject": kept.subject, "body": kept.body, "template_version": kept.template},
    )


def template_choices(visit: Visit) -> list[SelectChoice]:
    """The templates in the owner's language first; those in another follow, marked."""
    found = templates.offered(visit.ctx)
    own, language = gettext("In the owner's language"), visit.case.language
    foreign = gettext("In another language: the owner may not be able to read it")
    first = [SelectChoice("", _l("Select a template"))]
    return first + [
        SelectChoice(
            one.version.id,
            one.row.name,
            render_kw={"lang": one.row.language},
            optgroup=own if one.row.language == language else foreign,
        )
        for one in sorted(found, key=lambda one: one.row.language != language)
    ]


def insert(visit: Visit, form: DeskForm) -> None:
    """Put the chosen template into the fields, behind what is there. Raises Refused without a tick for another language."""
    chosen = form["template"].data
    if not chosen:
        raise Refused("template_missing", field="template")
    try:
        template = templates.by_version(visit.ctx, chosen)
    except NotFound:
        raise Refused("template_missing", field="template") from None
    if template.row.language != visit.case.language and not form["other_language"].data:
        raise Refused("other_language", field="other_language")
    known = gap_values(visit, template.row.language)
    form["subject"].data = form["subject"].data or filled(template.version.subject, known)
    before = (form["body"].data or "").strip()
    text = filled(template.version.body, known)
    form["body"].data = f"{before}\n\n{text}" if before else text
    form["template_version"].data = template.version.id
    form["template"].data = ""


def gap_values(visit: Visit, language: str) -> dict[str, str]:
    """What the desk itself knows of the gaps of a template, in its language."""
    with i18n.spoken_in(language):
        return {
            "reference": visit.case.reference,
            "due": i18n.when(visit.case.asked_until),
            "desk": db.runtime().settings.service_name,
            "hours": notice_facts.support_hours(language),
        }


def keep(visit: Visit, kind: str, form: DeskForm | None = None) -> None:
    """Save what was typed as a draft, as far as this person still may write here."""
    words = typed()
    if form is not None:
        words = Words(form["subject"].data, form["body"].data, form["template_version"].data or None)
    try:
        message_drafts.save(visit.ctx, visit.case.id, kind, words)
    except Refused:
        return  # what they typed is still on the page


def place(form: DeskForm, refused: Refused) -> None:
    """Say a refusal at its field, in its own numbers."""
    field, words = str(refused.details.get("field", "")), why(refused)
    if field in form and not isinstance(form[field], HiddenField):
        form[field].errors = [words]
    else:
        form.form_errors.append(words)


def why(refused: Refused) -> str:
    details = refused.details
    if refused.reason == "gaps_left":
        return labels.word("refusal", "gaps_left", None, field=gettext(", ").join(details["gaps"]))
    if refused.reason in {"message_long", "subject_long"}:
        field = gettext("Subject") if refused.reason == "subject_long" else pgettext("composer", "Message")
        longest = f"{details['most']:,}"
        return str(gettext("%(field)s must be %(longest)s characters or less", field=field, longest=longest))
    return labels.word("refusal", refused.reason)


def mail(visit: Visit, form: DeskForm) -> Part:
    """The mail as the owner will get it, but for its link, which is made when it is sent. Raises Refused like sending it."""
    words, case = typed(), visit.case
    messages.require_reply(visit.ctx, case)
    ticks = {name: bool(form[name].data) for name in ("other_language", "other_script")}
    messages.check_reply(visit.ctx, case, words, **ticks)
    said = {"subject": words.subject.strip(), "body": words.body}
    return mail_preview.preview(visit.ctx, case, DESK_REPLY.key, status=case.status, **said)


def blockers(visit: Visit, composer: Composer) -> tuple[str, ...]:
    """Why this person cannot write here now, in words."""
    context, case = visit.ctx, visit.case
    if composer.kind == "reply":
        return conversation.reply_blockers(context, case, facts_of(context, case))
    return tuple(labels.word("refusal", reason) for reason in hard_blockers(context, case, composer.act))


def shown(visit: Visit, composer: Composer, form: DeskForm, blocked: tuple[str, ...]) -> dict[str, Any]:
    """What the page of a composer shows beside its fields."""
    context, case = visit.ctx, visit.case
    facts = facts_of(context, case)
    thread = conversation.gather(context, case, facts, blind=approval.is_blind(context, case, facts))
    address = context.vault.open(context.session, case.subject_id, case, "reply_email")
    return {
        "thread": thread,
        "blockers": blocked,
        "typed": form.typed() if request.method == "POST" and blocked else [],
        "draft": None if blocked else message_drafts.find(context, case, composer.kind),
        "to": contact.mask_email(address) if address and messages.has_address(case) else "",
        "since": _since(thread.items),
        "longest": context.limits.message_length,
        "asks_script": bool(form.errors.get("other_script")) or request.form.get("other_script"),
    }


def _since(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """What was said after the page was made whose form was sent; the page counts what it shows."""
    shown_then = request.form.get("shown", "")
    return items[int(shown_then) :] if COUNT.fullmatch(shown_then) else ()


def item_of(visit: Visit, message_id: str) -> Item:
    """One reply of the case. Raises NotFound."""
    facts = facts_of(visit.ctx, visit.case)
    items = conversation.gather(visit.ctx, visit.case, facts).items
    found = next((item for item in items if item.id == message_id and item.kind == "reply"), None)
    if found is None:
        raise NotFound()
    return found


def saved_words(kept: bool, now: datetime) -> str:
    """What the page says after it has saved a draft by itself."""
    if not kept:
        return labels.word("refusal", "message_secret")
    return str(gettext("Draft saved at %(time)s", time=i18n.clock(now)))
