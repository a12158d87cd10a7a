"""Which Debian 12 packages each job needs, and installing the missing ones."""

import os
import re
import shutil
import subprocess

from compose.follow import follow
from compose.report import Failure

PROGRESS = re.compile(r"(Get:\d+|Unpacking \S+|Setting up \S+)")

BUILD = (
    "ca-certificates",
    "cmake",
    "g++",
    "libcli11-dev",
    "libcpp-httplib-dev",
    "libcpprest-dev",
    "libcurl4-openssl-dev",
    "libexpected-dev",
    "libmosquitto-dev",
    "libpaho-mqtt-dev",
    "libpaho-mqttpp-dev",
    "libpqxx-dev",
    "librdkafka-dev",
    "libspdlog-dev",
    "libsqlite3-dev",
    "libssl-dev",
    "nlohmann-json3-dev",
    "libpugixml-dev",
    "ninja-build",
    "pkg-config",
    "prometheus-cpp-dev",
    "rapidjson-dev",
    "uuid-dev",
)
RUN = (
    "busybox",
    "curl",
    "dnsmasq-base",
    "haproxy",
    "iproute2",
    "kcat",
    "maven",
    "mosquitto",
    "mosquitto-clients",
    "openjdk-17-jre-headless",
    "openssl",
    "postgresql-15",
    "util-linux",
)
TEST = ("git", "libgtest-dev", "librapidcheck-dev", "libvalijson-dev", "libyaml-cpp-dev")
DEMO = ("libfaketime",)
BENCH = ("python3-pip",)
PYPI = ("python3-venv",)
CLANG = ("clang", "clang-tidy")

# Servers that packages would start by themselves must not run: ours are private. Both files are
# removed again whatever happens; one that was there before is left alone.
INSTALL_SCRIPT = """\
set -eu
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/dmp.conf
made=''
restore() { for file in $made; do rm -f "$file"; done; }
trap restore EXIT
trap 'exit 130' HUP INT TERM
if [ ! -e "$policy" ] || grep -q 'made by ./dmp' "$policy"; then
  made="$policy"
  printf '#!/bin/sh\\n# made by ./dmp while it installs packages\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
mkdir -p "${cluster%/*}"
made="$made $cluster"
echo 'create_main_cluster = false' >"$cluster"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
# Nor at the next boot, for servers that were not here before.
for package in "$@"; do
  case "$package" in
    mosquitto|haproxy|postgresql-15)
      systemctl disable --quiet "${package%-15}.service" || echo "$package stays enabled" ;;
  esac
done
"""


def missing(wanted, listing):
    """Those of `wanted` that are not installed, by dpkg's listing of 'name status' lines."""
    installed = set()
    for line in listing.splitlines():
        name, _, status = line.partition(" ")
        if status.strip().startswith("ii"):
            installed.add(name.partition(":")[0])
    return [package for package in wanted if package not in installed]


def installed_listing():
    """'name status' of every package dpkg knows."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\\n"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(
            f"cannot ask dpkg which packages are installed: {error}",
            "./dmp runs on Debian 12; elsewhere, in a container or virtual machine of it",
        ) from error


def ensure(wanted, report, log):
    """Installs what is missing of `wanted`, saying what that is."""
    absent = missing(wanted, installed_listing())
    if not absent:
        return
    report.say(f"Debian packages missing here: {' '.join(absent)}")
    command = f"apt-get install -y --no-install-recommends {' '.join(absent)}"
    with report.step("packages") as step:
        step.news(f"installs {len(absent)}")
        prefix = _root_prefix(command)
        script = [*prefix, "/bin/sh", "-c", INSTALL_SCRIPT, "sh", *absent]
        if follow(script, log, step, PROGRESS):
            raise Failure("apt-get could not install them", f"as root, type: {command}", log)
        step.result = f"{len(absent)} installed"


def _root_prefix(command):
    """How a command gets root's rights here; asks for the password at once, not in the log."""
    if os.getuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-v"], check=False).returncode == 0:
        return ["sudo"]
    raise Failure(
        "installing packages needs root, and this user may not use sudo",
        f"as root, type: {command}",
    )
