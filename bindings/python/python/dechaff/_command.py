"""The command `dechaff`. It runs the same code as the binary, inside the Python process."""

from __future__ import annotations

import signal
import sys

from dechaff._dechaff import command


def main() -> int:
    # Python runs its handler only once the command has returned. With the default action, Ctrl-C
    # ends the process, and the command can install its own handler. `SIG_IGN`, which shells set for
    # background jobs, is kept.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
