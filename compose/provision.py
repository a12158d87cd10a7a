"""What a stack is made of, obtained where it is missing: packages, Kafka's jars, our programs."""

import os
import tempfile
from pathlib import Path

from compose import build, kafka_jars, packages, programs


def install(report, wanted):
    """Installs the Debian packages that are missing of `wanted`."""
    with tempfile.NamedTemporaryFile(prefix="dmp-packages-", suffix=".log", delete=False) as log:
        path = Path(log.name)
    packages.ensure(wanted, report, path)
    path.unlink()


def obtain(checkout, report, state, servers_only=False):
    """Kafka's jars and our programs. With root's rights: the cache is shared, and the checkout need
    not belong to whoever runs the servers."""
    with state.account.as_root():
        with report.step("kafka jars") as step:
            step.result = str(kafka_jars.resolve(os.environ, step))
        if servers_only:
            return
        with report.step("build") as step:
            built = build.build(checkout, "release", step, programs.NAMES)
            step.result = "build/release"
    programs.install(built, state)
