"""What colleagues do with a file for the register, as their browsers send it."""

from __future__ import annotations

import io
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.models import Account, Proposal
from tests.admin.clerk import Clerk
from tests.casework.register_desk import count
from tests.public.visitor import Page
from tests.world import World

REGISTER = "/admin/register/"


PROPOSE = "/admin/register/propose"


def upload(clerk: Clerk, data: bytes, name: str = "register.csv") -> Page:
    """Send a file as a browser does, whole: the test client would leave a large one open."""
    clerk.get(PROPOSE)
    boundary, body = encode_multipart(clerk.fill(file=FileStorage(io.BytesIO(data), name)))
    answer = clerk.client.post(
        PROPOSE, data=body, content_type=f"multipart/form-data; boundary={boundary}", follow_redirects=True
    )
    return Page(answer)


def address(proposal: Proposal) -> str:
    return f"{REGISTER}{proposal.id}"


def decide(clerk: Clerk, proposal: Proposal, decision: str = "agree", **more: Any) -> Page:
    clerk.get(address(proposal))
    return clerk.send(decision=decision, **{"code": clerk.code(), **more})


def mistakes(page: Page) -> list[tuple[str, str, str]]:
    """The table of mistakes: number of the line, column and words."""
    rows = page.html.select("#mistakes ~ table tbody tr")
    told = [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in rows]
    return [("".join(filter(str.isdigit, line)), column, words) for line, column, words in told]


def stays_empty(world: World) -> bool:
    return count(world, Account) == 0
