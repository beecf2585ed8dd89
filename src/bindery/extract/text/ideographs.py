"""How usual the characters of a text are in Chinese, Japanese or Korean, for the guess of charsets."""

from __future__ import annotations

import re
from collections import Counter

IDEOGRAPHIC = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")
"""The codecs of several bytes to a character."""
HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日"
    "军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相"
    "见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名"
    "真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市"
    "直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路"
    "记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔爱情歌曲李刘陈周黄"
    "林杰伦风雨雪花夜梦星云红青春秋冬夏恋吻泪伤忘永远孤单幸福快乐音故乡唱友谢娜邓丽君後會無期愛戀專輯國語電"
    "這個們來為時說對過發學麼沒動還進開從實無與長機關業將兩間問應戰頭體見產話內給東聲員論處義條係氣題爾別變"
    "總數報結務場許統區隊書聽達強難權設記類據邊張該規萬覺術領確傳師觀識帶導爭運劉陳黃風雲紅戀夢淚傷遠單樂"
)
SYLLABLES = frozenset(
    "이다는의가에고을한사지로기하은를자도어인아리나라서그시대해일수있들게정것보만구부여주장전과스으상비오제"
    "동조공소적성면원위신용무선경우생실개당문연심강유물모간분재국세학말치년안영번음교김박최노래사랑마트너"
    "내없때까했었던같와니까운저요네계진관통화방후중반민식발거결단방회체작행명산님봄날밤별달빛꿈눈물비바람"
    "길집손몸곳더또못왜잘참꼭다시처럼에게엔데든듯듣열양럽며미법북불태러레르려력련"
)
_KANA = re.compile("[\u3041-\u30fe]")
_COMMON_BITS, _KANA_BITS, _USUAL_BITS, _PUNCTUATION_BITS, _RARE_BITS, _ODD_BITS = (
    9.0,
    8.0,
    13.0,
    10.0,
    20.0,
    40.0,
)
_USUAL_LEADS = {
    "gb18030": range(0xB0, 0xD8), "big5hkscs": range(0xA4, 0xC7), "cp932": range(0x88, 0x98),
    "euc_jp": range(0xB0, 0xD0), "cp949": range(0xB0, 0xC9),
}  # fmt: skip
_PRIOR = 4.0
_LONE_BITS = 26.0
"""Of one or two characters that touch a Latin letter, for each side that does."""
_LETTER_BITS = 4.5
"""Of a Latin letter that stands beside them without a gap."""
_RUN = re.compile(r"([A-Za-z]{0,12})([^\x00-\x7f]+)(?=([A-Za-z]{0,12}))")


def ideographic_bits(text: str, codec: str) -> float:
    """How many bits it takes to tell the characters of a text beyond ASCII."""
    counts = Counter(text)
    bits = sum(
        count * _bits(character, codec) for character, count in counts.items() if not character.isascii()
    )
    for before, run, after in _RUN.findall(text):
        bits += _LETTER_BITS * (len(before) + len(after))
        if len(run) <= 2:
            bits += _LONE_BITS * (bool(before) + bool(after))
    return _PRIOR + bits


def _bits(character: str, codec: str) -> float:
    if character in "　、。，．・：；？！（）「」『』《》“”‘’…—～〜ー":
        return _PUNCTUATION_BITS
    if codec == "cp949":
        return _korean_bits(character)
    if _KANA.match(character):
        return _KANA_BITS if codec in ("cp932", "euc_jp") else _RARE_BITS
    if "\uff61" <= character <= "\uff9f" or "\ue000" <= character <= "\uf8ff":
        return _ODD_BITS / 2
    if character in HANZI:
        return _COMMON_BITS
    lead, trail = (*character.encode(codec), 0)[:2]
    if lead in _USUAL_LEADS[codec] and (trail > 0xA0 or codec != "gb18030"):
        return _USUAL_BITS
    return (
        _RARE_BITS if "\u3400" <= character <= "\u9fff" or "\uff01" <= character <= "\uff5e" else _ODD_BITS
    )


def _korean_bits(character: str) -> float:
    if character in SYLLABLES:
        return _COMMON_BITS
    if "\uac00" <= character <= "\ud7a3":
        return _USUAL_BITS if character.encode("cp949")[1] > 0xA0 else _RARE_BITS
    return _RARE_BITS
