"""What the tests of the pages about colleagues share: their addresses, their words, and opening and sending their forms."""

from __future__ import annotations

from typing import Any

from portal.casework import logins, staff_matters
from tests.admin.clerk import Clerk
from tests.casework.staffroom import Staffroom
from tests.public.visitor import Page

HOME = "/admin/colleagues/"
NEW = HOME + "new"
NEWCOMER: dict[str, Any] = {
    "name": "Nao Newcomer",
    "email": "nao@desk.example",
    "language": "en",
    "roles": ["verifier"],
}
PROPOSED = {
    "grant": ("role_grant", {"role": "approver"}),
    "revoke": ("role_revoke", {"role": "verifier"}),
    "address": ("address_change", {"email": "victor@desk.example"}),
    "another": ("new_login", {"email": "vic.two@desk.example", "roles": ["compliance"]}),
    "reset": ("factor_reset", {}),
}
WRONG_ROLE = {"ja": "お使いの権限ではこの操作を行えません。", "en": "Your role does not allow this."}
OWN_LOGIN = {"ja": "ご自身についてこの操作は行えません。", "en": "You cannot do this for yourself."}
NEVER_BOTH = {"ja": "管理者はケースを扱えません。", "en": "An administrator cannot work on cases."}
NO_ADDRESS = {
    "ja": "メールアドレスは name@example.com の形で入力してください。",
    "en": "Enter an email address in the correct format, like name@example.com",
}
TAKEN = {
    "ja": "このメールアドレスは、別の担当者が使用しています。",
    "en": "Another colleague already has this address.",
}
NO_ROLE = {"ja": "権限を選択してください。", "en": "Select a role."}
WRONG_CODE = {
    "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
    "en": "The code does not match. Enter the newest code in your app",
}


def at(room: Staffroom, name: str, key: str = "") -> str:
    return f"{HOME}{room.id(name)}" + (f"/{key}" if key else "")


def open_act(clerk: Clerk, name: str, key: str) -> Page:
    page = clerk.get(at(clerk.room, name, key))
    assert page.code == 200, page.text
    return page


def do(clerk: Clerk, name: str, key: str, **typed: Any) -> Page:
    open_act(clerk, name, key)
    return clerk.send(**typed)


def force(clerk: Clerk, address: str, **typed: Any) -> Page:
    """Send a form that the page does not offer."""
    clerk.get(HOME)
    return clerk.post(address, {"csrf_token": clerk.token, **typed})


def waiting(room: Staffroom) -> list[staff_matters.Matter]:
    room.world.session.rollback()
    return staff_matters.matters(room.world.system)


def roster(room: Staffroom) -> list[tuple[str, str, tuple[str, ...]]]:
    """Everybody's address, state and roles, as they are now."""
    room.world.session.rollback()
    room.world.session.expire_all()
    return [(row.staff.email, row.state, row.roles) for row in logins.roster(room.world.system)]


def row_of(page: Page, name: str) -> str:
    rows = [row.get_text(" ", strip=True) for row in page.html.main.select("tbody tr")]
    return next(row for row in rows if row.startswith(name))


def disable(room: Staffroom, name: str) -> None:
    with room.world.system.act():
        room.login(name).disabled_at = room.world.now
