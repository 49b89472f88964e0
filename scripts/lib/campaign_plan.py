# SPDX-License-Identifier: GPL-2.0-only
"""Which workers there are, and which of them have the cores now."""

from dataclasses import dataclass

TARGETS = ("fuzz_host", "fuzz_heap", "fuzz_corrupt", "fuzz_text")

# Shares of the time. fuzz_text is about our own reader alone.
WEIGHTS = {"fuzz_text": 1}
WEIGHT = 3


@dataclass(frozen=True)
class Kind:
    """A kind of worker."""
    name: str
    engine: str  # libfuzzer or afl
    preset: str
    options: tuple = ()  # of afl-fuzz
    main: bool = False
    own_mutations: bool = False  # AFL++'s beside our mutator's
    trim: bool = False


KINDS = {kind.name: kind for kind in (
    Kind("asan", "libfuzzer", "libfuzzer-asan"),
    Kind("ubsan", "libfuzzer", "libfuzzer-ubsan"),
    Kind("both", "libfuzzer", "libfuzzer"),
    Kind("main", "afl", "afl", main=True),
    Kind("aflasan", "afl", "afl-asan", ("-p", "explore")),
    # CMPLOG's finds would be lost if our mutator were the only one
    Kind("cmplog", "afl", "afl", ("-p", "explore"), own_mutations=True),
    Kind("exploit", "afl", "afl", ("-p", "exploit", "-Z")),
    Kind("explore", "afl", "afl", ("-p", "explore"), own_mutations=True, trim=True),
)}

# One of each for each target; where there are more cores, more of MORE.
MIX = ("asan", "main", "ubsan", "aflasan", "cmplog", "exploit", "explore")
MORE = ("asan", "exploit", "ubsan", "explore", "asan", "cmplog")


@dataclass(frozen=True)
class Role:
    """A worker that there is, whether it runs now or not."""
    name: str
    target: str
    kind: Kind


def roles(targets, kinds, jobs, host):
    """At least one of each kind for each target, and no fewer than the jobs.

    The host is in each name: folders of several machines go together.
    """
    wanted = [(target, kind) for kind in kinds for target in targets]
    least = len(wanted)
    more = [kind for kind in MORE if kind in kinds] or \
           [kind for kind in kinds if not KINDS[kind].main]
    while more and len(wanted) < jobs:
        wanted += [(target, kind) for kind in more for target in targets]

    found = []
    for target, kind in wanted[:max(jobs, least)]:
        same = sum(role.target == target and role.kind.name == kind for role in found)
        name = f"{kind}{same + 1 if same else ''}-{host}"
        found.append(Role(name, target, KINDS[kind]))
    return found


def key(role):
    """What a role is called in the books: one word for it in all targets."""
    return f"{role.target}/{role.name}"


def _share(roles_of, served):
    return sum(served.get(key(role), 0.0) for role in roles_of)


def pick(all_roles, served, jobs, seconds):
    """Who runs in the next slice of so many seconds: those who had least of their share.

    First the engine that had least, of it the target that had least for its
    weight, of that the role. Over a round each engine has half of the time, each
    target its weight's part of that, each role an equal part.
    """
    served = dict(served)
    left = list(all_roles)
    chosen = []
    while left and len(chosen) < jobs:
        engine = min(sorted({role.kind.engine for role in left}, reverse=True),
                     key=lambda e: _share([r for r in all_roles if r.kind.engine == e], served))
        of_engine = [role for role in left if role.kind.engine == engine]
        everyone = [role for role in all_roles if role.kind.engine == engine]
        # the other engine is at another target, if both had as much
        taken = [role.target for role in chosen]
        target = min(dict.fromkeys(role.target for role in of_engine), key=lambda t: (
            _share([r for r in everyone if r.target == t], served) / WEIGHTS.get(t, WEIGHT),
            taken.count(t)))
        role = min((role for role in of_engine if role.target == target),
                   key=lambda r: served.get(key(r), 0.0))
        chosen.append(role)
        left.remove(role)
        served[key(role)] = served.get(key(role), 0.0) + seconds
    return chosen
