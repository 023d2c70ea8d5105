"""`flask register`: an operator may propose a file of entries and see what waits. Agreeing takes another person, signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal import db, labels
from portal.casework import register_import, roles
from portal.casework.channels import COMMAND_LINE
from portal.casework.context import Context, Refused
from portal.casework.register_file import MOST_BYTES, Mistake
from portal.contact import ContactError, parse_email
from portal.domain.lifecycle import SYSTEM
from portal.models import Staff

register_group = AppGroup("register", help="Propose register entries and list what waits for agreement.")


@register_group.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--proposer", required=True, help="Work address of the admin or lead who proposes the file.")
def import_file(file: BinaryIO, proposer: str) -> None:
    """Propose FILE (CSV in UTF-8). It counts only when another admin or lead agrees in the back office."""
    with _system() as ctx:
        staff = _staff(ctx, proposer)
        acting = ctx.as_actor(roles.actor_for(ctx, staff))
        try:
            # one byte more than allowed is enough to know that it is too large
            data = file.read(MOST_BYTES + 1)
            proposal = register_import.propose_import(acting, data, channel=COMMAND_LINE)
        except Refused as refusal:
            raise click.ClickException(_why(refusal)) from None
    click.echo(f"Proposed in the name of {acting.actor.name}, who is told by mail. Digest: {proposal.digest}")
    click.echo("Next: another admin or lead signs in, opens Register, compares this digest and agrees.")


@register_group.command("list")
def list_open() -> None:
    """List the files that wait for another person."""
    with _system() as ctx:
        waiting = register_import.open_proposals(ctx)
    for proposal in waiting:
        click.echo(
            f"{proposal.created_at:%Y-%m-%d %H:%M} UTC  {proposal.digest}  proposed by {proposal.proposer}"
        )
    click.echo(f"{len(waiting)} waiting." if waiting else "Nothing waits. Next: flask register import FILE")


@contextmanager
def _system() -> Iterator[Context]:
    runtime = db.runtime()
    with runtime.sessions() as session:
        yield runtime.context(session, SYSTEM)


def _staff(ctx: Context, address: str) -> Staff:
    try:
        email = parse_email(address).canonical
    except ContactError:
        email = ""
    query = select(Staff).where(Staff.email == email, Staff.disabled_at.is_(None))
    staff = ctx.session.execute(query).scalar_one_or_none()
    if staff is None:
        raise click.ClickException(f"Nobody on the staff has the address {address}.")
    return staff


def _why(refusal: Refused) -> str:
    if refusal.reason != "register_file":
        return "Only an admin or a lead may propose register entries."
    mistakes: tuple[Mistake, ...] = refusal.details["mistakes"]
    lines = (f"  line {each.line} {each.column}: {_said(each)}".replace(" :", ":") for each in mistakes)
    return "\n".join(("The file has mistakes, so nothing was taken from it.", *lines))


def _said(mistake: Mistake) -> str:
    return labels.word(mistake.words, mistake.reason, "en", **mistake.details)
