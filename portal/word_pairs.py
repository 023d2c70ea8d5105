"""Two words by which a called person recognises the agent whom the portal has just connected them to.

They are derived from the call, so nothing is stored and none comes twice to mean anything; whoever knows the request knows
nothing of them. Everyday words of one meaning, in Japanese as they are spoken, so that they are heard right on a bad line.
"""

from __future__ import annotations

from collections.abc import Mapping

from portal.vault import Vault

_JA = """
    あおぞら あさひ あじさい あひる あまがさ あまのがわ あんず いかだ いずみ いちご いちょう
    いねかり いるか うぐいす うさぎ うちわ うみべ うめぼし うんどうかい えきべん えだまめ
    えのぐ えほん えんがわ えんそく えんぴつ おちば おてだま おにぎり おはじき おひさま
    おみやげ おもちゃ おりがみ おんがく おんせん かいがら かえで かがみ かきごおり かざぐるま
    かたつむり かばん かぶと かぼちゃ かもめ からあげ かるた かわせみ きつつき きつね きのこ
    きびだんご きりん きんぎょ きんもくせい ぎんなん くじら くすのき くだもの くつした
    くりごはん くるみ くわがた けしごむ けやき けんだま こいぬ こいのぼり こうちゃ こおろぎ
    こすもす こたつ こだま ことり こねこ こむぎ こもれび さかな さくら ささのは さざなみ
    さつまいも さとう さとやま さんりんしゃ しいたけ しおさい しおり しずく しまうま しろくま
    しんかんせん しんじゅ じてんしゃ じゃがいも じょうろ すいか すいせん すごろく すずめ
    すずらん すなはま すべりだい すみれ せせらぎ せっけん せんぷうき せんべい そうじき そうめん
    そよかぜ そらまめ そろばん たいこ たいやき たからばこ たけうま たけのこ たなばた たぬき
    たまねぎ たんぽぽ だいこん ちくわ ちゃわん ちょうちょ つくし つばめ つみき つゆくさ つらら
    つりざお てぶくろ てまり てんとうむし てんぷら でんしゃ とうだい とうふ とうもろこし とけい
    とびら とまと ともだち とんかつ とんぼ どうぶつえん どんぐり ながれぼし なぎさ なっとう
    なつやすみ なでしこ なわとび にじいろ にわとり にんじん ぬいぐるみ ぬりえ のはら のりまき
    はくちょう はごろも はしご はちみつ はなび はねつき はまぐり はらっぱ はりねずみ はるかぜ
    はんかち ばなな ひいらぎ ひこうき ひしもち ひつじ ひなた ひなまつり ひのき ひばり ひまわり
    ひょうたん ひよこ ふうせん ふきのとう ふくろう ふでばこ ふとん ふゆぞら ふろしき ぶどう
    ぶらんこ へちま べんとう ほうせき ほうれんそう ほおずき ほしぞら ほたる ぼうし ぼたん
    まぐろ まつたけ まどべ まねきねこ まほうびん まめまき まんげつ みかづき みかん みこし
    みずうみ みずたま みそしる みちしるべ みつば みなと みみずく むかしばなし むぎちゃ むらさき
    めがね めざまし めだか めろん もちつき もなか もみじ もめん やきいも やじろべえ やまびこ
    ゆうひ ゆうやけ ゆかた ゆきだるま ゆりかご ようかん よこぶえ よぞら よもぎ よりみち らくだ
    らっこ らんぷ りぼん りょかん りんご りんどう れんげ れんこん わかめ わたあめ わりばし
"""
_EN = """
    acorn almond amber anchor apple apricot apron arch aspen autumn badge bagel balcony balloon bamboo
    banjo barley basil basket beacon bean bell bench beetle birch biscuit blanket blossom bonnet bonsai
    bottle breeze brick bridge broom brush bubble bucket butter button cabin cactus candle canoe canvas
    caramel carpet carrot castle cedar cello chalk cherry chess chestnut chimney cinnamon clock cloud
    clover cocoa coconut copper coral cotton cradle crane crayon cricket crocus crown cuckoo cupboard
    curtain cushion daisy dolphin dove drum eagle easel envelope fabric falcon feather ferry fiddle flannel
    flute forest fossil fountain fox garden garlic gazelle giraffe ginger glacier globe glove grape
    gravel hammock harbour hazel hedge heron hill honey horizon igloo inkwell iris island ivory jacket
    jasmine jigsaw juniper kayak kettle kite kitten koala ladder lagoon lake lamp lantern lizard lavender
    leaf lemon lentil lilac linen lobster locket lotus magnet mango maple mosaic marigold meadow melon
    mint mirror moon mountain muffin mushroom mustard napkin nectar noodle notebook nutmeg oak oasis
    oatmeal ocean olive onion orchard orchid otter owl paddle palm pancake panda pansy papaya parcel
    parrot pasture peach peacock pebble pelican pencil penguin peony pyramid piano pigeon pillow pine
    planet plum poplar poppy postcard potato pottery puffin pumpkin puppet puzzle quartz quilt rabbit
    radish rainbow raisin ribbon river robin rocket rose rosemary rowan saddle saffron salmon sandal
    sapphire satchel saucer scarf seagull shell shore silk silver snow sofa sparrow spinach spoon spruce
    squirrel steeple starfish stone strawberry summer sunflower swallow swan table tulip turtle umbrella
    valley vanilla velvet village violet volcano walnut whistle willow window
"""
WORDS: Mapping[str, tuple[str, ...]] = {"ja": tuple(_JA.split()), "en": tuple(_EN.split())}


def pair(vault: Vault, call_id: str, language: str) -> tuple[str, str]:
    """The two different words of one call, in its language."""
    words = WORDS[language]
    number = int(vault.digest("call_words", call_id), 16)
    first, step = number % len(words), number // len(words) % (len(words) - 1)
    return words[first], words[(first + 1 + step) % len(words)]
