"""ListRegions. Source: help page api-imm-2020-09-30-listregions."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.projects import ListRegionsRequest, ListRegionsResponse, RegionType

_CHINESE, _ENGLISH, _JAPANESE = 0, 1, 2
_LANGUAGES = {"zh": _CHINESE, "en": _ENGLISH, "ja": _JAPANESE}
_NAMES = {
    "cn-qingdao": ("华北1（青岛）", "China (Qingdao)", "中国 (青島)"),
    "cn-beijing": ("华北2（北京）", "China (Beijing)", "中国 (北京)"),
    "cn-zhangjiakou": ("华北3（张家口）", "China (Zhangjiakou)", "中国 (張家口)"),
    "cn-hangzhou": ("华东1（杭州）", "China (Hangzhou)", "中国 (杭州)"),
    "cn-shanghai": ("华东2（上海）", "China (Shanghai)", "中国 (上海)"),
    "cn-shenzhen": ("华南1（深圳）", "China (Shenzhen)", "中国 (深セン)"),
    "cn-guangzhou": ("华南3（广州）", "China (Guangzhou)", "中国 (広州)"),
    "cn-chengdu": ("西南1（成都）", "China (Chengdu)", "中国 (成都)"),
    "cn-hongkong": ("中国香港", "China (Hong Kong)", "中国 (香港)"),
    "ap-southeast-1": ("新加坡", "Singapore", "シンガポール"),
    "ap-southeast-5": ("印度尼西亚（雅加达）", "Indonesia (Jakarta)", "インドネシア (ジャカルタ)"),
    "ap-northeast-1": ("日本（东京）", "Japan (Tokyo)", "日本 (東京)"),
    "us-west-1": ("美国（硅谷）", "US (Silicon Valley)", "米国 (シリコンバレー)"),
    "us-east-1": ("美国（弗吉尼亚）", "US (Virginia)", "米国 (バージニア)"),
    "eu-central-1": ("德国（法兰克福）", "Germany (Frankfurt)", "ドイツ (フランクフルト)"),
}
"""Names of the vendor's regions; a region of one's own goes by its id."""


def list_regions(context: Context, request: ListRegionsRequest) -> ListRegionsResponse:
    """The one region of this server, in the language asked for, else in Chinese as the vendor does."""
    region = context.settings.region_id
    language = _LANGUAGES.get((request.accept_language or "")[:2].lower(), _CHINESE)
    name = _NAMES[region][language] if region in _NAMES else region
    return ListRegionsResponse(regions=(RegionType(region_id=region, local_name=name),))
