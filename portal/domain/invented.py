"""People, accounts and mailboxes that do not exist, made up by chance, so that nobody knows a training case again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from portal.domain.training import Scenario

_FAMILIES = """
    秋山 アキヤマ Akiyama|安藤 アンドウ Ando|今井 イマイ Imai|上野 ウエノ Ueno|大塚 オオツカ Otsuka|小川 オガワ Ogawa
    片山 カタヤマ Katayama|川口 カワグチ Kawaguchi|菊地 キクチ Kikuchi|久保 クボ Kubo|小島 コジマ Kojima|桜井 サクライ Sakurai
    島田 シマダ Shimada|菅原 スガワラ Sugawara|高木 タカギ Takagi|谷口 タニグチ Taniguchi|中野 ナカノ Nakano|西田 ニシダ Nishida
    野村 ノムラ Nomura|平野 ヒラノ Hirano|増田 マスダ Masuda|水野 ミズノ Mizuno|宮崎 ミヤザキ Miyazaki|森田 モリタ Morita
    矢野 ヤノ Yano|横山 ヨコヤマ Yokoyama
"""
_GIVEN = """
    愛 アイ Ai|彰 アキラ Akira|綾子 アヤコ Ayako|英樹 ヒデキ Hideki|純子 ジュンコ Junko|健 ケン Ken
    浩二 コウジ Koji|真理 マリ Mari|雅人 マサト Masato|美穂 ミホ Miho|直美 ナオミ Naomi|玲 レイ Rei
    里奈 リナ Rina|悟 サトル Satoru|慎一 シンイチ Shinichi|大輔 ダイスケ Daisuke|友香 トモカ Tomoka|陽子 ヨウコ Yoko
    祐介 ユウスケ Yusuke|義男 ヨシオ Yoshio
"""
_ENGLISH_FAMILIES = (
    "Abbott|Bennett|Carver|Dawson|Ellery|Farrow|Gibbs|Holm|Keane|Lovell|Marsh|Norris|Palmer|Rowe|Stone|Vance"
)
_ENGLISH_GIVEN = "Alice|Brian|Clara|Derek|Edith|Frank|Gloria|Henry|Iris|Jack|Karen|Leon|Maria|Neil|Paula|Robert|Susan|Victor"
# A mail host and one that a hurried reader takes for it.
_HOSTS = (
    ("minato-mail", "minato-rnail"),
    ("hikari-home", "hikari-horne"),
    ("kaze-letter", "kaze-1etter"),
    ("aoba-post", "aoba-p0st"),
)
_COMPANIES: tuple[tuple[str, str, tuple[str, str]], ...] = (
    ("株式会社まこと商会", "Makoto Trading Co., Ltd.", ("makoto-trading", "makoto-tradlng")),
    ("みらい設計合同会社", "Mirai Design LLC", ("mirai-design", "mirai-deslgn")),
    ("有限会社ひので製作所", "Hinode Works Ltd.", ("hinode-works", "hinode-vvorks")),
    ("ふたば運送株式会社", "Futaba Transport Inc.", ("futaba-transport", "futaba-transp0rt")),
)
_TOWNS = (("桜台", "Sakuradai"), ("港町", "Minatomachi"), ("朝日が丘", "Asahigaoka"), ("中央", "Chuo"))
_LINES = ("+8190", "+8170")
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
)


@dataclass(frozen=True)
class Person:
    name: str
    kana: str | None
    latin_name: str | None

    @property
    def mailbox(self) -> str:
        """What of the name stands before the @."""
        return (self.latin_name or self.name).lower().replace(" ", ".")


@dataclass(frozen=True)
class Story:
    """Everything that is invented for one case: what the register holds, and what the form says."""

    language: str
    holder: Person
    organisation: str | None
    account_number: str
    mailbox: str
    second_mailbox: str
    phone: str
    earlier_phone: str | None  # replaced by the one above
    address: str
    known_for: timedelta  # since when the register has the account
    typed: Person
    reply: str
    detail: str
    network: str
    browser: str


def invent(scenario: Scenario, language: str, draw: Random, domain: str = "example") -> Story:
    """Make a story up. Nothing in it belongs to anybody: reserved domains, numbers that no carrier gives out, a network
    that no visitor comes from."""
    holder = _person(language, draw)
    typed = _somebody_else(holder, language, draw) if scenario.other_name else holder
    company = draw.choice(_COMPANIES) if scenario.of_company else None
    host, false_host = company[2] if company else draw.choice(_HOSTS)
    box = f"{holder.mailbox}{draw.randrange(100, 1000)}"
    mailbox = f"{box}@{host}.{domain}"
    replies = {
        "own": mailbox,
        "lookalike": f"{box}@{false_host}.{domain}",
        "private": f"{typed.mailbox}{draw.randrange(100, 1000)}@{draw.choice(_HOSTS)[0]}.{domain}",
    }
    return Story(
        language=language,
        holder=holder,
        organisation=(company[0] if language == "ja" else company[1]) if company else None,
        account_number=f"{draw.randrange(10**11, 10**12)}",
        mailbox=mailbox,
        second_mailbox=f"{box}.backup@{draw.choice(_HOSTS)[0]}.{domain}",
        phone=_phone(draw),
        earlier_phone=_phone(draw) if scenario.phone_changed else None,
        address=_address(language, draw),
        known_for=timedelta(days=draw.randrange(200, 1500), minutes=draw.randrange(24 * 60)),
        typed=typed,
        reply=replies[scenario.reply],
        detail=draw.choice(scenario.details[language]),
        # RFC 6598: used inside carriers' networks, never by a visitor from the Internet
        network=f"100.{draw.randrange(64, 128)}.{draw.randrange(256)}.{draw.randrange(1, 255)}",
        browser=draw.choice(_BROWSERS),
    )


def _person(language: str, draw: Random) -> Person:
    if language != "ja":
        name = f"{draw.choice(_ENGLISH_GIVEN.split('|'))} {draw.choice(_ENGLISH_FAMILIES.split('|'))}"
        return Person(name, None, name)
    family, given = draw.choice(_words(_FAMILIES)), draw.choice(_words(_GIVEN))
    return Person(f"{family[0]} {given[0]}", f"{family[1]} {given[1]}", f"{given[2]} {family[2]}")


def _words(table: str) -> list[list[str]]:
    return [entry.split() for line in table.split("\n") for entry in line.strip().split("|") if entry]


def _somebody_else(holder: Person, language: str, draw: Random) -> Person:
    while (other := _person(language, draw)).name == holder.name:
        pass
    return other


def _phone(draw: Random) -> str:
    # behind the prefix of a mobile network no number that begins with 0 is ever given out
    return f"{draw.choice(_LINES)}0000{draw.randrange(10_000):04}"


def _address(language: str, draw: Random) -> str:
    town, numbers = draw.choice(_TOWNS), f"{draw.randrange(1, 9)}-{draw.randrange(1, 30)}"
    if language == "ja":
        return f"〒000-0000\n見本県例市{town[0]} {numbers}"
    return f"{numbers} {town[1]}, Rei-shi\nMihon 000-0000\nJapan"
