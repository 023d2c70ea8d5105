"""A person's own views of the queue: a name for a choice of filters and order, seen by nobody else."""

from __future__ import annotations

import unicodedata

from sqlalchemy import select

from portal import contact
from portal.casework import factor
from portal.casework.context import Context, NotFound, Refused
from portal.casework.queue import Filters
from portal.models import SavedView, Staff, new_id

LONGEST_NAME = 40


def own(ctx: Context) -> list[SavedView]:
    """The actor's views in the order in which they were saved."""
    query = select(SavedView).where(SavedView.staff_id == ctx.actor.staff_id)
    return list(ctx.session.execute(query.order_by(SavedView.created_at, SavedView.id)).scalars())


def save(ctx: Context, name: str, filters: Filters) -> None:
    """Keep a view under a name. Raises Refused for a name that is none or is taken, and for one view too many."""
    wanted = clean(name)
    with ctx.act():
        staff = locked(ctx)  # two tabs at once must not pass the limit together
        views = own(ctx)
        if len(views) >= ctx.limits.saved_views:
            raise Refused("views_full", field="name", most=ctx.limits.saved_views)
        if same(wanted) in {same(view.name) for view in views}:
            raise Refused("view_name_taken", field="name")
        ctx.session.add(
            SavedView(
                id=new_id(), staff_id=staff.id, name=wanted, filters=filters.chosen(), created_at=ctx.now
            )
        )
        factor.record(ctx, staff, "staff:settings:changed")


def delete(ctx: Context, view_id: str) -> None:
    """Forget one of the actor's views. Raises NotFound, also for a colleague's."""
    with ctx.act():
        staff, view = locked(ctx), ctx.session.get(SavedView, view_id)
        if view is None or view.staff_id != staff.id:
            raise NotFound()
        ctx.session.delete(view)
        factor.record(ctx, staff, "staff:settings:changed")


def locked(ctx: Context) -> Staff:
    """The actor's own login, read for writing."""
    staff = factor.lock(ctx, ctx.actor.staff_id or "")
    if staff is None:
        raise NotFound()
    return staff


def clean(name: str) -> str:
    """A name as it is kept. Raises Refused for one that nobody could read."""
    wanted = " ".join(name.split())
    try:
        contact.refuse_unprintable(wanted)
    except contact.ContactError:
        raise Refused("view_name", field="name") from None
    is_seen = any(unicodedata.category(sign)[0] in "LNPS" for sign in wanted)
    if not is_seen or len(wanted) > LONGEST_NAME:
        raise Refused("view_name", field="name")
    return wanted


def same(name: str) -> str:
    """Two names that look alike are one: nobody could tell which list they open."""
    return unicodedata.normalize("NFKC", name).casefold()
