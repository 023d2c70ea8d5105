"""Reply templates: leads keep them, one set a language. A change is a new version; what was said with the old one stays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from portal import audit
from portal.casework.context import Context, NotFound, Refused
from portal.casework.messages import LONGEST_SUBJECT, tidied
from portal.contact import ContactError, refuse_unprintable
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import Role
from portal.domain.message_text import is_other_script
from portal.domain.secret_text import looks_secret
from portal.models import Person, ReplyTemplate, ReplyTemplateVersion, new_id

LONGEST_NAME = 60
LONGEST_BODY = 4000


class Overtaken(Refused):
    """Somebody else changed the template since the page was shown: `details["current"]` is what it says now."""

    def __init__(self, current: Template) -> None:
        super().__init__("stale", current=current)


@dataclass(frozen=True)
class Template:
    """One version of a template, with who wrote it."""

    row: ReplyTemplate
    version: ReplyTemplateVersion
    by: str

    @property
    def at(self) -> datetime:
        return self.version.at


def offered(ctx: Context, *, language: str | None = None) -> list[Template]:
    """The newest version of every template in use, by language and name."""
    query = (
        _versions()
        .where(ReplyTemplate.retired_at.is_(None), ReplyTemplateVersion.version == ReplyTemplate.version)
        .order_by(ReplyTemplate.language, ReplyTemplate.name)
    )
    if language:
        query = query.where(ReplyTemplate.language == language)
    return [Template(*row) for row in ctx.session.execute(query)]


def history(ctx: Context, template_id: str) -> list[Template]:
    """Every version of one template, newest first. Raises NotFound."""
    query = (
        _versions()
        .where(ReplyTemplate.id == template_id)
        .order_by(ReplyTemplateVersion.version.desc())
        .execution_options(populate_existing=True)
    )
    found = [Template(*row) for row in ctx.session.execute(query)]
    if not found:
        raise NotFound()
    return found


def by_version(ctx: Context, version_id: str) -> Template:
    """The template behind a version that a page offered. Raises NotFound, also for a retired one."""
    query = _versions().where(ReplyTemplateVersion.id == version_id, ReplyTemplate.retired_at.is_(None))
    row = ctx.session.execute(query).one_or_none()
    if row is None:
        raise NotFound()
    return Template(*row)


def create(ctx: Context, language: str, name: str, subject: str, body: str) -> ReplyTemplate:
    """Make a template. One that was retired under this name comes back with a new version."""
    with ctx.act():
        _require_lead(ctx)
        name = name.strip()
        _check(language, name, subject, body)
        template = ctx.session.execute(
            select(ReplyTemplate)
            .where(ReplyTemplate.language == language, ReplyTemplate.name == name)
            .with_for_update(key_share=True)
        ).scalar_one_or_none()
        if template is not None and template.retired_at is None:
            raise Refused("template_name_taken", field="name")
        if template is None:
            template = _begin(ctx, language, name)
        template.retired_at = None
        _add_version(ctx, template, subject, body)
    return template


def _begin(ctx: Context, language: str, name: str) -> ReplyTemplate:
    template = ReplyTemplate(id=new_id(), language=language, name=name, version=0, created_at=ctx.now)
    try:
        with ctx.part():
            ctx.session.add(template)
            ctx.session.flush()
    except IntegrityError:
        raise Refused("template_name_taken", field="name") from None
    return template


def change(ctx: Context, template_id: str, version: int, subject: str, body: str) -> None:
    """Write a new version. Raises Overtaken when somebody else has, with what it says now."""
    with ctx.act():
        _require_lead(ctx)
        template = _locked(ctx, template_id)
        if template.version != version:
            raise Overtaken(history(ctx, template_id)[0])
        _check(template.language, template.name, subject, body)
        _add_version(ctx, template, subject, body)


def retire(ctx: Context, template_id: str) -> None:
    """Offer a template no longer. Its versions stay, for the messages that were written with them."""
    with ctx.act():
        _require_lead(ctx)
        template = _locked(ctx, template_id)
        template.retired_at = ctx.now
        _record(ctx, "desk:template:retired", template=template.id)


def _versions() -> Select[ReplyTemplate, ReplyTemplateVersion, str]:
    return (
        select(ReplyTemplate, ReplyTemplateVersion, Person.name)
        .join(ReplyTemplateVersion, ReplyTemplateVersion.template_id == ReplyTemplate.id)
        .join(Person, Person.id == ReplyTemplateVersion.person_id)
    )


def _locked(ctx: Context, template_id: str) -> ReplyTemplate:
    query = (
        select(ReplyTemplate)
        .where(ReplyTemplate.id == template_id, ReplyTemplate.retired_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    template = ctx.session.execute(query).scalar_one_or_none()
    if template is None:
        raise NotFound()
    return template


def _require_lead(ctx: Context) -> None:
    if Role.LEAD not in ctx.actor.roles:
        raise Refused("wrong_role")


def _check(language: str, name: str, subject: str, body: str) -> None:
    if language not in LANGUAGES:
        raise Refused("language_unknown", field="language")
    given = (
        ("name", name, LONGEST_NAME, "template_name_missing", "template_name_long"),
        ("subject", subject, LONGEST_SUBJECT, "subject_missing", "subject_long"),
        ("body", tidied(body), LONGEST_BODY, "message_missing", "message_long"),
    )
    for field, text, most, missing, long in given:
        if not text.strip():
            raise Refused(missing, field=field)
        if len(text.strip()) > most:
            raise Refused(long, field=field, most=most)
        try:
            refuse_unprintable(text, multiline=field == "body")
        except ContactError:
            raise Refused("unprintable", field=field) from None
        if looks_secret(text):
            raise Refused("message_secret", field=field)
    if is_other_script(f"{subject}\n{body}", language):
        raise Refused("template_other_script", field="body")


def _add_version(ctx: Context, template: ReplyTemplate, subject: str, body: str) -> None:
    template.version += 1
    version = ReplyTemplateVersion(
        id=new_id(),
        template_id=template.id,
        version=template.version,
        subject=subject.strip(),
        body=tidied(body),
        person_id=ctx.actor.person_id,
        at=ctx.now,
    )
    ctx.session.add(version)
    ctx.session.flush()
    _record(
        ctx,
        "desk:template:changed",
        template=template.id,
        version=template.version,
        language=template.language,
        payload=hashlib.sha256(f"{version.subject}\n{version.body}".encode()).hexdigest(),
    )


def _record(ctx: Context, tag: str, **facts: str | int) -> None:
    audit.append(ctx.session, "system", tag, actor=ctx.actor_name, at=ctx.now, facts=facts)
