"""How many files and connections this process, and those that it starts, may have open at a time."""

import resource
import sys


def allow_many() -> int:
    """Raise the soft limit of open files, usually 1,024, to the hard one, and return how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # The system's word for "no limit" is a negative number.
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
