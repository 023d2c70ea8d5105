"""The choice of a registered contact, masked: only the register says where anything is sent or who is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin.acts import Visit
from admin.forms import DeskForm, built, choices, radio_field
from portal import i18n, labels
from portal.casework import registry
from portal.casework.registry import ContactView
from portal.choices import SelectChoice
from portal.models import Account


def contact_form(kind: str) -> Callable[[Visit], DeskForm]:
    """The form in which one of the registered contacts of a kind is chosen."""

    def make(visit: Visit) -> DeskForm:
        label = labels.TABLES["channel"][kind]
        return built(
            ("contact", radio_field(label, _contacts(visit, kind), _l("Select a registered contact.")))
        )

    return make


def _contacts(visit: Visit, kind: str) -> list[SelectChoice]:
    """The present contacts of a kind, masked: only the register says where anything is sent."""
    if visit.case.account_id is None:
        return []
    account = visit.ctx.session.get_one(Account, visit.case.account_id)
    shown = registry.contacts_view(visit.ctx, account)
    present = [contact for contact in shown if contact.kind == kind and contact.retired_at is None]
    return choices((contact.id, _contact_words(contact)) for contact in present)


def _contact_words(contact: ContactView) -> str:
    day = i18n.day(contact.confirmed_at)
    if contact.is_recent:
        return str(
            gettext("%(contact)s, changed on %(day)s: counts after 30 days", contact=contact.masked, day=day)
        )
    return str(gettext("%(contact)s, on record since %(day)s", contact=contact.masked, day=day))


def none_of(kind: str) -> Callable[[Visit], Mapping[str, Any]]:
    """Where the register has no contact of the kind, that is all there is to say."""

    def more(visit: Visit) -> Mapping[str, Any]:
        return (
            {} if _contacts(visit, kind) else {"blockers": [labels.word("refusal", "no_registered_contact")]}
        )

    return more
