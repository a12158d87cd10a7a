#!/usr/bin/python3
"""Stands where dmp-local-registry would: reads its configuration, goes to the broker, and answers
on its admin port. It proves the doors of the lab, not the agent."""

import http.server
import json
import re
import signal
import socket
import sys


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        pairs = re.findall(r"^([a-z-]+) = (.*)$", file.read(), re.MULTILINE)
    settings = {name: json.loads(value) for name, value in pairs}
    host, port = re.fullmatch(r"ssl://(.*):(\d+)", settings["mqtt-uri"]).groups()
    with socket.create_connection((host, int(port)), timeout=5) as broker:
        broker.sendall(f"hello from {settings['serial']}\n".encode())
        broker.recv(1)  # until the broker has read it

    class Admin(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(settings).encode())

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = (settings["admin-address"], settings["admin-port"])
    http.server.HTTPServer(address, Admin).serve_forever()


main()
