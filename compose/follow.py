"""Running a long command: all it prints goes to a log, what it says of its progress is shown."""

import subprocess


def follow(command, log, step, progress, **where):
    """Runs `command`, appending to `log`; returns its exit code. The groups of `progress`,
    where a line begins with it, are the step's news. `where`: cwd, env, user for subprocess."""
    with (
        log.open("ab") as out,
        subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **where,
        ) as child,
    ):
        try:
            for line in child.stdout:
                out.write(line)
                out.flush()
                found = progress.match(line.decode(errors="replace"))
                if found:
                    step.news(" ".join(filter(None, found.groups())))
        except BaseException:
            child.terminate()  # interrupted: it must not go on alone
            raise
    return child.returncode
