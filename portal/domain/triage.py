"""A few questions, one a page, that lead a locked-out person to the quickest way that can work.

The table is a walk without loops: each answer names the next node. A node is a question, or an outcome; a
guide is an outcome that asks at its end whether it helped, and goes on if not. Answers are kept by the key of
what was asked, so nothing is asked twice, and the form starts with what they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

OUTCOME_KINDS = ("guide", "form", "stop", "self_service")
FIRST = "user"


@dataclass(frozen=True)
class Choice:
    """One answer: the node it leads to, and what it already says on the request form."""

    key: str
    to: str
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One page with one radio question. `place` tells nodes apart that ask the same at different times."""

    key: str
    choices: tuple[Choice, ...]
    place: str = ""
    helped: bool = False  # they did not know: ask again, with a text that explains

    @property
    def node(self) -> str:
        """The name under which choices lead here."""
        return self.place or self.key


@dataclass(frozen=True)
class Outcome:
    """What to do next, and why. `choices` answer "did this work?"; `form` prefills the request form."""

    key: str
    kind: str
    why: str
    choices: tuple[Choice, ...] = ()
    place: str = ""
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """The name under which choices lead here."""
        return self.place or self.key


Step = Question | Outcome


def _yes_no(
    key: str,
    *,
    yes: str,
    no: str,
    place: str = "",
    yes_form: Mapping[str, str] | None = None,
    no_form: Mapping[str, str] | None = None,
) -> Question:
    return Question(key, (Choice("yes", yes, yes_form or {}), Choice("no", no, no_form or {})), place)


def _guide(
    key: str,
    *,
    why: str,
    works: str,
    fails: str,
    kind: str = "guide",
    form: Mapping[str, str] | None = None,
) -> Outcome:
    return Outcome(key, kind, why, (Choice("yes", works, form or {}), Choice("no", fails)))


def _form(why: str) -> Outcome:
    return Outcome("request_form", "form", why, place=f"form_{why}")


_LOST, _READS = {"mailbox": "lost"}, {"mailbox": "reachable"}
_KNOWN, _FORGOTTEN = {"password_known": "yes"}, {"password_known": "no"}
_SILENT, _ANSWERS = {"registered_phone": "no"}, {"registered_phone": "yes"}

# What the answers say on the request form: the fields that start filled in.
FORM_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "principal_kind": ("root", "iam"),
    "problem": ("code_refused",),
    "password_known": ("yes", "no"),
    "mailbox": ("reachable", "lost"),
    "registered_phone": ("yes", "no"),
    "last_resort": ("yes",),
}

_STEPS: tuple[Step, ...] = (
    Question(
        "user",
        (
            Choice("root", "other_device", {"principal_kind": "root"}),
            Choice("iam", "ask_administrator", {"principal_kind": "iam"}),
            Choice("unknown", "user"),
        ),
    ),
    _yes_no("other_device", yes="use_other_device", no="codes_refused"),
    _yes_no("codes_refused", yes="resynchronise", no="password", yes_form={"problem": "code_refused"}),
    _yes_no(
        "password",
        yes="mailbox",
        no="reset_password",
        yes_form=_KNOWN,
        no_form=_FORGOTTEN,
    ),
    _yes_no("mailbox", yes="phone", no="phone_no_mailbox", yes_form=_READS, no_form=_LOST),
    _yes_no("phone", yes="self_service", no="contact_editor", yes_form=_ANSWERS, no_form=_SILENT),
    _yes_no("contact_editor", yes="update_phone", no="form_phone_lost"),
    # Without the password nobody can help themselves, so these two only say what the desk will find.
    _yes_no(
        "mailbox",
        place="mailbox_no_password",
        yes="phone_no_password",
        no="phone_no_mailbox",
        yes_form=_READS,
        no_form=_LOST,
    ),
    _yes_no(
        "phone",
        place="phone_no_password",
        yes="form_no_password",
        no="form_phone_lost",
        yes_form=_ANSWERS,
        no_form=_SILENT,
    ),
    _yes_no(
        "phone",
        place="phone_no_mailbox",
        yes="form_mailbox_lost",
        no="name_on_file",
        yes_form=_ANSWERS,
        no_form=_SILENT,
    ),
    Question(
        "name_on_file",
        (
            Choice("yes", "last_resort", {"last_resort": "yes"}),
            Choice("no", "cannot_decide"),
            Choice("unknown", "last_resort", {"last_resort": "yes"}),
        ),
    ),
    # Ways out
    _guide("ask_administrator", kind="stop", why="iam_user", works="solved", fails="form_no_administrator"),
    _guide("use_other_device", why="has_other_device", works="solved", fails="codes_refused"),
    _guide("resynchronise", why="codes_refused", works="solved", fails="password"),
    _guide("reset_password", why="password_lost", works="mailbox", fails="mailbox_no_password", form=_KNOWN),
    _guide(
        "update_phone", why="has_contact_editor", works="self_service", fails="form_phone_lost", form=_ANSWERS
    ),
    Outcome("self_service", "self_service", "can_prove_both"),
    _form("self_service_off"),
    _form("mailbox_lost"),
    _form("phone_lost"),
    _form("no_password"),
    _form("no_administrator"),
    Outcome("last_resort", "form", "all_lost"),
    Outcome("cannot_decide", "stop", "no_name_on_file"),
    Outcome("solved", "stop", "it_worked"),
)
STEPS: Mapping[str, Step] = {step.node: step for step in _STEPS}

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    step.key: tuple(choice.key for choice in step.choices) for step in _STEPS if isinstance(step, Question)
}
OUTCOMES: tuple[str, ...] = tuple(dict.fromkeys(step.key for step in _STEPS if isinstance(step, Outcome)))
GUIDES: tuple[str, ...] = tuple(step.key for step in _STEPS if isinstance(step, Outcome) and step.choices)
REASONS: tuple[str, ...] = tuple(dict.fromkeys(step.why for step in _STEPS if isinstance(step, Outcome)))


@dataclass(frozen=True)
class Walk:
    """How far the answers lead: the answers that counted, in order, and the step that comes next."""

    taken: tuple[tuple[str, str], ...]
    step: Step

    @property
    def asked(self) -> int:
        """How many questions were answered; whether a guide helped is not one of them."""
        return sum(key in QUESTIONS for key, _ in self.taken)


def walk(answers: Mapping[str, str], *, self_service: bool) -> Walk:
    """Follow the answers from the first question.

    The first answer that is missing or unknown ends the walk; all later ones are ignored.
    """
    step = STEPS[FIRST]
    taken: list[tuple[str, str]] = []
    form: dict[str, str] = {}
    while choice := _chosen(step, answers):
        if choice.to == step.node:
            return Walk(tuple(taken), replace(step, helped=True) if isinstance(step, Question) else step)
        taken.append((step.key, choice.key))
        form |= choice.form
        step = _open(STEPS[choice.to], self_service)
    if isinstance(step, Outcome):
        step = replace(step, form=form)
    return Walk(tuple(taken), step)


def next_step(answers: Mapping[str, str], *, self_service: bool) -> Step:
    """Return the question to ask now, or what to do next."""
    return walk(answers, self_service=self_service).step


def certain_total(answers: Mapping[str, str], *, self_service: bool) -> tuple[int, int] | None:
    """Return (n, m) for "question n of m" where every way on has the same length, else None."""
    here = walk(answers, self_service=self_service)
    if not isinstance(here.step, Question):
        return None
    lengths = _lengths(here.step)
    return (here.asked + 1, here.asked + lengths.pop()) if len(lengths) == 1 else None


def _chosen(step: Step, answers: Mapping[str, str]) -> Choice | None:
    return next((choice for choice in step.choices if choice.key == answers.get(step.key)), None)


def _open(step: Step, self_service: bool) -> Step:
    return STEPS["form_self_service_off"] if step.node == "self_service" and not self_service else step


def _lengths(step: Step) -> set[int]:
    """How many questions the ways from here have, this one among them."""
    here = int(isinstance(step, Question))
    ways = {choice.to for choice in step.choices} - {step.node}
    return {here + rest for way in ways for rest in _lengths(STEPS[way])} or {here}
