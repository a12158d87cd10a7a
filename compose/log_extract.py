"""What a log has to say to whoever reads only the terminal: the words of what failed, and its end."""

import re
from pathlib import Path

LAST_LINES = 15
BLOCK_LINES_MAX = 30
SAID_LINES_MAX = 60
READ_BYTES_MAX = 4 * 1024 * 1024

# How the tools that write our logs begin the account of one failure: unittest, GoogleTest, the
# sanitizers, Ninja. ctest in verbose mode puts the test's number in front.
BEGINS = re.compile(
    r"(?:\d+: )?(?:(?:FAIL|ERROR): |\S+:\d+: Failure$|(?:=+\d+=+)?(?:ERROR|WARNING): \w+Sanitizer|FAILED: )"
)
# ... and what ends it.
ENDS = re.compile(r"(?:\d+: )?(?:$|={20}|\[ +\w+ +\] |\[\d+/\d+\])")


def telling_lines(path):
    """The accounts of failures in the log, then its last lines; bounded, whatever its size."""
    try:
        lines = _end_of(path)
    except OSError as error:
        return [f"(cannot be read: {error.strerror})"]
    told = _accounts(lines[:-LAST_LINES])
    if len(told) > SAID_LINES_MAX:
        told = [*told[:SAID_LINES_MAX], f"... {len(told) - SAID_LINES_MAX} more such lines in the log"]
    return [*told, *lines[-LAST_LINES:]]


def last_line(path):
    """The log's last line; empty if it has none."""
    return next(reversed(_end_of(path)), "")


def _end_of(path):
    with Path(path).open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - READ_BYTES_MAX))
        return file.read().decode(errors="replace").splitlines()


def _accounts(lines):
    told, left = [], 0
    for line in lines:
        if BEGINS.match(line):
            left = BLOCK_LINES_MAX
        elif ENDS.match(line):
            left = 0
        if left:
            told.append(line)
            left -= 1
    return told
