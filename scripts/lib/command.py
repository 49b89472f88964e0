# SPDX-License-Identifier: GPL-2.0-only
"""How a script begins and ends: what it says of what went wrong, its exit status, and
that no process outlives it; and many things of a kind, some at a time."""

import concurrent.futures
import os
import sys
import traceback

import fuzz_children
from fuzz_error import Stop


def _end(name, main, interrupted):
    """Return: the exit status of MAIN, or of what ended it."""
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
        return status
    except Stop as stop:
        print(f"{name}: {stop.text}", file=sys.stderr)
        return stop.status
    except OSError as error:
        words = f"{error.filename or 'output'}: {error.strerror}" if error.strerror else error
        print(f"{name}: {words}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: {interrupted}", file=sys.stderr)
        return None
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        print(f"{name}: HARNESS BUG, see above", file=sys.stderr)
        return 3


def run(name, main, interrupted="interrupted", at_once=False):
    """Ends the process with what MAIN returns of the arguments: 2 if it cannot be done
    or on Ctrl-C, 3 if it is our own fault. INTERRUPTED is said on Ctrl-C; AT_ONCE does
    not wait then for what threads are at."""
    status = None
    try:
        status = _end(name, main, interrupted)
    finally:  # also after sys.exit()
        fuzz_children.kill_all()
    if status is None and at_once:
        os._exit(2)
    sys.exit(2 if status is None else status)


def each(jobs, function, things):
    """FUNCTION of each, in JOBS threads. Return: what came, in the order of THINGS. The
    first that fails ends it; what has not begun then does not begin."""
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    futures = [pool.submit(function, thing) for thing in things]
    try:
        for future in concurrent.futures.as_completed(futures):
            future.result()
    finally:  # where all is well there is nothing to wait for, and else nobody waits
        pool.shutdown(wait=False, cancel_futures=True)
    return [future.result() for future in futures]
