"""Starts MiniStack 1.5.33 without two delays that would add about 90 ms to every invocation.

Its Lambda Runtime API writes the header and the body of an answer apart, which Nagle's algorithm and delayed
acknowledgements turn into 40 ms; and after every invocation it waits up to 50 ms for a first line of log.
Both names are private to MiniStack: check them again when its version in requirements-ministack.txt changes.
"""

import socketserver
import sys

socketserver.StreamRequestHandler.disable_nagle_algorithm = True

from ministack.core import lambda_runtime  # noqa: E402

lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.001, 0.250)

from ministack.app import main  # noqa: E402

sys.argv = ["ministack"]
main()
