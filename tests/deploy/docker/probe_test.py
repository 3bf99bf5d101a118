"""simclr-probe, the health check of the images, against servers that answer well, badly, late and not at all.

Usage: probe_test.py PATH_OF_SIMCLR_PROBE
"""

import http.server
import socket
import subprocess
import sys
import threading
import unittest

PROBE = sys.argv.pop(1)


def probe(*arguments):
    result = subprocess.run([PROBE, *arguments], capture_output=True, text=True, timeout=30)
    return result.returncode, result.stderr


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/livez" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cls.address = f"127.0.0.1:{cls.server.server_port}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def listener(self, family=socket.AF_INET, host="127.0.0.1"):
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        listener.bind((host, 0))
        listener.listen()
        return listener

    def answer_with(self, listener, text):
        def serve():
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(text)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()

    def test_succeeds_on_200(self):
        self.assertEqual(0, probe(f"{self.address}/livez")[0])

    def test_fails_on_another_status_and_says_it(self):
        code, message = probe(f"{self.address}/readyz")
        self.assertEqual(1, code)
        self.assertIn("503", message)

    def test_fails_where_nobody_listens(self):
        listener = self.listener()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        code, message = probe(f"{address}/livez")
        self.assertEqual(1, code)
        self.assertIn("Connection refused", message)

    def test_fails_on_a_server_that_never_answers(self):
        code, message = probe(f"127.0.0.1:{self.listener().getsockname()[1]}/livez")
        self.assertEqual(1, code)
        self.assertIn("no answer in time", message)

    def test_fails_on_what_is_not_http(self):
        for text in (b"", b"HTTP/1.", b"HTTP/1.1 2000 OK\r\n", b"220 smtp ready\r\n", b"x" * 100000):
            listener = self.listener()
            self.answer_with(listener, text)
            self.assertEqual(1, probe(f"127.0.0.1:{listener.getsockname()[1]}/livez")[0], text[:20])

    def test_knows_ipv6_addresses_in_brackets(self):
        try:
            listener = self.listener(socket.AF_INET6, "::1")
        except OSError:
            self.skipTest("no IPv6 here")
        self.answer_with(listener, b"HTTP/1.1 200 OK\r\n\r\n")
        self.assertEqual(0, probe(f"[::1]:{listener.getsockname()[1]}/livez")[0])

    def test_says_how_to_call_it(self):
        for arguments in ([], ["127.0.0.1"], ["127.0.0.1:1"], ["/livez"], [":80/"], ["a:1/", "b:1/"]):
            code, message = probe(*arguments)
            self.assertEqual(2, code, arguments)
            self.assertIn("usage: simclr-probe", message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
