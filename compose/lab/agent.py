"""How the RAE's agent, dmp-local-registry, is configured and started in the lab."""

import contextlib
import glob
import json
import os

from .errors import LabError
from .files import as_owner, bound_log
from .parts import Spec, as_user

# What it needs of root: neighbour entries and raw sockets, as its systemd unit would grant.
_CAPABILITIES = ("net_admin", "net_raw")
_PROFILE_BYTES_MAX = 256 * 1024


def spec(facts, enter, place, clock=""):
    """Writes the agent's configuration and gives the process that reads it. `place` holds the
    settings that depend on where it runs: mqtt-uri, lan-interface, lease-file, static, admin-port.
    `clock`: what its wall clock is off by (-1d); its steady clock is left alone."""
    text = _configuration(facts, place)
    path = facts.write_config("local-registry.toml", text)
    profiles = _copy_profiles(facts)
    bound_log(facts.user, facts.agent_log)
    command = (*enter, *as_user(facts.user, _CAPABILITIES), *_wrong_clock(clock), facts.agent,
               "--config", path)
    reads = "\n".join((text, profiles, _version(facts.agent)))
    return Spec("agent", command, facts.agent_log, facts.user, reads=reads)


def _configuration(facts, place):
    settings = {
        "serial": facts.serial,
        "database": os.path.join(facts.state, "data", "local-registry.db"),
        "mqtt-ca": facts.ca,
        "mqtt-certificate": facts.certificate,
        "mqtt-key": facts.key,
        "profiles": facts.config("profiles"),
        "admin-address": "127.0.0.1",
        **place,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    return "\n".join(["# Written by ./dmp up; changes here are overwritten.", *lines, ""])


def _copy_profiles(facts):
    """The probe profiles as the agent's user can read them; returns all their text."""
    if not facts.profiles:
        return ""
    texts = {}
    for name in sorted(os.listdir(facts.profiles)):
        if name.endswith(".json"):
            with open(os.path.join(facts.profiles, name), encoding="utf-8") as file:
                texts[name] = file.read(_PROFILE_BYTES_MAX)
    folder = facts.config("profiles")
    for old in set(os.listdir(folder)) - set(texts):
        with as_owner(facts.user), contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, old))
    for name, text in texts.items():
        facts.write_config(os.path.join("profiles", name), text)
    return "\n".join(texts.values())


def _version(program):
    """Tells one build of the program from the next."""
    try:
        found = os.stat(program)
    except OSError as error:
        raise LabError(f"no agent to start: {program}: {error.strerror}") from error
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"


def _wrong_clock(offset):
    """The words before a command that put its wall clock off by `offset`."""
    if not offset:
        return ()
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        raise LabError("no wrong clock without libfaketime; install the package libfaketime")
    return ("env", f"LD_PRELOAD={found[0]}", f"FAKETIME={offset}", "FAKETIME_DONT_FAKE_MONOTONIC=1")
