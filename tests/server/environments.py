"""What the kernels of a server find in their environment."""

from __future__ import annotations

import json
from typing import Any


async def environment_of_a_kernel(jp_fetch: Any, jp_serverapp: Any) -> str:
    """Answer the environment of a new kernel, as text."""
    answer = await jp_fetch("api", "kernels", method="POST", body=json.dumps({"name": "python3"}))
    kernel_id = json.loads(answer.body)["id"]
    client = jp_serverapp.kernel_manager.get_kernel(kernel_id).client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        said: list[str] = []
        await client.execute_interactive(
            "import os; print(dict(os.environ))",
            output_hook=lambda message: said.append(message["content"].get("text", "")),
            timeout=60,
        )
    finally:
        client.stop_channels()
        await jp_fetch("api", "kernels", kernel_id, method="DELETE")
    return "".join(said)
