"""Who runs here, by what their command lines name."""

from pathlib import Path


def naming(text):
    """Command lines of processes that name `text`, the ./dmp that was typed left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(text) in line and "compose/main.py" not in line:
            found.append(line)
    return found
