"""Training cases: scenarios with one thing in them that should stop an agent, and how the end of such a case is judged.

The people and accounts that a scenario is told with are in invented.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Scenario:
    """`decline` is the reason that a decline should give; `details` are what the form says, one of them by chance."""

    key: str
    decline: str
    details: Mapping[str, tuple[str, ...]]
    problem: str = "broken"
    of_company: bool = False
    other_name: bool = False  # the form gives somebody else's name
    reply: str = "own"  # own | lookalike | private: where the answers shall go
    phone_changed: timedelta | None = None  # how long ago the registered telephone was replaced


SCENARIOS: Mapping[str, Scenario] = {
    scenario.key: scenario
    for scenario in (
        Scenario(
            "name_differs",
            "details_differ",
            {
                "ja": (
                    "機種変更をしたら認証コードが通らなくなりました。解除をお願いします。",
                    "スマートフォンの画面が映らず、コードを確認できません。",
                ),
                "en": (
                    "I moved to a new phone and the codes are refused now. Please remove the old device.",
                    "The screen of my phone is dead, so I cannot read the codes.",
                ),
            },
            other_name=True,
        ),
        Scenario(
            "new_phone",
            "identity_not_confirmed",
            {
                "ja": (
                    "登録の電話番号は先日変更しました。確認の電話はその番号にお願いします。",
                    "デバイスが故障しました。電話番号は最新のものに変更してあるので、電話で確認してください。",
                ),
                "en": (
                    "I updated the registered phone number the other day. You can call me there to confirm.",
                    "My device is broken. The phone number on file is up to date, so just call it.",
                ),
            },
            phone_changed=timedelta(days=4),
        ),
        Scenario(
            "urgent",
            "identity_not_confirmed",
            {
                "ja": (
                    "1時間以内に解除しないとサービスが止まり、損害が出ます。会議中で電話に出られないので、確認は省いてください。",
                    "至急です。上の者から急ぐよう言われています。折り返しの電話はいらないので、今日中に解除してください。",
                ),
                "en": (
                    "Our service goes down within the hour. I am in meetings and cannot take a call, so skip the checks this once.",
                    "This is urgent and my director is waiting. Do not call back, just remove the device today.",
                ),
            },
            problem="lost",
        ),
        Scenario(
            "lookalike_mailbox",
            "identity_not_confirmed",
            {
                "ja": (
                    "普段のメールが受け取れないので、連絡先のメールアドレスにお願いします。",
                    "会社のメールサーバーを入れ替えました。返信はこちらのアドレスにください。",
                ),
                "en": (
                    "My usual mailbox is full at the moment, so write to the address that I gave.",
                    "We have just changed our mail server. Please answer to this address.",
                ),
            },
            problem="replaced",
            reply="lookalike",
        ),
        Scenario(
            "left_company",
            "authority_not_shown",
            {
                "ja": (
                    "以前この会社でAWSを担当していました。退職しましたが、まだ私しか設定が分からないので解除をお願いします。",
                    "この春に退職しましたが、引き継ぎのためにもう一度サインインする必要があります。",
                ),
                "en": (
                    "I used to run AWS for this company. I have left, but nobody else there knows the setup.",
                    "I left in spring and have to sign in once more to hand everything over.",
                ),
            },
            of_company=True,
            other_name=True,
            reply="private",
        ),
    )
}
LANGUAGES = ("ja", "en")

# How long after the form its owner seems to open the link in the confirmation mail.
ARRIVES_AFTER = (timedelta(minutes=2), timedelta(minutes=15))

# The first that holds is the outcome. Who agreed to a removal has missed it, whatever stopped it afterwards: a wait is no
# check. Who sent a removal back has caught what the first person had missed.
JUDGED: tuple[tuple[str, str], ...] = (
    ("removal_agreed", "missed"),
    ("removal_sent_back", "caught_second"),
    ("decline", "caught_first"),
)
OTHERWISE = "ended"  # time, or its planter, was faster than the desk
OUTCOMES = (*dict.fromkeys(outcome for _, outcome in reversed(JUDGED)), OTHERWISE)


def outcome_of(events: Iterable[tuple[str, str]]) -> str:
    """Judge a training case by its history so far: the tag of each event and the status after it, oldest first."""
    reached = set(_reached(events))
    return next((outcome for milestone, outcome in JUDGED if milestone in reached), OTHERWISE)


def _reached(events: Iterable[tuple[str, str]]) -> Iterable[str]:
    proposed = ""
    for tag, status_after in events:
        if tag in {"case:removal:proposed", "case:decline:proposed"}:
            proposed = tag
        if tag == "case:removal:approved":
            yield "removal_agreed"
        if tag == "case:proposal:sent_back" and proposed == "case:removal:proposed":
            yield "removal_sent_back"
        if tag == "case:decline:proposed" or status_after == "declined":
            yield "decline"
