"""The one answer that the package argilla wants of a server before it makes objects."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

USER = {"id": "5a1e0d2c-6d5b-4b6f-9f0e-0d2c6d5b4b6f", "username": "me", "first_name": "m", "role": "owner"}
TIMES = {"inserted_at": "2026-01-01T00:00:00", "updated_at": "2026-01-01T00:00:00"}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(USER | TIMES).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def user_server():
    """Serve the user, and give the address."""
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
