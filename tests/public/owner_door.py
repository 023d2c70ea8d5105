"""How a visitor comes through the owners' door in tests, in the language of their pages."""

from __future__ import annotations

from tests.casework import owners
from tests.casework.owners import EMAIL, PASSWORD
from tests.public.visitor import Page, Visitor
from tests.world import World


def give_name(visitor: Visitor, email: str = EMAIL) -> Page:
    visitor.get("/sign-in")
    return visitor.send(email=email)


def give_password(visitor: Visitor, email: str = EMAIL, password: str = PASSWORD) -> Page:
    give_name(visitor, email)
    return visitor.send(password=password)


def sign_in(world: World, visitor: Visitor) -> Page:
    """As the root user of the only account, with a code of their first device. Half a minute goes by."""
    give_password(visitor)
    return visitor.send(code=fresh_code(world))


def fresh_code(world: World, place: int = 0) -> str:
    """The next code of one of the root user's devices."""
    world.session.rollback()
    world.now += owners.STEP
    return owners.code_at(world, owners.devices(world, owners.only_root(world))[place])
