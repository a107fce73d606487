"""Stands in for a service or for shared: the same commands, answering /readyz. Copied by the tests under the name it is to have."""

import http.server
import os
import sys
from pathlib import Path
from typing import ClassVar


class Answers(http.server.BaseHTTPRequestHandler):
    told: ClassVar[dict[str, str]] = {
        "/readyz": "ready",
        "/instance": str(os.getpid()),
        "/crash-at": os.environ.get("CRASH_AT", ""),
        "/promise": os.environ.get("LSC_PROMISE_STANDARD", ""),
    }

    def do_GET(self) -> None:
        self.send_response(200 if self.path in self.told else 404)
        self.end_headers()
        self.wfile.write(self.told.get(self.path, "").encode())


def main() -> None:
    words = sys.argv[1:]
    name = Path(__file__).stem
    with Path(f"{name}.calls").open("a") as calls:
        calls.write(" ".join(words) + "\n")
    if Path(f"{name}.broken").exists():
        sys.exit(f"{name} is broken")
    if words[0] == "--only":
        assert os.environ["DATABASE_URL"].endswith("/{database}")
        port = int(os.environ["LSC_PORT"]) + (100 if words[1] == "worker" else 0)
        http.server.ThreadingHTTPServer((os.environ["LSC_HOST"], port), Answers).serve_forever()


main()
