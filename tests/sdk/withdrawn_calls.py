"""Run with SDK 2.1.15 in front of the installed one: stops and resumes a binding, prints what it saw.

Arguments: address, key id, key secret, project, dataset, URI.
"""

from __future__ import annotations

import json
import sys

from alibabacloud_imm20200930 import models
from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi.models import Config


def main() -> None:
    address, key_id, secret, project, dataset, uri = sys.argv[1:]
    client = Client(
        Config(access_key_id=key_id, access_key_secret=secret, endpoint=address, protocol="http")
    )
    names = {"project_name": project, "dataset_name": dataset, "uri": uri}
    seen: list[list[str | None]] = []

    def look() -> None:
        binding = client.get_binding(models.GetBindingRequest(**names)).body.binding
        seen.append([binding.state, binding.phase])

    look()
    client.stop_binding(models.StopBindingRequest(**names, reason="暂停使用 & 'more'"))
    look()
    try:
        client.stop_binding(models.StopBindingRequest(**names))
    except Exception as error:  # the class differs between the libraries this SDK may run on
        seen.append(["refused", getattr(error, "code", None)])
    client.resume_binding(models.ResumeBindingRequest(**names))
    look()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
