"""`./dmp COMMAND`: reads the command line and runs the command."""

import signal

# Until endings.unwind(): Python's own handler would tell in which import it was.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse  # noqa: E402
import difflib  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import shlex  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[0] = str(CHECKOUT)  # was compose/, whose module names are not meant to be top-level ones

from compose import account, commands, endings  # noqa: E402
from compose.report import Failure, Report  # noqa: E402

OPEN_FILES = 65536
DEMO_JSON = (
    "the result to the standard output, the rest to standard error: {kept, interrupted, failure,"
    " seconds, promises: [{name, promise, kept, seconds, seen, expected, ended, logs, again}]}; of"
    " a demo that was interrupted or could not go on (failure), the promises decided until then"
)


def parser():
    """All commands with their arguments; `lab` reads its own."""
    top = argparse.ArgumentParser(
        prog="./dmp", description="Device Management Platform: everything runs from here."
    )
    add = top.add_subparsers(dest="command", metavar="COMMAND", title="commands").add_parser

    up = add(
        "up", help="install what is missing, build, start everything, wait for the lab's devices"
    )
    what = up.add_mutually_exclusive_group()
    what.add_argument("--without-lab", action="store_true", help="no virtual lab")
    what.add_argument("--servers", action="store_true", help="only PostgreSQL, Kafka and Mosquitto")
    status = add("status", help="every part: does it run, is it ready, and why not")
    status.add_argument("--json", action="store_true", help="for programs")
    env = add("env", help='export lines for a shell: eval "$(./dmp env)"')
    certificate = add(
        "certificate", help="issue an MQTT certificate; prints its file and its key's"
    )
    certificate.add_argument("name", help="a RAE's serial, or bridge-SOMETHING for a bridge")
    logs = add("logs", help="the end of the logs")
    logs.add_argument("part", nargs="?", help="only this part's")
    logs.add_argument(
        "-f", "--follow", action="store_true", help="go on as they grow; Ctrl-C ends it"
    )
    down = add("down", help="stop everything; the data stays")
    down.add_argument(
        "--wipe", action="store_true", help="delete the data, certificates and secrets too"
    )
    add("lab", help="the virtual lab: ./dmp lab --help")
    test = add("test", help="build and run the tests; without labels, all that CI runs")
    test.add_argument("labels", nargs="*", metavar="LABEL", help=", ".join(commands.TEST_LABELS))
    demo = add("demo", help="show every promise of the platform kept, in a stack of its own")
    demo.add_argument(
        "--only", metavar="NAME", action="append", choices=commands.DEMO_NAMES,
        help=f"only this one; may be repeated: {', '.join(commands.DEMO_NAMES)}",
    )  # fmt: skip
    demo.add_argument("--short", action="store_true", help="every promise, but less load; for CI")
    demo.add_argument("--json", action="store_true", help=DEMO_JSON)
    bench = add("bench", help="measure the platform, in a stack of its own")
    bench.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of: {', '.join(commands.BENCH_NAMES)}"
    )
    bench.add_argument("--json", metavar="FILE", help="write the figures there too")
    bench.add_argument(
        "--scale", type=float, default=1.0, help="so much of the load and of the outages (0 to 1)"
    )
    for command in (up, status, env, certificate, logs, down, test, demo, bench):
        command.add_argument(
            "--user", help="as root: who runs the servers (default: who called sudo, else postgres)"
        )
    return top


def parse(words):
    """Words to arguments; those after `lab` are the lab's own."""
    if words[:1] == ["lab"]:
        return argparse.Namespace(command="lab", user=None, words=words[1:])
    return parser().parse_args(words)


def unknown(word, known):
    """The sentence for a command that does not exist."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean ./dmp {near[0]}?" if near else "./dmp --help lists them"
    return f"./dmp: there is no command {word!r}; {hint}"


def main(words):
    names = commands.TABLE
    if words and not words[0].startswith("-") and words[0] not in names:
        print(unknown(words[0], names), file=sys.stderr)
        return 2
    arguments = parse(words)
    if arguments.command is None:
        parser().print_help()
        return 2
    _allow_many_files()
    try:
        endings.unwind()
        return names[arguments.command](CHECKOUT, Report(), arguments)
    except Failure as failure:
        account.end_lending()  # the log to show may be anywhere
        print(f"./dmp {shlex.join(words)}: {failure.text()}", file=sys.stderr)
        return endings.exit_code(otherwise=1)
    except BrokenPipeError:  # `./dmp status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # full disk, no permission: the machine's state, not a bug of ours
        print(f"./dmp {shlex.join(words)}: {error}", file=sys.stderr)
        return endings.exit_code(otherwise=1)
    except endings.Interrupted as end:
        if arguments.command == "up":
            print("./dmp up continues, ./dmp down stops what runs", file=sys.stderr)
        return end.exit_code


def _allow_many_files():
    """Servers inherit it: Mosquitto keeps a soft limit of 1024, which 1000 devices exhaust."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
