"""What an admin can do about a colleague's sign-in: propose it, so that somebody else agrees; little happens at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin import base
from admin.forms import (
    DeskForm,
    Needed,
    Understood,
    boxes_field,
    built,
    choices,
    code_field,
    radio_field,
    text_field,
    words_for,
)
from portal import contact, i18n, labels
from portal.casework import logins, shutting, staff
from portal.casework.context import Context
from portal.casework.logins import Entry, RosterRow
from portal.casework.sessions import Listed
from portal.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from portal.domain.lifecycle import Role
from portal.models.staff import STAFF_ROLES

Fields = tuple[tuple[str, Any], ...]

# What each proposal does once it takes effect, for those who propose it and those who agree.
MEANING: Mapping[str, LazyString] = {
    "role_grant": _l("From then on the person may do what the role allows. Open sessions end."),
    "role_revoke": _l("From then on the person may no longer do what the role allows. Open sessions end."),
    "new_login": _l("Then an invitation goes to the address, and only its reader can set a password."),
    "address_change": _l("From then on the person signs in with the new address. Open sessions end."),
    "re_enable": _l("Then the person can sign in again, with the password and MFA device of before."),
    "factor_reset": _l(
        "Then password, MFA device and recovery codes no longer work. An invitation to set them up again goes to the address."
    ),
}


def nothing_to_ask(_row: RosterRow) -> Fields:
    return ()


@dataclass(frozen=True)
class LoginAct:
    """One act on a login as a page. `kind` is the proposal that it makes; without one it happens at once."""

    title: LazyString
    do: Callable[[Context, RosterRow, DeskForm], object]
    offered: Callable[[RosterRow], bool]
    kind: str = ""
    fields: Callable[[RosterRow], Fields] = nothing_to_ask
    said: str = "proposed"
    lead: LazyString | str = ""
    button: LazyString | str = ""  # "Propose" where none is named
    look: str = "primary"

    def form(self, row: RosterRow) -> DeskForm:
        return built(*self.fields(row), filled={"language": row.staff.language})


def is_enabled(row: RosterRow) -> bool:
    return row.staff.disabled_at is None


def is_disabled(row: RosterRow) -> bool:
    return not is_enabled(row)


def is_set_up(row: RosterRow) -> bool:
    return is_enabled(row) and row.staff.password_hash is not None


def is_only_invited(row: RosterRow) -> bool:
    return is_enabled(row) and row.staff.password_hash is None


def lacks_a_role(row: RosterRow) -> bool:
    return is_enabled(row) and bool(_roles_to_give(row))


def has_a_role(row: RosterRow) -> bool:
    return bool(row.roles)


def anybody(_row: RosterRow) -> bool:
    return True


def _roles_to_give(row: RosterRow) -> list[Role]:
    return [role for role in STAFF_ROLES if role not in row.roles]


def _role_field(roles: Iterable[Role]) -> Fields:
    return (
        ("role", radio_field(_l("Role"), words_for("role", roles), labels.TABLES["refusal"]["role_unknown"])),
    )


def address_field(label: LazyString) -> Any:
    return text_field(
        label,
        Understood(contact.parse_email),
        render_kw={
            "inputmode": "email",
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )


def login_fields() -> Fields:
    """What a new sign-in needs, whoever it is for. In the order of the page, which is the order of their making."""
    refusals = labels.TABLES["refusal"]
    address = address_field(_l("Work email address"))
    language = radio_field(
        _l("Language of pages and mails"), words_for("language", LANGUAGES), refusals["language_unknown"]
    )
    roles = boxes_field(
        _l("Roles"),
        words_for("role", STAFF_ROLES),
        refusals["role_unknown"],
        _l("An administrator has no part in cases, so that role goes with none of those that work on them."),
    )
    return (("email", address), ("language", language), ("roles", roles))


def new_form() -> DeskForm:
    """The form for somebody who has no sign-in yet."""
    name = text_field(
        _l("Full name"),
        Needed(_l("Enter the colleague's full name")),
        Understood(contact.clean_name),
        description=_l("Colleagues see it beside what the person does."),
        render_kw={"autocomplete": "off"},
    )
    return built(("name", name), *login_fields(), filled={"language": DEFAULT_LANGUAGE})


def entry_of(form: DeskForm, name: str, person_id: str | None = None) -> Entry:
    roles = frozenset(Role(role) for role in form["roles"].data)
    return Entry(name, form["email"].data, form["language"].data, roles, person_id)


def _propose(kind: str) -> Callable[[Context, RosterRow, DeskForm], object]:
    def do(ctx: Context, row: RosterRow, form: DeskForm) -> object:
        payload = {"role": form["role"].data} if "role" in form else {}
        return staff.propose(ctx, kind, staff_id=row.staff.id, payload=payload)

    return do


def _propose_address(ctx: Context, row: RosterRow, form: DeskForm) -> object:
    return staff.propose_address(ctx, row.staff.id, form["email"].data)


def _propose_another(ctx: Context, row: RosterRow, form: DeskForm) -> object:
    return staff.propose_login(ctx, entry_of(form, row.person.name, row.person.id))


def _invite(ctx: Context, row: RosterRow, _form: DeskForm) -> None:
    logins.invite_again(ctx, row.staff.id)


def _disable(ctx: Context, row: RosterRow, form: DeskForm) -> None:
    shutting.disable(ctx, row.staff.id, code=form["code"].data)


def _session_fields(row: RosterRow) -> Fields:
    """All sessions, or one of those that are open, with where and since when; newest first."""
    known = [
        (one.key, _l("%(browser)s, %(network)s, since %(time)s", **_place(one)))
        for one in shutting.open_sessions(base.ctx(), row.staff.id)
    ]
    ways = choices(((shutting.ALL, _l("All sessions")), *known))
    return (
        ("session", radio_field(_l("Session"), ways, _l("Select a session"))),
        ("code", code_field()),
    )


def _place(one: Listed) -> dict[str, Any]:
    unknown = _l("Unknown")
    return {
        "browser": one.browser or unknown,
        "network": one.address or unknown,
        "time": i18n.when(one.since),
    }


def _end_sessions(ctx: Context, row: RosterRow, form: DeskForm) -> None:
    shutting.end_sessions(ctx, row.staff.id, form["session"].data, code=form["code"].data)


PROPOSED = labels.TABLES["proposal"]

# In the order in which a login's page offers them.
ACTS: Mapping[str, LoginAct] = {
    "invite": LoginAct(
        _l("Invite again"),
        _invite,
        is_only_invited,
        said="invited",
        lead=_l("A new link goes to the address. Earlier links no longer work."),
        button=_l("Send the invitation"),
    ),
    "grant": LoginAct(
        PROPOSED["role_grant"],
        _propose("role_grant"),
        lacks_a_role,
        "role_grant",
        lambda row: _role_field(_roles_to_give(row)),
    ),
    "revoke": LoginAct(
        PROPOSED["role_revoke"],
        _propose("role_revoke"),
        has_a_role,
        "role_revoke",
        lambda row: _role_field(row.roles),
    ),
    "address": LoginAct(
        PROPOSED["address_change"],
        _propose_address,
        anybody,
        "address_change",
        lambda _row: (("email", address_field(_l("New work email address"))),),
    ),
    "another": LoginAct(
        _l("Make another sign-in for this person"),
        _propose_another,
        is_enabled,
        "new_login",
        lambda _row: login_fields(),
    ),
    "reset": LoginAct(PROPOSED["factor_reset"], _propose("factor_reset"), is_set_up, "factor_reset"),
    "enable": LoginAct(PROPOSED["re_enable"], _propose("re_enable"), is_disabled, "re_enable"),
    "sessions": LoginAct(
        _l("End sessions"),
        _end_sessions,
        is_set_up,
        fields=_session_fields,
        said="sessions_ended",
        lead=_l("The person can sign in again with password and MFA device, and is told by mail."),
        button=_l("End sessions"),
        look="warning",
    ),
    "disable": LoginAct(
        _l("Disable at once"),
        _disable,
        is_enabled,
        fields=lambda _row: (("code", code_field()),),
        said="disabled",
        lead=_l(
            "Nobody can sign in with it from this moment, and its sessions end. Cases in hand go back to the queue, and open"
            " proposals stop. Enabling it again takes two people."
        ),
        button=_l("Disable the sign-in"),
        look="warning",
    ),
}
