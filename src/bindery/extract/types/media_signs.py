"""Signs and extensions of the less common formats of video and sound, for ``media_types.py``.

Those that libav reads, and some that are only known. Source: the probe functions of FFmpeg 8's demuxers and their
extensions; IANA's registry for the types that have a name there, ``x-`` and libav's name for the others.
"""

from __future__ import annotations

_SOUND_SIGNS = (
    (b"ALP ", "alp"), (b"CRYO_APC", "apc"), (b"ASF\0", "argo-asf"), (b"BRPP", "argo-brp"), (b"IMA_ADPCM_Sound", "iss"),
    (b"KVAG", "kvag"), (b"SEDBSSCF", "scd"), (b"ALawSoundFile**", "wve"), (b"XA\0\0", "xa"), (b"XAI\0", "xa"),
    (b"XAJ\0", "xa"), (b"fap ", "epaf"), (b" paf", "epaf"), (b"MSF", "msf"), (b"FORMDS16", "nsp"), (b"@UTF", "aax"),
    (b"DERF", "derf"), (b"LIMITLESS", "laf"), (b"RSD2", "rsd"), (b"RSD3", "rsd"), (b"RSD4", "rsd"), (b"RSD6", "rsd"),
    (b"SDNS", "sdns"), (b"1FCB", "binka"), (b"FWSE", "fwse"), (b"MUSX", "musx"), (b"MTAF", "mtaf"), (b"Svag", "svag"),
    (b"XVAG", "xvag"), (b"SShd", "ads"), (b"AIXF", "aix"), (b"\x72\xf8\x1f\x4e", "spdif"),
)  # fmt: skip
_PICTURE_SIGNS = (
    (b"LPF ", "anm"), (b"wW\x10\0", "avs"), (b"VID\0", "bethsoft"), (b"BF&I", "bfi"), (b"\0\0\xaa\x55", "dsicin"),
    (b"DEXA", "dxa"), (b"SCHl", "ea"), (b"SEAD", "ea"), (b"1SNh", "ea"), (b"MVhd", "ea"), (b"MVIh", "ea"),
    (b"AVP6", "ea"), (b"MPCh", "ea"), (b"kVGT", "ea"), (b"MADk", "ea"), (b"\x94\x19\x11\x29", "gdv"), (b"HNM0", "hnm"),
    (b"HNM4", "hnm"), (b"HNM6", "hnm"), (b"Interplay MVE File\x1a", "interplay"), (b"\1\1\3\xb8\x80\x60", "iv8"),
    (b"LEITCH\0\0", "lxf"), (b"MOVI\0", "sgi-movie"), (b"Packed Animation File V1.0", "paf"), (b"pmpm\1\0\0\0", "pmp"),
    (b"ARMovie\n", "rpl"), (b"SANM", "smush"), (b"TMAV", "tmv"), (b"vividas03", "vividas"), (b"DFIA", "dfa"),
    (b"MODSN3", "mods"), (b"Playdate VID", "pdv"), (b"LUCAM-RECORDER", "ser"), (b"\0\x0aSMJPEG", "smjpeg"),
    (b"LVFF", "lvf"), (b".R1M", "ivr"), (b".REC", "ivr"),
)  # fmt: skip

MEDIA_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"FRM8", "audio/x-dff"),
    (0, b"tBaK", "audio/x-tak"),
    (0, b"OFR ", "audio/x-ofr"),
    (0, b"MMMD", "audio/vnd.smaf"),
    (0, b".snd", "audio/basic"),
    (0, b"dns.", "audio/basic"),
    (0, b"riff\x2e\x91\xcf\x11", "audio/x-w64"),
    (0, b"Creative Voice File\x1a", "audio/x-voc"),
    (0, b"TWIN97012000", "audio/x-vqf"),
    (0, b"TWIN00052200", "audio/x-vqf"),
    (0, b"ajkg", "audio/x-shn"),
    (0, b"qoaf", "audio/x-qoa"),
    (0, b"#!iLBC", "audio/ilbc"),
    (0, b"DTSHDHDR", "audio/vnd.dts.hd"),
    (0, b"\x7f\xfe\x80\x01", "audio/vnd.dts"),
    (0, b"\xfe\x7f\x01\x80", "audio/vnd.dts"),
    (0, b"\x1f\xff\xe8\x00", "audio/vnd.dts"),
    (0, b"\xff\x1f\x00\xe8", "audio/vnd.dts"),
    (4, b"\xf8\x72\x6f\xba", "audio/vnd.dolby.mlp"),
    (4, b"\xf8\x72\x6f\xbb", "audio/vnd.dolby.mlp"),
    (0, b"\xac\x40", "audio/ac4"),
    (0, b"\xac\x41", "audio/ac4"),
    (0, b"\xc0\x01\xa5", "audio/mhas"),
    (4, b"\x57\x90\x75\x36", "audio/vnd.audible.aa"),
    (0, b"HCA\0", "audio/x-hca"),
    (0, b"STRM\0", "audio/x-ast"),
    (0, b"RSTM\xfe\xff", "audio/x-brstm"),
    (0, b"FSTM", "audio/x-bfstm"),
    (0, b"CSTM\xff\xfe", "audio/x-bfstm"),
    (0, b"2BIT", "audio/x-avr"),
    (0, b"\x02dss", "audio/x-dss"),
    (0, b"\x03dss", "audio/x-dss"),
    (0, b"\x03ds2", "audio/x-dss"),
    (0, b"ea3\x03", "audio/x-oma"),
    (0, b"EA3\x01", "audio/x-oma"),
    (0, b".SoX", "audio/x-sox"),
    (0, b"XoS.", "audio/x-sox"),
    (0, b"\x64\xa3\x01\x00", "audio/x-ircam"),
    (0, b"\x64\xa3\x02\x00", "audio/x-ircam"),
    (0, b"\x64\xa3\x03\x00", "audio/x-ircam"),
    (0, b"\x00\x01\xa3\x64", "audio/x-ircam"),
    (0, b"\x00\x02\xa3\x64", "audio/x-ircam"),
    (0, b"NIST_1A\n", "audio/x-nist"),
    (0, b"PVF1\n", "audio/x-pvf"),
    (0, b"PVF2\n", "audio/x-pvf"),
    (0, b"1bit", "audio/x-wsd"),
    (0, b"VAGp", "audio/x-vag"),
    (0, b"VPK ", "audio/x-vpk"),
    (0, b"FSB4", "audio/x-fsb"),
    (0, b"FSB3", "audio/x-fsb"),
    (0, b"lc3\x00", "audio/x-lc3"),
    (0, b"\x1c\xcc", "audio/x-lc3"),
    (0, b"RKA7", "audio/x-rka"),
    (0, b"OSQ ", "audio/x-osq"),
    (0, b"BONK", "audio/x-bonk"),
    (0, b"\xc0\xde\xc2", "audio/x-codec2"),
    (0, b"GENH", "audio/x-genh"),
    (0, b"ADF\0", "audio/x-adf"),
    (0, b"IMPM", "audio/x-it"),
    (0, b"Extended Module: ", "audio/x-xm"),
    (0x2C, b"SCRM", "audio/x-s3m"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01", "application/mxf"),
    (0, b"\0\0\0\0\x01\xbc", "application/gxf"),
    (0, b"DKIF", "video/x-ivf"),
    (0, b"YUV4MPEG2 ", "video/x-yuv4mpeg"),
    (0, b"nut/multimedia container", "video/x-nut"),
    (0, b"NSVf", "video/x-nsv"),
    (0, b"NSVs", "video/x-nsv"),
    (0, b"NuppelVideo", "video/x-nuv"),
    (0, b"MythTVVideo", "video/x-nuv"),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "video/x-ms-wtv"),
    (0, b"\x1f\x07\x00", "video/x-dv"),
    (0, b"CI\x2c\x00", "video/x-cine"),
    (0, b"MLVI", "video/x-mlv"),
    (0, b"DHAV", "video/x-dhav"),
    (0, b"SMK2", "video/x-smacker"),
    (0, b"SMK4", "video/x-smacker"),
    (0, b"BIKb", "video/x-bink"), (0, b"BIKf", "video/x-bink"), (0, b"BIKg", "video/x-bink"),
    (0, b"BIKh", "video/x-bink"), (0, b"BIKi", "video/x-bink"), (0, b"BIKk", "video/x-bink"),
    (0, b"KB2", "video/x-bink"),
    (4, b"\x11\xaf", "video/x-fli"),
    (4, b"\x12\xaf", "video/x-fli"),
    (0, b"FILM", "video/x-film-cpk"),
    (0, b"SIFF", "video/x-siff"),
    (0, b"\x84\x10\xff\xff\xff\xff", "video/x-roq"),
    (0, b"AV\x01\x00\x55", "video/x-pva"),
    (0, b"AV\x02\x00\x55", "video/x-pva"),
    (0, b"THP\0", "video/x-thp"),
    (0, b"FWS", "application/x-shockwave-flash"),
    (0, b"CWS", "application/x-shockwave-flash"),
    (0, b"ZWS", "application/x-shockwave-flash"),
    (0, b"MOLV", "video/x-mlv"),
    (0, b"CRID", "video/x-usm"),
    (12, b"xobX", "video/x-xmv"),
    (4, b"RED1", "video/x-r3d"),
    (4, b"RED2", "video/x-r3d"),
    (0, b"BBCD", "video/x-dirac"),
    (0, b"\0\0\x01\xb0\x01", "video/mp4v-es"),
    (0, b"\0\0\0\x01\x67", "video/h264"), (0, b"\0\0\0\x01\x27", "video/h264"),
    (0, b"\0\0\0\x01\x09", "video/h264"), (0, b"\0\0\x01\x67", "video/h264"),
    (0, b"\0\0\0\x01\x40\x01", "video/h265"), (0, b"\0\0\0\x01\x46\x01", "video/h265"),
    (0, b"\0\0\x01\x40\x01", "video/h265"),
    (0, b"\x12\0\x0a", "video/x-obu"),
    (0, b"\x0a\x01\0", "video/x-obu"),
    (0, b"KUX", "video/x-flv"),
    *((0, sign, f"audio/x-{name}") for sign, name in _SOUND_SIGNS),
    *((0, sign, f"video/x-{name}") for sign, name in _PICTURE_SIGNS),
)  # fmt: skip
"""Offset, bytes and type."""

FORMS = {
    b"RIFF": {
        b"WEBP": "image/webp", b"WAVE": "audio/x-wav", b"AVI ": "video/x-msvideo", b"AVIX": "video/x-msvideo",
        b"RMID": "audio/midi", b"QLCM": "audio/qcelp", b"AMV ": "video/x-amv", b"CDXA": "video/mpeg",
        b"XWMA": "audio/x-xwma", b"4XMV": "video/x-4xm", b"RMP3": "audio/mpeg", b"ON2 ": "video/x-msvideo",
    },
    b"RF64": {b"WAVE": "audio/x-wav"},
    b"BW64": {b"WAVE": "audio/x-wav"},
    b"RIFX": {b"WAVE": "audio/x-wav"},
    b"FORM": {
        b"AIFF": "audio/aiff", b"AIFC": "audio/aiff", b"8SVX": "audio/8svx", b"16SV": "audio/8svx",
        b"MAUD": "audio/x-maud", b"ANIM": "video/x-anim", b"MOVE": "video/x-wc3movie", b"WVQA": "video/x-wsvqa",
        b"RLV2": "video/x-rl2", b"RLV3": "video/x-rl2",
    },
}  # fmt: skip
"""What containers of chunks hold, by their sign and their form."""

_SOUNDS = (
    "aea afc aix aptxhd binka bonk dfpwm fsb fwse g723_1 g728 g729 genh mtaf musx svag vpk xmd xvag dtk "
    "acm ads apc adp laf mca msf nsp rsd rso sdns sds sdx sln svs derf"
)
_PICTURES = (
    "apv avs2 avs3 cdxl h26l ipu ivr lvf moflex mxg rcv v210 yop avs bmv cdata evc flm ifv mods mvi pdv ser sga "
    "sdr2 cif qcif yuv yuv10"
)
MEDIA_BY_EXTENSION = {
    **{name: f"audio/x-{name}" for name in _SOUNDS.split()},
    **{name: f"video/x-{name}" for name in _PICTURES.split()},
    "al": "audio/x-alaw", "ul": "audio/x-mulaw", **dict.fromkeys(("sb", "sw", "ub", "uw"), "audio/x-pcm"),
    "ss2": "audio/x-ads", "302": "audio/x-daud", "daud": "audio/x-daud", "fap": "audio/x-epaf", "paf": "audio/x-epaf",
    "722": "audio/g722", "rco": "audio/x-g723_1", "tco": "audio/x-g723_1", "sf": "audio/x-ircam", "mac": "audio/x-ape",
    "apl": "audio/x-ape", "bit": "audio/x-g729", "son": "video/x-siff", "way": "audio/x-wady", "wa": "audio/x-wavarc",
    "ism": "video/mp4", "dif": "video/x-dv", "imx": "video/x-imx", "ty": "video/x-tivo", "ty+": "video/x-tivo",
    "sup": "video/x-pgs", "aud": "audio/x-wsaud", "apm": "audio/x-apm", "tun": "audio/x-alp",
    "omg": "audio/x-oma", "vqe": "audio/x-vqf", "vql": "audio/x-vqf", "psp": "video/mp4", "cdg": "video/x-cdg",
    "dff": "audio/x-dff", "tak": "audio/x-tak", "ofr": "audio/x-ofr", "ofs": "audio/x-ofr", "mmf": "audio/vnd.smaf",
    "w64": "audio/x-w64", "rf64": "audio/x-wav", "bwf": "audio/x-wav", "voc": "audio/x-voc", "vqf": "audio/x-vqf",
    "shn": "audio/x-shn", "qoa": "audio/x-qoa", "dts": "audio/vnd.dts", "dtshd": "audio/vnd.dts.hd",
    "mlp": "audio/vnd.dolby.mlp", "thd": "audio/vnd.dolby.mlp", "truehd": "audio/vnd.dolby.mlp", "ac4": "audio/ac4",
    "eac3": "audio/eac3", "ec3": "audio/eac3", "mhas": "audio/mhas", "aa": "audio/vnd.audible.aa",
    "aax": "audio/vnd.audible.aax", "hca": "audio/x-hca", "adx": "audio/x-adx", "ast": "audio/x-ast",
    "brstm": "audio/x-brstm", "bfstm": "audio/x-bfstm", "bcstm": "audio/x-bfstm", "avr": "audio/x-avr",
    "dss": "audio/x-dss", "ds2": "audio/x-dss", "oma": "audio/x-oma", "aa3": "audio/x-oma", "sox": "audio/x-sox",
    "snd": "audio/basic", "ircam": "audio/x-ircam", "sph": "audio/x-nist", "nist": "audio/x-nist",
    "pvf": "audio/x-pvf", "wsd": "audio/x-wsd", "vag": "audio/x-vag", "lc3": "audio/x-lc3", "rka": "audio/x-rka",
    "osq": "audio/x-osq", "c2": "audio/x-codec2", "gsm": "audio/x-gsm", "g722": "audio/g722", "aptx": "audio/aptx",
    "sbc": "audio/sbc", "msbc": "audio/sbc", "qcp": "audio/qcelp", "awb": "audio/amr-wb",
    "xm": "audio/x-xm", "s3m": "audio/x-s3m", "kar": "audio/midi", "rmi": "audio/midi", "spx": "audio/ogg",
    "mpa": "audio/mpeg", "m2a": "audio/mpeg", "loas": "audio/x-latm", "latm": "audio/x-latm", "xwma": "audio/x-xwma",
    "8svx": "audio/8svx", "m4r": "audio/mp4", "mp4a": "audio/mp4", "weba": "audio/webm",
    "ra": "audio/vnd.rn-realaudio", "iamf": "audio/x-iamf", "gxf": "application/gxf",
    "ivf": "video/x-ivf", "y4m": "video/x-yuv4mpeg", "nut": "video/x-nut", "nsv": "video/x-nsv",
    "nuv": "video/x-nuv", "wtv": "video/x-ms-wtv", "cine": "video/x-cine", "mlv": "video/x-mlv",
    "dav": "video/x-dhav", "smk": "video/x-smacker", "bik": "video/x-bink", "bk2": "video/x-bink", "fli": "video/x-fli",
    "flc": "video/x-fli", "roq": "video/x-roq", "pva": "video/x-pva", "thp": "video/x-thp", "usm": "video/x-usm",
    "xmv": "video/x-xmv", "r3d": "video/x-r3d", "vc1": "video/x-vc1", "h261": "video/h261",
    "h263": "video/h263", "h264": "video/h264", "264": "video/h264", "avc": "video/h264", "h265": "video/h265",
    "265": "video/h265", "hevc": "video/h265", "h266": "video/h266", "vvc": "video/h266", "266": "video/h266",
    "obu": "video/x-obu", "mjpeg": "video/x-motion-jpeg", "mjpg": "video/x-motion-jpeg", "m1v": "video/mpeg",
    "mpv": "video/mpeg", "mp2v": "video/mpeg", "mpe": "video/mpeg", "m2p": "video/mpeg", "evo": "video/mpeg",
    "tod": "video/mp2t", "m2t": "video/mp2t", "trp": "video/mp2t", "tp": "video/mp2t",
    "mk3d": "video/x-matroska", "mks": "video/x-matroska", "divx": "video/x-msvideo", "amv": "video/x-amv",
    "ogm": "video/ogg", "ogx": "video/ogg", "3gpp": "video/3gpp", "3gp2": "video/3gpp2", "insv": "video/mp4",
    "lrv": "video/mp4", "ismv": "video/mp4", "isma": "audio/mp4", "dvr-ms": "video/x-ms-asf",
    "viv": "video/vnd.vivo", "kux": "video/x-flv", "swf": "application/x-shockwave-flash",
}  # fmt: skip


def late_sign(head: bytes) -> str | None:
    """Formats whose sign stands behind something else."""
    if head[:2] == b"\x80\0" and len(head) > 4:
        # The comment of CRI stands in front of the sound, whose place the header tells.
        start = int.from_bytes(head[2:4], "big")
        return "audio/x-adx" if head[start - 2 : start + 4] == b"(c)CRI" else None
    if head[20:24] == b"vs12":
        return "audio/x-apm"
    if head[2:6] == b"SOL\0":
        return "audio/x-sol"
    if head[16:20] == b"\xaf\xde\0\0":
        return "audio/x-wsaud"
    if head[65:69] == b"FSSD" and head[128:132] == b"HCOM":
        return "audio/x-hcom"
    if head[:4] == b"ANIM" and head[8:12] == b"AHDR":
        return "video/x-smush"
    multipart = head.startswith(b"--") and b"image/jpeg" in head[:256]
    return "video/x-motion-jpeg" if multipart else None


MEDIA_KINDS = {"application/gxf": "video", "application/x-shockwave-flash": "video"}
"""The vendor's word for types whose name does not tell."""
