"""A door between network namespaces: HAProxy accepts in one and connects in another.

A socket belongs to the namespace it was made in, whoever holds it. So the listening socket is made
there and handed to HAProxy, which runs on the other side: no route, no address to share, no socket
file; and TLS passes through untouched, end to end.
"""

import os

from .parts import Spec, as_user

_CONNECTIONS_MAX = 64


def spec(facts, name, listener, enter, target):
    """The process that carries what arrives at `listener` to `target` ("host:port"), which is
    reached from where `enter` leads."""
    text = f"""\
global
  maxconn {_CONNECTIONS_MAX}
  nbthread 1
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen {name}
  bind fd@{listener.fileno()}
  server target {target}
"""
    path = facts.write_config(f"lab-{name}.cfg", text)
    os.set_inheritable(listener.fileno(), True)
    command = (*enter, *as_user(facts.user), "haproxy", "-db", "-q", "-f", path)
    return Spec(name, command, facts.log, facts.user, descriptors=(listener.fileno(),), reads=text)
