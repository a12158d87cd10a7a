"""`./dmp test schemathesis`: requests made from /openapi.json by a tool that knows nothing else.

It generates what the document allows and what it does not, sends it through the edge, and compares
each answer with the document. Not of the default round: it comes from PyPI.
"""

import hashlib
import os
import re
from pathlib import Path

from compose import rest_stack
from compose.build import build, new_log
from compose.follow import follow
from compose.private_stack import private_stack
from compose.report import Failure

PINNED = Path(__file__).parent / "schemathesis.txt"
SETTINGS = Path(__file__).parent / "schemathesis.toml"
HOOKS = Path(__file__).parent / "schemathesis_hooks.py"
PYTHON = "/usr/bin/python3"
PROGRESS = re.compile(r"\s*\S?\s+(\S.*)")
EXAMPLES = 100  # per operation


def run(checkout, report, account):
    """A Failure with its log if it found anything."""
    with report.step("schemathesis") as step:
        step.result = str(tool := install(checkout, step))
    with report.step("build dev") as step:
        built = build(checkout, "dev", step, (rest_stack.BINARY,))
    log = new_log(checkout, "test-schemathesis")
    with private_stack(report, account, "test") as stack:
        rest_stack.start(stack, built)
        with report.step("test schemathesis") as step, account.as_root():
            asked = command(tool, stack)
            code = follow(asked, log, step, PROGRESS, cwd=log.parent, env=environment())
            step.result = "no findings" if code == 0 else "findings"
            if stack.registry.process() is None:
                raise Failure("the registry did not survive it", log=stack.registry.log)
            if code:
                raise Failure(f"schemathesis ended with {code}", log=log)


def install(checkout, step):
    """The program, in an environment of exactly these versions that is kept in build/."""
    digest = hashlib.sha256(PINNED.read_bytes()).hexdigest()[:12]
    folder = checkout / "build" / f"schemathesis-{digest}"
    if not (folder / "complete").exists():
        log = new_log(checkout, "schemathesis-install")
        for words in (
            [PYTHON, "-m", "venv", "--clear", folder],
            [folder / "bin" / "pip", "install", "--no-deps", "-r", PINNED],
        ):
            if follow(words, log, step, re.compile(r"(Collecting \S+)")):
                raise Failure("schemathesis could not be installed from PyPI", log=log)
        (folder / "complete").touch()
    return folder / "bin" / "schemathesis"


def command(tool, stack):
    """The same requests every time."""
    return [
        tool, "--config-file", SETTINGS, "run", f"{stack.api}/openapi.json",
        "--tls-verify", stack.authority.certificate,
        "--header", f"Authorization: Bearer {stack.registry.token()}",
        "--max-examples", EXAMPLES, "--seed", 1,
        "--continue-on-failure", "--no-color",
    ]  # fmt: skip


def environment():
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": "/tmp",
        "SCHEMATHESIS_HOOKS": str(HOOKS),
    }
