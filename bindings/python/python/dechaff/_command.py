"""The command `dechaff`: the same code as that of the binary, run inside of Python's process."""

from __future__ import annotations

import signal
import sys

from dechaff._dechaff import command


def main() -> int:
    # Python's handlers wait for the interpreter, which waits for the command. What a program has by default ends it, or lets
    # the command set a handler of its own. Python's `SIG_IGN` of a shell's background job stays.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
