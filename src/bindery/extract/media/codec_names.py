"""Names of codecs and of colours as ffprobe prints them.

Source: ITU-T H.273 for the numbers of colours; ``ffmpeg -codecs`` for the names of codecs.
"""

from __future__ import annotations

from functools import lru_cache

from av import Codec
from av.codec.codec import UnknownCodecError

_LONG_NAMES = {
    "adpcm_agm": "ADPCM AmuseGraphics Movie AGM",
    "adpcm_thp_le": "ADPCM Nintendo THP (Little-Endian)",
    "ass": "ASS (Advanced SSA) subtitle",
    "comfortnoise": "RFC 3389 Comfort Noise",
    "dfpwm": "DFPWM (Dynamic Filter Pulse Width Modulation)",
    "dirac": "Dirac",
    "dst": "DST (Direct Stream Transfer)",
    "dvaudio": "DV audio",
    "eia_608": "EIA-608 closed captions",
    "fits": "FITS (Flexible Image Transport System)",
    "gif": "CompuServe GIF (Graphics Interchange Format)",
    "h263p": "H.263+ / H.263-1998 / H.263 version 2",
    "hevc": "H.265 / HEVC (High Efficiency Video Coding)",
    "huffyuv": "HuffYUV",
    "mjpeg": "Motion JPEG",
    "mov_text": "MOV text",
    "opus": "Opus (Opus Interactive Audio Codec)",
    "pcm_dvd": "PCM signed 20|24-bit big-endian",
    "pjs": "PJS (Phoenix Japanimation Society) subtitle",
    "qdmc": "QDesign Music",
    "qoi": "QOI (Quite OK Image)",
    "sanm": "LucasArts SANM/SMUSH video",
    "sgirle": "SGI RLE 8-bit",
    "smvjpeg": "Sigmatel Motion Video",
    "srt": "SubRip subtitle with embedded timing",
    "ssa": "SSA (SubStation Alpha) subtitle",
    "subviewer1": "SubViewer v1 subtitle",
    "text": "raw UTF-8 text",
    "tqi": "Electronic Arts TQI video",
    "vvc": "H.266 / VVC (Versatile Video Coding)",
    "webp": "WebP",
}
"""Codecs whose decoder is called otherwise than the codec itself, which is all that PyAV tells."""

COLOR_RANGES = {1: "tv", 2: "pc"}
COLOR_SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
}  # fmt: skip
COLOR_TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100",
    10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12",
    16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
COLOR_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip


@lru_cache(maxsize=512)
def codec_long_name(name: str) -> str | None:
    """The long name of a codec, e.g. ``AAC (Advanced Audio Coding)``."""
    if name in _LONG_NAMES:
        return _LONG_NAMES[name]
    try:
        # The decoder named like the codec, not the one in use, which may be another library's.
        return Codec(name, "r").long_name
    except UnknownCodecError:
        return None
