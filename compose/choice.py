"""Words that a person typed, out of a known set."""

import difflib

from compose.report import Failure


def checked(what, typed, known, command):
    """`typed`, each once; a failure names the nearest of `known` as `command` would take it."""
    for word in typed:
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1)
            raise Failure(
                f"there is no {what} {word!r}",
                f"{command} {near[0]}" if near else f"one of: {', '.join(known)}",
            )
    return tuple(dict.fromkeys(typed))
