"""Is the server in this container alive? Ends with an error if not."""

import os
import urllib.request

# Any name that is not allowed is refused before it reaches a page.
name = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip("*.")
urllib.request.urlopen(
    urllib.request.Request(
        f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/healthz",
        headers={"Host": name or "localhost"},
    ),
    timeout=3,
)
