"""The owner's own path as a browser without script walks it."""

from __future__ import annotations

from sqlalchemy import select

from portal.casework import self_service_end
from portal.models import Account, PhoneCall
from tests.casework import resetting
from tests.people import HANAKO
from tests.public.visitor import Page, Visitor
from tests.world import World

EMAIL, PASSWORD = str(HANAKO["account_email"]), "correct horse battery"


def sign_in(visitor: Visitor, email: str = EMAIL) -> Page:
    visitor.get("/sign-in")
    visitor.send(email=email)
    return visitor.send(password=PASSWORD)


def to_mail(visitor: Visitor, label: str = "Phone") -> Page:
    """Signed in, and the device chosen."""
    sign_in(visitor)
    return choose(visitor, label)


def press(visitor: Visitor, path: str, **fields: str) -> Page:
    """Send a form of our own to an address that the page at hand does not offer."""
    here = visitor.page
    token = visitor.get("/sign-in").value("csrf_token")
    visitor.page = here
    return visitor.post(f"/{visitor.language}{path}", {"csrf_token": token, **fields})


def choose(visitor: Visitor, label: str = "Phone") -> Page:
    page = visitor.get("/reset")
    boxes = page.html.select('input[name="device"]')
    chosen = next(box for box in boxes if label in page.html.find("label", attrs={"for": box["id"]}).text)
    return visitor.send(device=str(chosen["value"]))


def mailed(visitor: Visitor, world: World) -> str:
    """Have the mail sent; returns the link in it."""
    visitor.send("")
    return resetting.newest_link(world)


def to_call(visitor: Visitor, world: World) -> Page:
    to_mail(visitor)
    visitor.get(f"/reset/link/{mailed(visitor, world)}")
    return visitor.send("")


def called(visitor: Visitor, world: World) -> tuple[PhoneCall, str]:
    """Press "Call me now": the call, and the digits as the page shows them."""
    visitor.get("/reset/call")
    page = visitor.send("")
    return newest_call(world), "".join(digit.text for digit in page.html.select(".call-code__digit"))


def newest_call(world: World) -> PhoneCall:
    world.session.rollback()
    query = select(PhoneCall).order_by(PhoneCall.created_at.desc()).limit(1)
    return world.session.execute(query).scalar_one()


def to_remove(visitor: Visitor, world: World) -> Page:
    to_call(visitor, world)
    call, digits = called(visitor, world)
    resetting.answer(world, call, digits)
    return visitor.get("/reset/call")


def removed_since(world: World, account: Account) -> bool:
    return bool(self_service_end.removed_lately(world.system, account.id))
