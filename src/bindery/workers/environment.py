"""What worker processes see of the server's environment: nothing that is or may be secret.

Credentials of a store travel with each request that needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_NAMES = frozenset(
    {
        "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR", "TZ", "TZDIR", "USER",
        "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONHOME", "PYTHONPYCACHEPREFIX", "PYTHONUTF8",
        "VIRTUAL_ENV", "MALLOC_ARENA_MAX",
        "SSL_CERT_DIR", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NO_PROXY", "no_proxy",
        # where stores are, and the names of files in which their libraries look
        "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
        "AWS_PROFILE", "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE",
        "OSS_ENDPOINT", "OSS_REGION", "STORAGE_EMULATOR_HOST", "AZBLOB_ENDPOINT",
        "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CONFIG",
        "AZURE_AUTHORITY_HOST", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID",
    }
)  # fmt: skip
_PREFIXES = ("LC_",)
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"})


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that worker processes may have."""
    return {name: value for name, value in environment.items() if _is_harmless(name, value)}


def _is_harmless(name: str, value: str) -> bool:
    if name in _NAMES or name.startswith(_PREFIXES):
        return "://" not in value or _is_plain_url(value)
    return name in _PROXIES and _is_plain_url(value)


def _is_plain_url(value: str) -> bool:
    """A URL without a user name or password."""
    try:
        return "@" not in urlsplit(value if "://" in value else f"//{value}").netloc
    except ValueError:
        return False
