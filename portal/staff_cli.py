"""`flask staff`: the first staff, once; afterwards it lists and proposes. Agreeing takes another person, signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal import db, i18n, labels
from portal.casework import logins, roles, staff, staff_matters
from portal.casework.channels import COMMAND_LINE
from portal.casework.context import Context, Refused
from portal.casework.logins import Entry
from portal.casework.staff_changes import CHANGES
from portal.config import SettingsError
from portal.contact import ContactError, parse_email
from portal.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from portal.domain.lifecycle import SYSTEM, Role
from portal.models import Person, Staff
from portal.models.staff import STAFF_ROLES
from portal.runtime import check_installation

PERSON = re.compile(r"\s*(?P<name>[^<>]+?)\s*<(?P<email>[^<>]+)>\s*")
ROLE = click.Choice([role.value for role in STAFF_ROLES])
LANGUAGE = click.Choice(list(LANGUAGES))
Someone = tuple[str, str]  # name and address

staff_group = AppGroup("staff", help="Invite the first staff, list everybody, and propose changes.")


class PersonType(click.ParamType[Someone]):
    """Somebody as mail programs write them."""

    name = "person"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Someone:
        found = PERSON.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.fail(f'{value!r} is not of the form "Full Name <name@example.com>".', param, ctx)
        return found["name"], found["email"]


AS_PERSON = PersonType()
PROPOSER = click.option(
    "--proposer", required=True, help="Work address of the administrator in whose name this is proposed."
)


@staff_group.command("bootstrap")
@click.option("--admin", "admins", type=AS_PERSON, multiple=True, help='"Full Name <address>", twice.')
@click.option("--lead", "leads", type=AS_PERSON, multiple=True, help='"Full Name <address>", once.')
@click.option(
    "--language",
    type=LANGUAGE,
    default=DEFAULT_LANGUAGE,
    show_default=True,
    help="Of their pages and mails; each can change it later.",
)
def bootstrap(admins: tuple[Someone, ...], leads: tuple[Someone, ...], language: str) -> None:
    """Invite two administrators and a lead at three mailboxes. Works once; asks for whoever is not named."""
    with _system() as ctx:
        if _has_staff(ctx):
            raise click.ClickException(_said("not_empty") + " Next: flask staff list")
        entries = [
            *_entries(_complete(admins, 2, "administrator"), Role.ADMIN, language),
            *_entries(_complete(leads, 1, "lead"), Role.LEAD, language),
        ]
        with _refusals():
            invited = [login.email for login in staff.bootstrap(ctx, entries)]
        life = i18n.duration(ctx.limits.invite_life, "en")
    click.echo(f"Invited: {', '.join(invited)}.")
    click.echo(
        f"Next: run `flask worker`, which sends the mails. Each opens the link within {life} and sets a password "
        "and an MFA device. Everybody else is proposed in the back office, under Colleagues."
    )


@staff_group.command("list")
def list_staff() -> None:
    """List who may sign in, and what waits for a second person."""
    with _system() as ctx:
        rows, matters = logins.roster(ctx), staff_matters.matters(ctx)
    for row in rows:
        held = ", ".join(row.roles) or "no role"
        seen = f"{row.last_sign_in:%Y-%m-%d %H:%M} UTC" if row.last_sign_in else "never"
        click.echo(f"{row.staff.email}  {row.person.name}  {held}  {row.state}  last sign-in: {seen}")
    for matter in matters:
        until = f", takes effect {matter.effective_at:%Y-%m-%d %H:%M} UTC" if matter.effective_at else ""
        what = f"{labels.word('proposal', matter.kind, 'en')} ({matter.about} {matter.email})"
        click.echo(f"{matter.state}: {what}, proposed by {matter.proposer}{until}")
    click.echo(_next_of_list(bool(rows), any(matter.state == "open" for matter in matters)))


def _next_of_list(has_staff: bool, has_open: bool) -> str:
    if not has_staff:
        return "Nobody has a sign-in. Next: flask staff bootstrap"
    if has_open:
        return "Next: an administrator who did not propose it signs in, opens Colleagues and decides."
    return "Nothing waits for a second person."


@staff_group.command("propose-login")
@click.argument("person", type=AS_PERSON)
@click.option("--role", "wanted", type=ROLE, multiple=True, required=True, help="May be given several times.")
@click.option("--language", type=LANGUAGE, default=DEFAULT_LANGUAGE, show_default=True)
@click.option("--same-person-as", "known", help="Address of another sign-in of the same human being.")
@PROPOSER
def propose_login(
    person: Someone, wanted: tuple[str, ...], language: str, known: str | None, proposer: str
) -> None:
    """Propose a sign-in for PERSON, written "Full Name <address>"."""

    def do(ctx: Context) -> None:
        person_id = _login(ctx, known).person_id if known else None
        entry = Entry(*person, language, frozenset(map(Role, wanted)), person_id)
        staff.propose_login(ctx, entry, channel=COMMAND_LINE)

    _propose("new_login", proposer, do)


@staff_group.command("propose-role")
@click.argument("address")
@click.argument("role", type=ROLE)
@PROPOSER
def propose_role(address: str, role: str, proposer: str) -> None:
    """Propose that the sign-in with ADDRESS gets ROLE."""
    _propose_about("role_grant", address, proposer, {"role": role})


@staff_group.command("propose-role-end")
@click.argument("address")
@click.argument("role", type=ROLE)
@PROPOSER
def propose_role_end(address: str, role: str, proposer: str) -> None:
    """Propose that the sign-in with ADDRESS loses ROLE."""
    _propose_about("role_revoke", address, proposer, {"role": role})


@staff_group.command("propose-address")
@click.argument("address")
@click.argument("new_address")
@PROPOSER
def propose_address(address: str, new_address: str, proposer: str) -> None:
    """Propose that the sign-in with ADDRESS gets NEW_ADDRESS."""
    _propose(
        "address_change",
        proposer,
        lambda ctx: staff.propose_address(ctx, _login(ctx, address).id, new_address, channel=COMMAND_LINE),
    )


@staff_group.command("propose-enable")
@click.argument("address")
@PROPOSER
def propose_enable(address: str, proposer: str) -> None:
    """Propose that the disabled sign-in with ADDRESS is enabled again."""
    _propose_about("re_enable", address, proposer, {})


@staff_group.command("propose-reset")
@click.argument("address")
@PROPOSER
def propose_reset(address: str, proposer: str) -> None:
    """Propose that password, MFA device and recovery codes of the sign-in with ADDRESS are reset."""
    _propose_about("factor_reset", address, proposer, {})


def _propose_about(kind: str, address: str, proposer: str, payload: Mapping[str, str]) -> None:
    _propose(
        kind,
        proposer,
        lambda ctx: staff.propose(
            ctx, kind, staff_id=_login(ctx, address).id, payload=payload, channel=COMMAND_LINE
        ),
    )


def _propose(kind: str, proposer: str, do: Callable[[Context], object]) -> None:
    """Propose in somebody's name, and say who has to do what next."""
    with _system() as ctx, _refusals():
        login = _login(ctx, proposer)
        if login.disabled_at is not None:
            raise click.ClickException(f"The sign-in with the address {proposer} is disabled.")
        do(ctx.as_actor(roles.actor_for(ctx, login)))
        name = ctx.session.get_one(Person, login.person_id).name
        delay = i18n.duration(ctx.limits.grant_delay, "en")
    when = f"{delay} after that, unless somebody stops it" if CHANGES[kind].waits else "at once then"
    click.echo(f"Proposed in the name of {name}, who is told by mail: {labels.word('proposal', kind, 'en')}.")
    click.echo(
        f"Next: another administrator signs in, opens Colleagues, compares and agrees. It takes effect {when}."
    )


def _complete(named: tuple[Someone, ...], wanted: int, role: str) -> list[Someone]:
    """Ask for those whom the options do not name."""
    people = list(named)
    for number in range(len(people) + 1, wanted + 1):
        who = f"{role} {number} of {wanted}" if wanted > 1 else role
        name = click.prompt(f"Full name of {who}")
        people.append((name, click.prompt(f"Work email address of {who}")))
    return people


def _entries(people: list[Someone], role: Role, language: str) -> list[Entry]:
    return [Entry(name, email, language, frozenset({role})) for name, email in people]


def _has_staff(ctx: Context) -> bool:
    return ctx.session.execute(select(Staff.id).limit(1)).first() is not None


def _login(ctx: Context, address: str) -> Staff:
    try:
        email = parse_email(address).canonical
    except ContactError:
        email = ""
    found = ctx.session.execute(select(Staff).where(Staff.email == email)).scalar_one_or_none()
    if found is None:
        raise click.ClickException(f"Nobody on the staff has the address {address}.")
    return found


@contextmanager
def _system() -> Iterator[Context]:
    runtime = db.runtime()
    try:
        check_installation(runtime)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None
    with runtime.sessions() as session:
        yield runtime.context(session, SYSTEM)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say a refusal of casework in words."""
    try:
        yield
    except Refused as refused:
        values = {key: value for key, value in refused.details.items() if key != "field"}
        raise click.ClickException(_said(refused.reason, **values)) from None


def _said(reason: str, **values: Any) -> str:
    kind = "refusal" if reason in labels.TABLES["refusal"] else "contact_error"
    return labels.word(kind, reason, "en", **values)
