"""Which charset unlabelled bytes are in, told by the everyday characters they give.

The same bytes are often valid in several charsets, but only the right one gives
everyday characters: a few make up most of any real text, and hardly any of a wrong one.
What this cannot tell is left to charset-normalizer.
"""

from __future__ import annotations

from charset_normalizer import from_bytes

_SIMPLIFIED = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下"
    "过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都"
    "两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重"
    "新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想"
    "已通并提直题程展五果料员位入常文总次品式活设及管特件长求老基资路级统接知将组见计别手期论运"
    "指区强放做必先回则任取据处给色门即保造规热领海口东导器世金交受联认六共权收证改清美再转更单"
    "打白教带安场身车务具万每目至达议声报完类名确才科信节话整空元今集传许步广记需研您请谢贵司环"
)
_TRADITIONAL = frozenset(
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下"
    "過子說產種面而方後多定行學法所民得經十三之進著等部度家電力裡如水化高自二理起小物現實加量都"
    "兩體制機當使點從業本去把性好應開它合還因由其些然前外天政四日那社義事平形相全表間樣與關各重"
    "新線內數正心反你明看原又麼利比或但質氣第向道命此變條只沒結解問意建月公無系很情者最立代想已"
    "通並提直題程展果料員位入常文總次品式活設及管特件長求資路接知將組見計別期論運請您謝貴敬信訊"
    "客戶服務訂單聯絡"
)
_KOREAN = frozenset(
    "이다는의을에가를은하고한지도로서사자기아니해있어대인리시나그것과들일정수만라주전부여보제상원"
    "안요습면간우선장무스게신공용비구동세소성경생연문내국계년방식화되된할위중교조관실오등까분행명"
    "회미개물민적학운영당드메녕하십감름번호확입변경약관림"
)
_KANA = frozenset(map(chr, range(0x3041, 0x30FF)))

_RUSSIAN = frozenset("оеаинтсрвлкм")
_GREEK = frozenset("αοιετσηνυρκπ")
_HEBREW = frozenset("יוהלאתרמבשנד")

_EAST_ASIAN = {
    "euc_jp": _KANA,
    "cp932": _KANA,
    "gb18030": _SIMPLIFIED,
    "big5hkscs": _TRADITIONAL,
    "cp949": _KOREAN,
}
_ALPHABETS = {
    "cp1251": _RUSSIAN,
    "koi8_r": _RUSSIAN,
    "cp866": _RUSSIAN,
    "cp1253": _GREEK,
    "cp1255": _HEBREW,
}
_ENOUGH = 0.25
_FEWEST = 4

# For the detector to choose from. East Asian ones are not among them: it takes short
# western and Cyrillic words for half-width katakana.
_CANDIDATES = [
    *("cp1252", "cp1251", "koi8_r", "cp1250", "iso8859_2", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "cp1257", "cp874", "cp866"),
]
# Latin alphabets whose letters differ from the western ones in a few places only.
_LIKE_CP1252 = frozenset({"cp1250", "iso8859_2", "cp1254", "cp1257"})
_CLOSE_CHAOS = 0.02
_SAMPLE_BYTES = 4096


def guess_codec(sample: bytes) -> str:
    """The most likely codec of 8-bit bytes that are not UTF-8; empty when unsure."""
    rows = [row for row in sample.split(b"\n") if not row.isascii()]
    text = b"\n".join(rows)[:_SAMPLE_BYTES]
    if not text:
        return ""
    if codec := _guess_east_asian(text):
        return codec
    matches = from_bytes(text, cp_isolation=_CANDIDATES, steps=3, threshold=0.4)
    best = matches.best()
    if best is None:
        return ""
    if best.encoding in _ALPHABETS:
        return max(_ALPHABETS, key=lambda codec: _count_everyday(text, codec))
    if best.encoding in _LIKE_CP1252:
        # Few bytes tell these apart by accident; most of such mail is western.
        for match in matches:
            is_close = match.chaos <= best.chaos + _CLOSE_CHAOS
            if match.encoding == "cp1252" and is_close:
                return "cp1252"
    return best.encoding


def _guess_east_asian(data: bytes) -> str:
    """The East Asian codec that gives everyday text; empty when none does."""
    best, best_share = "", _ENOUGH
    for codec, everyday in _EAST_ASIAN.items():
        # The sample may end within a character.
        text = data.decode(codec, "ignore")
        letters = [c for c in text if c > "\u02ff"]
        if len(letters) < _FEWEST or len(text.encode(codec)) + 1 < len(data):
            continue
        share = sum(1 for c in letters if c in everyday) / len(letters)
        if share > best_share:
            best, best_share = codec, share
    return best


def _count_everyday(data: bytes, codec: str) -> int:
    """How many letters are those that the language of this codec uses most."""
    everyday = _ALPHABETS[codec]
    return sum(1 for c in data.decode(codec, "ignore").lower() if c in everyday)
