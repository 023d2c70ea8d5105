"""Words for risk signals: what each is called, and in one sentence what it means and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.labels.stages import TIER_REASON

Words = Mapping[str, LazyString]

RISK: Words = {
    **{
        key: TIER_REASON[key]
        for key in (
            *("contact_changed", "fraud_signal", "theft_suspected", "failed_checks", "pressure_marker"),
            *("contested", "appealed", "past_dispute", "past_decline"),
        )
    },
    "objection_open": _l("Somebody said that this was not them"),
    "same_handset": _l("The registered phone may be the lost one"),
    "name_differs": _l("The name is not the one in the register"),
    "failed_check": _l("An identity check failed"),
    "same_phone": _l("Phone number used in another request"),
    "same_network": _l("Another request from the same network"),
}

RISK_MEANS: Words = {
    "contact_changed": _l(
        "People who take over an account often change its contacts first, so a changed contact proves nothing for 30 days "
        "and a lead must approve."
    ),
    "fraud_signal": _l(
        "The request was held for a safety check before, so a lead must approve and the waiting period is longer."
    ),
    "theft_suspected": _l(
        "Whoever has the device may also read its mail and answer its calls, so a lead must approve and the "
        "waiting period is longer."
    ),
    "failed_checks": _l(
        "Two or more identity checks did not match, so a lead must approve and the waiting period is longer."
    ),
    "pressure_marker": _l(
        "Pressure to hurry is a way around the checks, so a lead must approve and no step can be made shorter."
    ),
    "contested": _l(
        "One of the two people may not be the owner, so one lead decides both requests and neither cancels the other."
    ),
    "appealed": _l("The request was declined once, so people who have not worked on it decide this time."),
    "past_dispute": _l(
        "A contact of the account stopped something in the last 90 days, so a lead must approve this request."
    ),
    "past_decline": _l(
        "A request for the account was declined in the last 90 days, so compare who asked then and what was missing."
    ),
    "objection_open": _l(
        "A registered contact objects and nobody has decided on it, so nothing can be deactivated until two people have."
    ),
    "same_handset": _l(
        "Whoever has that phone answers its calls, so a call to it counts for nothing. Use another way to check."
    ),
    "name_differs": _l(
        "The name in the form is not in the register, in any spelling we know, so ask why before you match a document."
    ),
    "failed_check": _l(
        "One identity check did not match. A second one makes the case elevated, so a lead would have to approve."
    ),
    "same_phone": _l(
        "One person may be asking for several accounts, so compare the requests before you rely on this number."
    ),
    "same_network": _l(
        "Offices and mobile networks share addresses, so this alone proves nothing. Compare the requests."
    ),
}

TABLES: Mapping[str, Words] = {
    "risk": RISK,
    "risk_means": RISK_MEANS,
}
