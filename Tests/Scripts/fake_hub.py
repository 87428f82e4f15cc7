"""An imitation of a model hub on loopback: its API, redirects of large files to a second host, ranges, tokens and faults.

The name of a repository selects a fault; see `Hub.faults`. The standard library is enough.
"""

import hashlib
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TOKEN = "hf_secret"
REVISION = "0123456789abcdef0123456789abcdef01234567"


def content(name: str, size: int) -> bytes:
    """The content of a file: bytes that depend on its name."""
    return random.Random(name).randbytes(size)


class Hub:
    """Two servers: the hub, and the host of large files. `requests` is what they were asked for."""

    def __init__(self, repositories: dict[str, dict[str, bytes]]):
        self.repositories = repositories
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.counts: dict[str, int] = {}
        self.sent = 0
        self.lock = threading.Lock()
        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), self.handler(kind)) for kind in ("hub", "large")]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.servers[0].server_port}"
        self.large = f"http://localhost:{self.servers[1].server_port}"

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()

    def count(self, key: str) -> int:
        """How often this was asked for, now included."""
        with self.lock:
            self.counts[key] = self.counts.get(key, 0) + 1
            return self.counts[key]

    def handler(self, kind: str):
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                with hub.lock:
                    hub.requests.append((kind, self.path, dict(self.headers)))
                try:
                    hub.large_file(self) if kind == "large" else hub.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def reply(self, status: int, body: bytes = b"", **headers: str):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def answer(self, request) -> None:
        path = urlsplit(request.path).path
        parts = path.strip("/").split("/")
        is_api = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if is_api else parts[:2])
        fault = name.split("/")[-1].split("-")[0]
        if fault in ("private", "gated") and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return request.reply(401, b'{"error": "Invalid credentials"}')
        if fault == "gated":
            return request.reply(403, b'{"error": "Access to this model is restricted"}')
        if fault == "busy" and self.count(path) <= 2:
            if self.count("busy") % 2:
                return request.reply(429, b"slow down", Retry_After="1")
            return request.reply(503, b"busy")
        if name not in self.repositories:
            return request.reply(404, b'{"error": "Repository not found"}')
        if fault == "wait":
            return request.reply(429, b"slow down", Retry_After="9000")
        files = self.repositories[name]
        if is_api:
            return self.api(request, json.dumps(self.listing(name, files, fault)).encode(), fault, path)
        file = "/".join(parts[4:])
        if file not in files or fault == "gone":
            return request.reply(404)
        if fault == "loop":
            return request.reply(302, Location=self.url + request.path)
        if len(files[file]) < 1 << 20:
            return request.reply(200, files[file])
        request.reply(302, Location=f"{self.large}/{name}/{file}?signature=1")

    def api(self, request, body: bytes, fault: str, path: str) -> None:
        if fault == "html":
            body = b"<html>Sign in to the network</html>"
        if fault == "list":
            body = b'{"siblings": {"rfilename": 7}, "sha": []}'
        if fault == "cut" and self.count(path) <= 2:
            # The connection ends in the middle of the answer.
            request.send_response(200)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body[: len(body) // 2])
            request.close_connection = True
            return
        request.reply(200, body)

    def listing(self, name: str, files: dict[str, bytes], fault: str) -> dict:
        siblings = []
        for file, data in files.items():
            size = 10**16 if fault == "huge" else len(data)
            entry = {"rfilename": file, "size": size, "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
            if len(data) >= 1 << 20:
                checksum = hashlib.sha256(data).hexdigest()
                if fault == "wrong" and self.count("wrong") == 1:
                    checksum = checksum[::-1]
                entry["lfs"] = {"sha256": checksum, "size": size, "pointerSize": 134}
            # Some hubs state neither sizes nor checksums.
            siblings.append({"rfilename": file} if fault == "bare" else entry)
        return {"id": name, "sha": REVISION, "siblings": siblings + [{"rfilename": "../../escape.gguf", "size": 1}]}

    def large_file(self, request) -> None:
        name, file = urlsplit(request.path).path.strip("/").rsplit("/", 1)
        fault = name.split("/")[-1].split("-")[0]
        data = self.repositories[name][file]
        start, end = 0, len(data)
        given = request.headers.get("Range")
        if given and fault != "plain":
            first, last = given.removeprefix("bytes=").split("-")
            start, end = int(first), int(last) + 1
            if fault == "shift":
                # A cache between that answers with another range.
                start, end = 0, end - start
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(end - start))
        request.end_headers()
        number = self.count(f"large {name}")
        position = start
        while position < end:
            if fault == "short" and position - start >= 3 << 20 and number % 3:
                request.close_connection = True
                return
            if fault == "stall" and number == 1 and position - start >= 1 << 20:
                time.sleep(20)
                return
            if fault == "slow":
                time.sleep(0.05)
            block = data[position : min(end, position + (1 << 17))]
            request.wfile.write(block)
            position += len(block)
            with self.lock:
                self.sent += len(block)
