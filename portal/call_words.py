"""What is said on a call that asks for digits, in one table; a notice has words of its own, see spoken.py.

Nothing here knows the digits: they are on a screen, and what is said is heard by whoever picks up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal import spoken
from portal.casework.answering import Spoken
from portal.models import Account, Case, PhoneCall, SelfService, Staff
from portal.runtime import Runtime
from portal.spoken import BETWEEN_DIGITS, MOMENTS, Said
from portal.written_times import local

_FROM = {
    "ja": "{service} サポート窓口からの、自動音声の電話です。",
    "en": "This is an automated call from {service} support.",
}
_ASK = {
    "ja": (
        "心当たりのない場合は、9 を押して、そのままお待ちください。"
        "ご自身の手続きであれば、{screen}に表示されている 6 桁の数字を、電話機のキーで入力してください。"
        "だれかから聞いた数字は、決して入力しないでください。数字を伝えてくる人は、アカウントを乗っ取ろうとしています。"
    ),
    "en": (
        "If this was not you, press 9 and wait. "
        "If it was you, key in the 6 digits that {screen} shows. "
        "Never key in digits that somebody tells you: whoever tells you digits is trying to take over the account."
    ),
}
JOINED = "joined"  # the opening of a call-back that leads to an agent
# What follows where the called person is connected to an agent after the right digits.
_JOINED = {
    "ja": (
        "数字を確認できましたら、サポート担当者におつなぎします。担当者は、はじめに 2 つの言葉をお伝えします。"
        "リクエストの状況の画面に表示されている 2 つの言葉と異なる場合は、電話を切ってください。"
    ),
    "en": (
        "When the digits are right, we connect you to a member of our team. They first say two words. "
        "If these are not the two words that the status page of the request shows, hang up."
    ),
}
_SCREEN = {"ja": "お手元の画面", "en": "your screen"}
_STATUS_PAGE = {"ja": "リクエストの状況の画面", "en": "the status page of the request"}

_REQUEST = {
    "ja": (
        "{filed_at}に受け付けた、アカウント ID の末尾が {ending} のアカウントの MFA 解除リクエストについて、お電話しています。"
        "受付番号は {reference}、返信先のメールアドレスの最初の文字は {initial} です。"
    ),
    "en": (
        "It is about a request to remove MFA from the account whose number ends in {ending}, received on {filed_at}. "
        "Its receipt number is {reference}, and the address for replies begins with {initial}."
    ),
}

# What each kind of call says first, by language: what is being approved.
ABOUT: Mapping[str, Mapping[str, str]] = {
    "proof": {
        "ja": "アカウント ID の末尾が {ending} のアカウントの、MFA デバイス「{device}」を無効にする手続きが行われています。",
        "en": "Somebody is about to remove the MFA device “{device}” from the account whose number ends in {ending}.",
    },
    "check": _REQUEST,
    "callback": _REQUEST,
    "new_number": {
        "ja": "アカウント ID の末尾が {ending} のアカウントに、この電話番号を登録する手続きが行われています。",
        "en": "Somebody is about to register this phone number for the account whose number ends in {ending}.",
    },
}
SCREENS: Mapping[str, Mapping[str, str]] = {
    "proof": _SCREEN,
    "check": _STATUS_PAGE,
    "callback": _STATUS_PAGE,
    "new_number": _SCREEN,
}

# What is said after that. `again` follows silence.
PHRASES: Mapping[str, Mapping[str, str]] = {
    "again": {
        "ja": "{screen}に表示されている 6 桁の数字を入力してください。心当たりのない場合は、9 を押して、お待ちください。",
        "en": "Key in the 6 digits that {screen} shows. If this was not you, press 9 and wait.",
    },
    "right": {
        "ja": "確認できました。電話を切って、画面に戻ってください。",
        "en": "The digits are right. You can hang up and go back to your screen.",
    },
    "connecting": {
        "ja": (
            "確認できました。サポート担当者におつなぎします。担当者がはじめにお伝えする 2 つの言葉を、画面の言葉と比べてください。"
            "異なる場合は、電話を切ってください。担当者がパスワードや認証コードをお聞きすることはありません。"
        ),
        "en": (
            "The digits are right. We are connecting you to a member of our team. Compare the two words that they say first "
            "with your screen. If they differ, hang up. Our staff never ask for your password or codes."
        ),
    },
    "not_reached": {
        "ja": "担当者が電話に出られませんでした。入力された数字は確認できています。電話を切って、画面に戻ってください。",
        "en": "Nobody on our team could take the call. Your digits were right and count. Hang up and go back to your screen.",
    },
    "wrong": {
        "ja": (
            "数字が一致しません。{screen}に表示されている 6 桁の数字を、もう一度入力してください。"
            "心当たりのない場合は、9 を押して、お待ちください。"
        ),
        "en": (
            "The digits did not match. Key in the 6 digits that {screen} shows once more. "
            "If this was not you, press 9 and wait."
        ),
    },
    "wrong_goodbye": {
        "ja": "数字が一致しなかったため、この電話を終わります。もう一度電話を受けるには、画面で操作してください。",
        "en": "The digits did not match, so this call ends now. You can ask for another call on your screen.",
    },
    "stopped": {
        "ja": (
            "お知らせいただき、ありがとうございます。手続きを止めました。"
            "アカウントのパスワードを変更してください。これで電話を終わります。"
        ),
        "en": (
            "Thank you for telling us. We have stopped this. "
            "Change the password of the account. This call ends now."
        ),
    },
    "noted": {  # 9 on a call for a notice: what it told of may have happened already
        "ja": (
            "お知らせいただき、ありがとうございます。担当者が確認します。"
            "アカウントのパスワードを変更してください。これで電話を終わります。"
        ),
        "en": (
            "Thank you for telling us. Our team will look into it. "
            "Change the password of the account. This call ends now."
        ),
    },
    "expired": {
        "ja": "この数字の有効期限が切れています。もう一度電話を受けるには、画面で操作してください。これで電話を終わります。",
        "en": "These digits no longer work. You can ask for another call on your screen. This call ends now.",
    },
    "goodbye": {
        "ja": "これで電話を終わります。",
        "en": "This call ends now.",
    },
}


# What the agent hears who picks up the desk phone, before anybody is connected.
TO_AGENT: Mapping[str, str] = {
    "ja": (
        "{service} です。受付番号 {reference} の折り返しの電話です。数字は確認できました。"
        "つながったら、はじめに、ケースの画面に表示されている 2 つの言葉をお伝えください。つなぐには 1 を押してください。"
    ),
    "en": (
        "{service}: the call-back for receipt number {reference}. The digits were right. "
        "When you are connected, first say the two words that the case page shows. Press 1 to be connected."
    ),
}


def said(runtime: Runtime, session: Session, now_said: Spoken) -> tuple[Said, ...]:
    """The words for what is said next, in the language of the call; a notice may come in two. In an application context."""
    if now_said.say == "agent":
        return (to_agent(runtime, session, now_said.call),)
    if now_said.say == "notice":
        return spoken.of_call(runtime, session, now_said.call, now_said.params)
    return (phrase(runtime, session, now_said.call, now_said.say),)


def phrase(runtime: Runtime, session: Session, call: PhoneCall, key: str) -> Said:
    """The opening of a call that asks for digits, or one of PHRASES."""
    language = call.language
    screen = SCREENS.get(call.kind, _SCREEN)[language]
    if key in PHRASES:
        return Said(language, PHRASES[key][language].format(screen=screen))
    more = (_JOINED[language],) if key == JOINED else ()
    pattern = BETWEEN[language].join((_FROM[language], ABOUT[call.kind][language], _ASK[language], *more))
    facts = _facts(runtime, session, call)
    return Said(language, pattern.format(screen=screen, **facts))


def to_agent(runtime: Runtime, session: Session, call: PhoneCall) -> Said:
    """What the agent is told, in their own language: which case this is, and nothing of the person called."""
    language = session.get_one(Staff, call.staff_id).language
    reference = session.get_one(Case, call.case_id).reference.replace("-", "")
    facts = {"service": runtime.settings.service_name, "reference": BETWEEN_DIGITS[language].join(reference)}
    return Said(language, TO_AGENT[language].format(**facts))


BETWEEN = {"ja": "", "en": " "}


def _facts(runtime: Runtime, session: Session, call: PhoneCall) -> dict[str, Any]:
    """What tells whoever picks up which account, device or request this is about, said so that it can be compared."""
    between = BETWEEN_DIGITS[call.language]
    account = session.get_one(Account, call.account_id)
    known = {"service": runtime.settings.service_name, "ending": between.join(account.number[-4:])}
    if call.self_service_id:
        attempt = session.get_one(SelfService, call.self_service_id)
        known["device"] = attempt.device_label or ""
    if call.case_id:
        case = session.get_one(Case, call.case_id)
        reply = runtime.vault.open(session, case.subject_id, case, "reply_email") or ""
        known["reference"] = between.join(case.reference.replace("-", ""))
        known["filed_at"] = MOMENTS[call.language](local(case.created_at))
        known["initial"] = reply[:1].upper()
    return known
