"""When the desk is open for a language and when it first answers, said in words and as a date with its hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext as _

from portal import i18n
from portal.business_calendar import is_holiday
from portal.casework.context import Context
from portal.domain.business_time import add_business_hours
from portal.domain.languages import LANGUAGES
from portal.domain.limits import Limits
from portal.notice_facts import support_hours


def hours(language: str) -> str:
    """The support hours of a language, in that language."""
    with i18n.spoken_in(language):
        return support_hours(language)


def first_reply(ctx: Context, language: str, since: datetime | None = None) -> datetime:
    """When somebody who asks now, or asked then, hears from us at the latest."""
    return add_business_hours(
        since or ctx.now,
        ctx.limits.first_answer_hours,
        LANGUAGES[language].support,
        lambda day: is_holiday(language, day),
    )


def first_reply_words(ctx: Context, language: str) -> str:
    """When somebody who asks now hears from us, said in the language in which they would ask."""
    with i18n.spoken_in(language):
        return str(_("First reply by %(time)s.", time=i18n.when(first_reply(ctx, language))))


def beside_choice(ctx: Context, language: str) -> str:
    """What stands beside a language where it is chosen: hours and first reply, in that language itself."""
    with i18n.spoken_in(language):
        reply = i18n.when(first_reply(ctx, language))
        return str(_("%(hours)s. First reply by %(time)s.", hours=support_hours(language), time=reply))


def waits(limits: Limits) -> dict[str, str]:
    """How long each tier waits before a removal, in words."""
    tiers = ("standard", "privileged", "elevated", "last_resort")
    return {tier: i18n.duration(timedelta(hours=getattr(limits, f"wait_{tier}_hours"))) for tier in tiers}
