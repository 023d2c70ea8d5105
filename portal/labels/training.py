"""Words for training cases: what is suspicious in each scenario, what gives it away, and how the desk did."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

Words = Mapping[str, LazyString]

SCENARIO: Words = {
    "name_differs": _p("training", "The name is not the one in the register"),
    "new_phone": _p("training", "The registered phone number changed four days ago"),
    "urgent": _p("training", "It is urgent, and nobody may call back"),
    "lookalike_mailbox": _p("training", "The mailbox only looks like the registered one"),
    "left_company": _p("training", "Somebody who has left the company"),
}

# What a reader of the case could have seen, once it is over.
TELL: Words = {
    "name_differs": _l(
        "The form gives another name than the register. Opening the registered mailbox proves the mailbox, not the person."
    ),
    "new_phone": _l(
        "The phone number was replaced four days before the request. For 30 days a new contact proves nothing: whoever changed"
        " it may be the one who asks."
    ),
    "urgent": _l(
        "The owner pushes for speed and refuses to be called back. Pressure and a refused check are signs of an attack, however"
        " good the reason sounds."
    ),
    "lookalike_mailbox": _l(
        "The address for updates differs from the registered one by one letter. Read the part after the @ letter by letter."
    ),
    "left_company": _l(
        "The person writes that they no longer work for the company, and uses a private mailbox. They may know everything about"
        " the account and still have no say in it."
    ),
}

# What it means for whoever worked on the case.
OUTCOME: Words = {
    "caught_first": _p("training", "Recognised by the first person"),
    "caught_second": _p("training", "Recognised by the second person"),
    "missed": _p("training", "Not recognised"),
    "ended": _p("training", "Ended before a decision"),
}
MEANS: Words = {
    "caught_first": _l("The first person saw it and proposed to decline."),
    "caught_second": _l("The second person saw what the first had not, and sent it back."),
    "missed": _l(
        "Two people agreed to remove the device. In a real case, this would have let the wrong person in."
    ),
    "ended": _l("It ended before anybody had decided, so it says nothing about the desk."),
}

TABLES: Mapping[str, Words] = {
    "training_scenario": SCENARIO,
    "training_tell": TELL,
    "training_outcome": OUTCOME,
    "training_means": MEANS,
}
