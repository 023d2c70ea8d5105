"""People who do not exist, the same ones for the same seed. Addresses lie under .example, telephone numbers are samples."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

# Family and given names as kanji, kana and Latin letters. Rare forms of a kanji are among them, because people have them.
FAMILIES = """
    佐藤 サトウ Sato|鈴木 スズキ Suzuki|髙橋 タカハシ Takahashi|田中 タナカ Tanaka|伊藤 イトウ Ito|渡邊 ワタナベ Watanabe
    山本 ヤマモト Yamamoto|中村 ナカムラ Nakamura|加藤 カトウ Kato|吉田 ヨシダ Yoshida|山田 ヤマダ Yamada|佐々木 ササキ Sasaki
    山口 ヤマグチ Yamaguchi|松本 マツモト Matsumoto|井上 イノウエ Inoue|木村 キムラ Kimura|林 ハヤシ Hayashi|清水 シミズ Shimizu
    山﨑 ヤマザキ Yamazaki|阿部 アベ Abe|池田 イケダ Ikeda|橋本 ハシモト Hashimoto|石川 イシカワ Ishikawa|前田 マエダ Maeda
    藤田 フジタ Fujita|後藤 ゴトウ Goto|齋藤 サイトウ Saito|長谷川 ハセガワ Hasegawa|村上 ムラカミ Murakami|近藤 コンドウ Kondo
    坂本 サカモト Sakamoto|遠藤 エンドウ Endo|青木 アオキ Aoki|藤井 フジイ Fujii|西村 ニシムラ Nishimura|福田 フクダ Fukuda
    太田 オオタ Ota|三浦 ミウラ Miura|岡本 オカモト Okamoto|松田 マツダ Matsuda|中川 ナカガワ Nakagawa|原 ハラ Hara
    小野 オノ Ono|竹内 タケウチ Takeuchi|金子 カネコ Kaneko|和田 ワダ Wada|中山 ナカヤマ Nakayama|東海林 ショウジ Shoji
"""
GIVEN = """
    花子 ハナコ Hanako|太郎 タロウ Taro|陽菜 ヒナ Hina|蓮 レン Ren|さくら サクラ Sakura|大翔 ヒロト Hiroto|美咲 ミサキ Misaki
    翔太 ショウタ Shota|葵 アオイ Aoi|健太 ケンタ Kenta|結衣 ユイ Yui|拓也 タクヤ Takuya|真由美 マユミ Mayumi|和也 カズヤ Kazuya
    優子 ユウコ Yuko|直樹 ナオキ Naoki|恵 メグミ Megumi|誠 マコト Makoto|由紀 ユキ Yuki|剛 ツヨシ Tsuyoshi|明美 アケミ Akemi
    隆 タカシ Takashi|久美子 クミコ Kumiko|浩 ヒロシ Hiroshi|千尋 チヒロ Chihiro|亮 リョウ Ryo|智子 トモコ Tomoko|学 マナブ Manabu
    彩 アヤ Aya|翼 ツバサ Tsubasa|麻衣 マイ Mai|俊介 シュンスケ Shunsuke|香織 カオリ Kaori|潤 ジュン Jun
    奈々 ナナ Nana|徹 トオル Toru
"""
ENGLISH_FAMILIES = (
    "Hart|Baker|Nguyen|O'Brien|García|Müller|Okafor|Silva|Kowalski|Ahmed|Patel|van der Berg|Rossi|Larsen|Dubois|Novak|"
    "Cohen|Andersson|Mbeki|Reyes|Fischer|Walsh|Singh|Costa|Jensen|Haddad|Moreau|Lindqvist|Park|Chen|Fraser|Whitlock"
)
ENGLISH_GIVEN = (
    "Olivia|Noah|Amelia|Liam|Zoë|Arjun|Chloé|Mateo|Siobhán|Omar|Ingrid|Pavel|Leila|Marcus|Anaïs|Kwame|Freya|Diego|Mei|"
    "Jonas|Priya|Samuel|Elena|Tobias|Nadia|Hugh|Renée|Ivan|Grace|Malik|Astrid|Felix"
)
# In Japanese, in English, and the name under .example.
COMPANIES = """
    株式会社みほん商会 / Mihon Trading Co., Ltd. / mihon-trading|見本電機株式会社 / Sample Electric Co., Ltd. / sample-electric
    株式会社れいじ運輸 / Reiji Transport Co., Ltd. / reiji|合同会社サンプル設計 / Sample Design LLC / sample-design
    例題システム株式会社 / Reidai Systems Inc. / reidai|有限会社見本製菓 / Mihon Confectionery / mihon-sweets
    一般社団法人れいだい協会 / Reidai Association / reidai-assoc|株式会社サンプル出版 / Sample Publishing Inc. / sample-books
"""
MAIL_HOSTS = ("mail.example", "post.example", "letter.example", "home.example")
PLACES = (
    ("青葉", "Aoba"),
    ("若葉", "Wakaba"),
    ("本町", "Honcho"),
    ("緑が丘", "Midorigaoka"),
    ("浜辺", "Hamabe"),
)
LINES = ("+8190", "+8170", "+813", "+816")
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737: documentation
BROWSERS = ("Safari on iPhone", "Chrome on Android", "Firefox on Windows", "Edge on Windows", "Safari on Mac")
# 12 digits that begin like the sample telephone numbers. Odd and no multiple of 5, so that no two people get the same.
SPREAD, NUMBERS = 61_803_399, 10**8


@dataclass(frozen=True)
class Human:
    """Somebody who does not exist. `company` is the holder of the account where it is not they themselves."""

    number: int
    language: str
    name: str
    kana: str | None
    latin_name: str
    company: str | None
    email: str
    second_email: str
    phone: str
    address: str
    account_number: str
    network: str
    browser: str


def _table(text: str, mark: str | None = None) -> tuple[tuple[str, ...], ...]:
    rows = (row for line in text.strip().splitlines() for row in line.strip().split("|"))
    return tuple(tuple(cell.strip() for cell in row.split(mark)) for row in rows)


_FAMILIES, _GIVEN, _COMPANIES = _table(FAMILIES), _table(GIVEN), _table(COMPANIES, "/")
_ENGLISH_FAMILIES, _ENGLISH_GIVEN = ENGLISH_FAMILIES.split("|"), ENGLISH_GIVEN.split("|")


def human(seed: int, number: int, *, language: str | None = None, is_company: bool = False) -> Human:
    """The person of this number. Languages are mixed unless one is asked for."""
    draw = Random(f"{seed}:{number}")
    spoken = language or ("ja" if draw.random() < 0.65 else "en")
    name, kana, latin = _name(draw, spoken)
    local, host = f"{_plain(latin)}{number}", draw.choice(MAIL_HOSTS)
    company = draw.choice(_COMPANIES) if is_company else None
    return Human(
        number=number,
        language=spoken,
        name=name,
        kana=kana,
        latin_name=latin,
        company=company[0 if spoken == "ja" else 1] if company else None,
        email=f"{local}@{company[2]}.example" if company else f"{local}@{host}",
        second_email=f"backup.{local}@{host}",
        phone=f"{draw.choice(LINES)}0000{draw.randrange(10_000):04}",
        address=_address(draw, spoken),
        account_number=f"0000{number * SPREAD % NUMBERS:08}",
        network=f"{draw.choice(NETWORKS)}.{draw.randrange(1, 255)}",
        browser=draw.choice(BROWSERS),
    )


def _name(draw: Random, language: str) -> tuple[str, str | None, str]:
    if language != "ja":
        latin = f"{draw.choice(_ENGLISH_GIVEN)} {draw.choice(_ENGLISH_FAMILIES)}"
        return latin, None, latin
    family, given = draw.choice(_FAMILIES), draw.choice(_GIVEN)
    return f"{family[0]} {given[0]}", f"{family[1]} {given[1]}", f"{given[2]} {family[2]}"


def _plain(latin: str) -> str:
    """What of a name can stand in any address."""
    letters = unicodedata.normalize("NFD", latin.lower().replace(" ", "."))
    return "".join(letter for letter in letters if letter.isascii() and (letter.isalnum() or letter == "."))


def _address(draw: Random, language: str) -> str:
    place, house = draw.choice(PLACES), "-".join(str(draw.randrange(1, 30)) for _ in range(3))
    if language == "ja":
        return f"〒100-0000\n東京都見本区{place[0]} {house}"
    return f"{house} {place[1]}, Mihon-ku\nTokyo 100-0000\nJapan"
