"""How many files and connections this process may have open at a time."""

import resource


def allow_many() -> int:
    """Raise the soft limit of open files, usually 1,024, to the hard one, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
