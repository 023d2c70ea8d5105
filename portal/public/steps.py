"""The request form as a table of pages, and the way through it: what is known is not asked, what is missing comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal.casework import self_service as rules
from portal.domain import triage
from portal.public import forms
from portal.public.forms import OwnerForm
from portal.public.visit import context

Said = Mapping[str, str]

TRIAGE = "triage:"  # how a draft names the answers of the questions before the form
FAILED = "failed:"  # and where on the owner's own path it came from
CARRIED = ("principal_kind", "account_email", "registered_phone", "device_kind")
GUIDES_TRIED = dict.fromkeys(("use_other_device", "resynchronise", "update_phone"), "no")


def _always(_said: Said) -> bool:
    return True


def _not_said_stolen(said: Said) -> bool:
    return said.get("problem") != "stolen"


@dataclass(frozen=True)
class Step:
    """One page of the form. Without a title of its own, its one question is the title."""

    key: str
    form: type[OwnerForm]
    title: LazyString | None = None
    asked: Callable[[Said], bool] = _always

    def filled(self, said: Said) -> OwnerForm:
        """The form with what was said so far."""
        return self.form(said, said)

    def is_answered(self, said: Said) -> bool:
        """Whether the page needs no more asking: seen or known from before, and right."""
        form = self.filled(said)
        return any(field.name in said for field in form) and bool(form.validate())


STEPS: tuple[Step, ...] = (
    Step("language", forms.LanguageForm),
    Step("user", forms.UserForm),
    Step("account", forms.AccountForm, _l("Which account is it?")),
    Step("name", forms.NameForm, _l("Your name")),
    Step("holder", forms.HolderForm, _l("About the account")),
    Step("reply", forms.ReplyForm),
    Step("phone", forms.PhoneForm, _l("How can we call you?")),
    Step("registered-phone", forms.RegisteredPhoneForm),
    Step("problem", forms.ProblemForm),
    Step("device", forms.DeviceForm, _l("About the device")),
    Step("theft", forms.TheftForm, asked=_not_said_stolen),
    Step("detail", forms.DetailForm),
)
BY_KEY: Mapping[str, Step] = {step.key: step for step in STEPS}


def triage_answers(values: Said) -> dict[str, str]:
    """What a draft keeps of the questions before the form."""
    return {key.removeprefix(TRIAGE): value for key, value in values.items() if key.startswith(TRIAGE)}


def self_service() -> bool:
    """Whether the owner's own path is open here at all."""
    return rules.offered(context())


def walked(values: Said, found: Mapping[str, str]) -> dict[str, str]:
    """The questions before the form as somebody would have answered them who comes from the owner's own path."""
    answers = {"other_device": "no", "codes_refused": "no", "contact_editor": "no", **triage_answers(values)}
    sure = {"user": "root", "password": "yes", **GUIDES_TRIED}
    if "mailbox" in found:
        sure["mailbox"] = "yes" if found["mailbox"] == "reachable" else "no"
    if "registered_phone" in found:
        sure["phone"] = found["registered_phone"]
    return {f"{TRIAGE}{key}": answer for key, answer in {**answers, **sure}.items()}


def from_self_service(values: Said, found: Mapping[str, str]) -> dict[str, str]:
    """What a draft keeps for somebody who comes from there: what they proved or told is not asked again."""
    return {
        **walked(values, found),
        **{name: found[name] for name in CARRIED if name in found},
        f"{FAILED}step": found.get("failed_step", ""),
        f"{FAILED}reason": found.get("failed_reason", ""),
    }


def failed_of(values: Said) -> dict[str, str]:
    """Where the owner's own path ended, and why, for the case."""
    step, reason = values.get(f"{FAILED}step"), values.get(f"{FAILED}reason")
    return {"failed_step": step, "failed_reason": reason} if step and reason else {}


def outcome_of(values: Said) -> triage.Outcome | None:
    """Where the questions before the form have led, if they are through."""
    step = triage.next_step(triage_answers(values), self_service=self_service())
    return step if isinstance(step, triage.Outcome) else None


def known(values: Said) -> dict[str, str]:
    """What those questions already say on the form."""
    outcome = outcome_of(values)
    return dict(outcome.form) if outcome else {}


def said(values: Said) -> dict[str, str]:
    """All answers of the form: those known from before, and over them those given on it."""
    return {
        **known(values),
        **{key: value for key, value in values.items() if not key.startswith(TRIAGE)},
    }


def asked(answers: Said) -> tuple[Step, ...]:
    """The pages that these answers call for."""
    return tuple(step for step in STEPS if step.asked(answers))


def first_missing(answers: Said) -> Step | None:
    """The first page that still has to be asked, or None when all are answered."""
    return next((step for step in asked(answers) if not step.is_answered(answers)), None)


def before(step: Step, values: Said) -> Step | None:
    """The page to go back to: the one before that was not skipped, or None at the beginning."""
    answers, skipped = said(values), known(values)
    earlier = [
        other
        for other in asked(answers)[: [one.key for one in asked(answers)].index(step.key)]
        if not any(field.name in skipped and field.name not in values for field in other.filled(answers))
    ]
    return earlier[-1] if earlier else None
