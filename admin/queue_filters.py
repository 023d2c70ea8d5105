"""What the queue is asked for: the view, the filters and the order of an address, and the addresses that lead to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField

from admin.forms import unprintable, words_for
from portal import labels
from portal.casework import queue
from portal.casework.assigning import Verifier
from portal.casework.queue import CHOICES, NOBODY, Filters
from portal.choices import SelectChoice

SHORTEST = 2
LONGEST = 254  # an address is the longest thing to search for

NARROWING = ("status", "language", "tier", "assignee")
# The other way round, for the head of a column that the list is ordered by already.
TURNED = {"due": "-due", "-due": "due", "received": "-received", "-received": "received"}


class FilterForm(FlaskForm):
    """Narrows the queue. Sent by GET, so that a list can be kept as a bookmark."""

    class Meta:
        csrf = False

    view = HiddenField()
    q = StringField(
        _l("Search by receipt no., name, account ID, email address or phone number"),
        render_kw={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"},
    )
    status = SelectField(_p("field", "Status"), validate_choice=False)
    language = SelectField(_p("field", "Language"), validate_choice=False)
    tier = SelectField(_l("Risk"), validate_choice=False)
    assignee = SelectField(_l("Assignee"), validate_choice=False)
    sort = HiddenField()

    @property
    def text(self) -> str:
        """What is searched for."""
        return (self.q.data or "").strip()

    @property
    def filters(self) -> Filters:
        chosen = {name: self[name].data or None for name in NARROWING}
        view, sort = self.view.data or queue.DEFAULT, self.sort.data
        return Filters(view, **chosen, sort=None if sort == queue.VIEWS[view].sort else sort)

    def is_searchable(self) -> bool:
        """Whether the text can be searched for; else its field says why not."""
        wrong = _search_error(self.text)
        self.q.errors = [wrong] if wrong else []
        return not wrong


def filter_form(people: Sequence[Verifier]) -> FilterForm:
    """The form as the address fills it. A value that no form of ours offers is answered like a damaged address."""
    form = FilterForm(formdata=request.args)
    form.view.data = form.view.data or queue.DEFAULT
    if form.view.data not in CHOICES["view"]:
        abort(400)
    form.sort.data = form.sort.data or queue.VIEWS[form.view.data].sort
    if form.sort.data not in CHOICES["sort"]:
        abort(400)
    for name, options in _offered(people).items():
        field: Any = form[name]
        field.choices = options
        field.data = field.data or ""
        if field.data not in {option.value for option in options}:
            abort(400)
    return form


def _offered(people: Sequence[Verifier]) -> dict[str, list[SelectChoice]]:
    everything = SelectChoice("", _l("All"))
    persons = [SelectChoice(one.person_id, one.name) for one in people]
    return {
        "status": [everything, *words_for("status", CHOICES["status"])],
        "language": [everything, *_languages(CHOICES["language"])],
        "tier": [everything, *words_for("tier", CHOICES["tier"])],
        "assignee": [everything, SelectChoice(NOBODY, _l("Unassigned")), *persons],
    }


def _languages(keys: Iterable[str]) -> list[SelectChoice]:
    return [SelectChoice(key, labels.word("language", key), render_kw={"lang": key}) for key in keys]


def _search_error(text: str) -> str | None:
    said: str | None = None
    if len(text) < SHORTEST:
        said = gettext("Enter at least %(shortest)s characters", shortest=SHORTEST)
    elif len(text) > LONGEST:
        said = gettext("Search text must be %(longest)s characters or less", longest=LONGEST)
    else:
        said = unprintable(text)
    return said


def address(filters: Filters, endpoint: str = "queue.index", **more: str | None) -> str:
    """Where a list with these filters stands, or what is asked about it."""
    values: dict[str, Any] = {**filters.chosen(), **more}
    return url_for(endpoint, **values)


def heads(filters: Filters) -> dict[str, dict[str, str | None]]:
    """For each column that can order the list: where its head leads, and how it orders the list now."""
    found = {}
    for column in ("due", "received"):
        ordered = filters.order.removeprefix("-") == column
        wanted = TURNED[filters.order] if ordered else column
        latest_first = filters.order.startswith("-")
        found[column] = {
            "url": address(_ordered(filters, wanted)),
            "sort": ("descending" if latest_first else "ascending") if ordered else None,
        }
    return found


def _ordered(filters: Filters, order: str) -> Filters:
    chosen = {**filters.chosen(), "sort": order}
    if order == queue.VIEWS[filters.view].sort:
        del chosen["sort"]
    return Filters(**chosen)
