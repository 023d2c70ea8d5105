import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.names import SAMENESS, mask_name, matching_key, same_name, search_parts
from tests.domain.steady import steady

IVS = "\U000e0100"
KAMI = "\ufa19"  # 神 as a compatibility ideograph: another character than 神 U+795E

names = st.text(
    alphabet=st.one_of(
        st.sampled_from("髙高﨑崎德徳邊辺山田太郎やまだたろうヤマダﾔﾏﾀﾞー・ 　ａＡéßİ'-" + KAMI + IVS),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("山田 太郎", "山田太郎"),
        ("山田　太郎", "山田 太郎"),
        (" 山田  太郎 ", "山田 太郎"),
        ("Taro Yamada", "TARO YAMADA"),
        ("Ｔａｒｏ Ｙａｍａｄａ", "Taro Yamada"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("Straße", "STRASSE"),
        ("髙﨑", "髙﨑"),
        ("O'Brien", "o'brien"),
        ("Ｏ", "o"),
    ],
)
def test_width_case_and_spaces_make_no_other_name(one, other):
    assert same_name(one, other) == "exact"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙﨑 德子", "高崎 徳子"),
        (KAMI, "神"),
        ("\ufa10", "塚"),
        (f"辻{IVS}", "辻"),
        ("渡邊", "渡辺"),
        ("渡邉", "渡邊"),
        ("𠮷田", "吉田"),
        ("太郎 山田", "山田 太郎"),
        ("太郎 山田", "山田太郎"),
        ("Yamada, Taro", "Taro Yamada"),
        ("Taro Yamada", "YAMADA TARO"),
        ("やまだ たろう", "ヤマダ タロウ"),
        ("やまだ たろう", "ﾀﾛｳ ﾔﾏﾀﾞ"),
        ("セーラ・ミュラー", "ミュラー セーラ"),
        ("Müller", "Muller"),
        ("O’Brien", "OBrien"),
        ("Jean-Pierre Martin", "Martin Jean Pierre"),
        ("María José García", "Garcia Maria Jose"),
    ],
)
def test_variants_kana_order_and_accents_make_a_relaxed_match(one, other):
    assert same_name(one, other) == "relaxed"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", ""),
        ("", "山田"),
        ("   ", "　"),
        ("・", "・"),
        ("山田 太郎", "山田 次郎"),
        ("斎藤", "斉藤"),
        ("がく", "かく"),
        ("ハ", "パ"),
        ("セーラ", "セラ"),
        ("山田", "山田太郎"),
        ("Taro", "Tarou"),
        ("山田 太郎", "Taro Yamada"),
    ],
)
def test_other_names_and_empty_ones_are_different(one, other):
    assert same_name(one, other) == "different"


@steady
@given(names, names)
def test_sameness_does_not_depend_on_who_comes_first(one, other):
    assert same_name(one, other) == same_name(other, one) in SAMENESS


@steady
@given(names)
def test_every_name_that_has_letters_equals_itself(name):
    assert same_name(name, name) == ("exact" if matching_key(name) else "different")


@steady
@given(names)
def test_folding_twice_changes_nothing_more(name):
    assert matching_key(matching_key(name)) == matching_key(name)


@steady
@given(names)
def test_comparing_sees_no_difference_that_normalising_made(name):
    # A register that was imported through another program may hold NFC or NFKC.
    assert matching_key(unicodedata.normalize("NFC", name)) == matching_key(name)


@pytest.mark.parametrize("query", ["山田", "太郎", "山田太郎", "太郎 山田", "山田　太郎", "太", "ﾔﾏﾀﾞ"])
def test_a_name_is_found_whole_by_part_in_any_order(query):
    terms = search_parts("山田 太郎") + search_parts("やまだ たろう")

    assert (matching_key(query) in terms) is (query != "太")


@pytest.mark.parametrize("query", ["ta", "YA", "taro", "Yamada Taro"])
def test_a_latin_name_is_found_by_its_first_two_letters(query):
    assert matching_key(query) in search_parts("Taro Yamada")


@pytest.mark.parametrize(
    ("stored", "query"), [("髙﨑徳子", "高崎"), ("高崎徳子", "髙﨑"), ("髙﨑徳子", "高崎徳子")]
)
def test_a_name_without_a_space_is_found_by_its_first_two_characters_in_any_variant(stored, query):
    assert matching_key(query) in search_parts(stored)


def test_names_of_many_parts_make_few_terms():
    assert len(search_parts("Pablo Diego José Francisco de Paula Juan Nepomuceno")) < 20


@pytest.mark.parametrize("nothing", ["", "  ", "・", "'"])
def test_nothing_is_found_by_no_name(nothing):
    assert search_parts(nothing) == ()


@steady
@given(names)
def test_search_terms_are_never_empty_or_double(name):
    terms = search_parts(name)

    assert "" not in terms
    assert len(terms) == len(set(terms))


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("山田 太郎", "山*** 太***"),
        ("山田太郎", "山***"),
        ("Hanako Suzuki", "H*** S***"),
        ("李 明", "*** ***"),
        ("O'Brien", "O***"),
        (f"辻{IVS}元", f"辻{IVS}***"),
        (f"辻{IVS}", "***"),
        ("か\u3099く", "か\u3099***"),
        ("𠮷田", "𠮷***"),
        ("", ""),
    ],
)
def test_a_masked_name_shows_one_character_and_no_length(name, masked):
    assert mask_name(name) == masked


@steady
@given(names)
def test_a_masked_name_never_shows_a_whole_part(name):
    shown = mask_name(name).split()

    assert not set(shown) & {part for part in name.split() if "*" not in part}
