"""GetServerSettings, an extension: the configuration of the server, without its secrets."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.server import GetServerSettingsRequest, GetServerSettingsResponse, ServerSetting


def get_server_settings(context: Context, request: GetServerSettingsRequest) -> GetServerSettingsResponse:
    """Every setting, with its default and where it comes from. Of what is kept back, names are told at most."""
    return GetServerSettingsResponse(
        server_settings=tuple(
            ServerSetting(
                name=setting.name,
                value=setting.value,
                default=setting.default,
                origin=setting.origin,
                hidden=setting.hidden,
            )
            for setting in context.inspection.settings
        )
    )
