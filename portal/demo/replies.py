"""What a demo desk writes: its first reply templates, the same in both languages, and a conversation."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import timedelta

from portal.casework import messages, templates
from portal.casework.message_drafts import Words
from portal.demo.deeds import Part
from portal.demo.staff import COLLEAGUES
from portal.demo.stage import Stage
from portal.domain.lifecycle import Role
from portal.models import Case

PAUSE = timedelta(minutes=20)

# language -> (name, subject, message); what stands in { } is filled by the desk or by hand
STARTERS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "ja": (
        (
            "折り返しの電話の日時",
            "お電話の日時について",
            "{日時}ごろ、ご登録の電話番号に担当者からお電話いたします。\n\n"
            "ご都合が悪い場合は、下記のページでご希望の日時をお知らせください。\n"
            "お電話でパスワードや認証コードをお聞きすることはありません。",
        ),
        (
            "書類の不足",
            "書類についてのお願い",
            "お送りいただいた書類を確認いたしました。\n\n"
            "恐れ入りますが、{書類名}が不足しています。{期限}までにご用意ください。\n"
            "ご用意が難しい場合は、下記のページからご相談ください。",
        ),
        (
            "書類の確認済み",
            "書類を確認しました",
            "{書類名}を確認いたしました。ありがとうございます。\n\n"
            "現在、お客様にしていただくことはありません。次のご案内までお待ちください。",
        ),
        (
            "確認に時間がかかる場合",
            "確認にお時間をいただいています",
            "本人確認に通常よりお時間をいただいており、申し訳ございません。\n\n"
            "{見込み}までに、あらためてご連絡いたします。\n受付時間：{受付時間}",
        ),
        (
            "待機期間の理由",
            "待機期間について",
            "MFA デバイスを無効にする前に、必ず待機期間を設けています。ご登録のすべての連絡先にお知らせし、"
            "心当たりのない方が止められるようにするためです。\n\n"
            "お急ぎのところ申し訳ございませんが、期間の短縮はいたしかねます。",
        ),
        (
            "無効化後の手順",
            "新しい MFA デバイスの登録について",
            "MFA デバイスの無効化が終わりましたら、すぐに新しい MFA デバイスを登録してください。\n\n"
            "2 台目の登録と、リカバリーコードの保管もおすすめします。\n受付番号は {受付番号} です。",
        ),
    ),
    "en": (
        (
            "When we will call",
            "About our call",
            "We will call the registered phone number at about {time}.\n\n"
            "If that does not suit you, choose another time on the page below.\n"
            "We never ask for your password or codes on a call.",
        ),
        (
            "A document is missing",
            "About your documents",
            "Thank you for the documents that you sent.\n\n"
            "{name of the document} is missing. Send it by {due}.\n"
            "If that is difficult, write to us on the page below.",
        ),
        (
            "Documents checked",
            "We have checked your documents",
            "We have checked {name of the document}. Thank you.\n\n"
            "You do not need to do anything now. We will write to you when there is news.",
        ),
        (
            "Checks take longer",
            "Our checks take longer than usual",
            "We are sorry that checking your identity takes longer than usual.\n\n"
            "We will write to you again by {expected date}.\nOur hours: {support hours}.",
        ),
        (
            "Why there is a waiting period",
            "About the waiting period",
            "Before an MFA device is turned off there is always a waiting period. All registered contacts are told, so that "
            "whoever did not ask for this can stop it.\n\n"
            "We know that this is hard when you are in a hurry, but we cannot make it shorter.",
        ),
        (
            "After the deactivation",
            "Registering a new MFA device",
            "As soon as your MFA device is turned off, register a new one.\n\n"
            "We suggest that you register a second device too, and keep your recovery codes.\n"
            "Your receipt number is {receipt number}.",
        ),
    ),
}


# What is said in the story of a conversation: by the owner, in reply, in a note for colleagues, and by the owner again.
SAID: Mapping[str, tuple[str, Words, str, str]] = {
    "ja": (
        "明日から出張ですが、お電話は携帯電話でも受けられますか。",
        Words(
            "お電話の番号について",
            "お電話は、ご登録の番号にだけおかけしています。\n\n"
            "ご出張の前でしたら、本日の夕方におかけできます。ご都合をお知らせください。",
        ),
        "携帯への架電を希望。登録番号以外にはかけないと伝えた。文面に不自然な点はなし。",
        "本日の 17:00 以降でお願いします。",
    ),
    "en": (
        "I travel tomorrow. Can you call my mobile phone?",
        Words(
            "About the number that we call",
            "We call the registered number only.\n\n"
            "We can call this evening, before you leave. Let us know when it suits you.",
        ),
        "Asked to be called on a mobile. Told them that we call the registered number only. Nothing odd in the tone.",
        "After 5pm today, if you can.",
    ),
}


def say(part: Part, case_id: str) -> Generator[timedelta, None, None]:
    """The owner asks, is answered, and writes back; whoever has the case leaves a note for colleagues."""
    stage, verifier = part.stage, part.crew.verifier
    question, answer, note, thanks = SAID[part.human.language]
    messages.receive(stage.owner(part.human), _now(part, case_id), question)
    yield PAUSE
    messages.reply(stage.staff(verifier), case_id, _now(part, case_id).version, answer)
    messages.note(stage.staff(verifier), case_id, _now(part, case_id).version, note)
    yield PAUSE
    messages.receive(stage.owner(part.human), _now(part, case_id), thanks)


def _now(part: Part, case_id: str) -> Case:
    return part.stage.session.get_one(Case, case_id, populate_existing=True)


def keep_templates(stage: Stage) -> None:
    """Have the lead of each language write down those of hers."""
    for language, found in STARTERS.items():
        lead = next(
            one.key for one in COLLEAGUES.values() if (one.role, one.language) == (Role.LEAD, language)
        )
        for name, subject, body in found:
            templates.create(stage.staff(lead), language, name, subject, body)
