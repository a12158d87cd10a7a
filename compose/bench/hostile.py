"""What good callers of the REST API feel of hostile ones beside them, through the edge.

One good caller asks for a list and a device, again and again, in turns alone and beside a crowd
from another address that sends what tests/compose/hostile_test.py shows to be survived.
"""

import contextlib
import functools
import http.client
import itertools
import multiprocessing
import socket
import ssl
import time

from compose import rest_stack
from compose.bench.staleness import percentile
from compose.report import Failure

WHAT = "a good caller's answers beside hostile callers, against the same alone"
TARGETS = {"p99_ratio": "< 2"}

TURNS = 3
TURN_S = 6.0
PER_SECOND = 100  # of the good caller
CROWD = "127.0.0.2"  # rates are counted by address
CROWD_PER_SECOND = 100
SLOW_SENDERS = 100


def measure(stack, report, _checkout):
    """The figures."""
    with report.step("stack") as step:
        rest_stack.start(stack)
        step.result = f"the REST API, {rest_stack.DEVICES} devices"
    pid = stack.registry.process().pid
    alone, beside, sent = [], [], 0
    with report.step("hostile") as step:
        for turn in range(TURNS):
            step.news(f"turn {turn + 1} of {TURNS}")
            alone += good_answers_ms(stack)
            with crowd(stack) as count:
                beside += good_answers_ms(stack)
                sent += count.value
        step.result = f"{sent} hostile requests"
    running = stack.registry.process()
    if running is None or running.pid != pid:
        raise Failure("the registry did not survive", log=stack.registry.log)
    return {
        "hostile_per_s": round(sent / (TURNS * TURN_S), 1),
        "slow_senders": SLOW_SENDERS,
        "alone_p50_ms": round(percentile(alone, 50), 2),
        "alone_p99_ms": round(percentile(alone, 99), 2),
        "beside_p50_ms": round(percentile(beside, 50), 2),
        "beside_p99_ms": round(percentile(beside, 99), 2),
        "p99_ratio": round(percentile(beside, 99) / percentile(alone, 99), 2),
    }


def good_answers_ms(stack):
    """How long each answer took, counted from when its request was due."""
    connection = http.client.HTTPSConnection(
        "127.0.0.1", stack.haproxy.port, timeout=30, context=trust(stack)
    )
    headers = {"Authorization": f"Bearer {stack.registry.token()}"}
    taken, began = [], time.monotonic()
    paths = itertools.cycle(["/v1/devices?limit=20", f"/v1/devices/{rest_stack.DEVICE}"])
    for number in range(int(TURN_S * PER_SECOND)):
        due = began + number / PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("GET", next(paths), headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise Failure(f"a good caller got {answer.status}", log=stack.registry.log)
        taken.append((time.monotonic() - due) * 1000)
    connection.close()
    return taken


@contextlib.contextmanager
def crowd(stack):
    """Hostile callers while the block lasts, in a process of their own; counts what they sent."""
    forked = multiprocessing.get_context("fork")
    count = forked.Value("i", 0)
    process = forked.Process(target=attack, args=(stack, count), daemon=True)
    process.start()
    try:
        yield count
        if not process.is_alive():
            raise Failure("the hostile crowd gave up: what was measured was beside nobody")
    finally:
        process.kill()
        process.join()


def attack(stack, count):
    """One hostile request after the other, beside senders who never come to an end."""
    slow = [slow_sender(stack) for _ in range(SLOW_SENDERS)]
    began = time.monotonic()
    for number, request in enumerate(itertools.cycle(hostile_requests(stack))):
        time.sleep(max(0.0, began + number / CROWD_PER_SECOND - time.monotonic()))
        with contextlib.suppress(OSError), connect(stack) as connection:
            connection.sendall(request)
            if number % 2:  # the others leave without reading
                connection.recv(4096)
        count.value += 1
        if number % 3 == 0:  # the edge ends each after 3 s
            slow[number % SLOW_SENDERS].close()
            with contextlib.suppress(OSError):
                slow[number % SLOW_SENDERS] = slow_sender(stack)


def slow_sender(stack):
    connection = connect(stack)
    with contextlib.suppress(OSError):
        connection.sendall(b"GET /v1/devices HTTP/1.1\r\nHost: x\r\nX: ")
    return connection


def connect(stack):
    address = ("127.0.0.1", stack.haproxy.port)
    raw = socket.create_connection(address, timeout=5, source_address=(CROWD, 0))
    return trust(stack).wrap_socket(raw, server_hostname="127.0.0.1")


def trust(stack):
    return _context(str(stack.authority.certificate))


@functools.cache
def _context(authority):
    return ssl.create_default_context(cafile=authority)


def hostile_requests(stack):
    """Whole ones; each a shape of its own."""
    token = f"Authorization: Bearer {stack.registry.token()}\r\n"
    head = f"GET {{}} HTTP/1.1\r\nHost: x\r\n{token}".format
    body = f"PATCH /v1/devices/{rest_stack.DEVICE} HTTP/1.1\r\nHost: x\r\n{token}If-Match: *\r\n"
    shapes = [
        head("/v1/devices") + "Transfer-Encoding: chunked\r\n\r\n-2\r\n",
        head("/v1/devices") + "X: " + "x" * 100_000 + "\r\n\r\n",
        head("/v1/devices?filter=" + "(" * 900) + "\r\n",
        head("/v1/devices?model=%00%ff") + "\r\n",
        head("/v1/devices?limit=500") + "\r\n",
        body + "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n" + "[" * 60000,
        body + "Content-Length: 99999999\r\n\r\n",
        (head("/v1/raes") + "\r\n") * 10,
    ]
    return [shape.encode() for shape in shapes]
