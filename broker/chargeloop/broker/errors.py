"""What can go wrong with a broker that we run."""


class BrokerError(RuntimeError):
    """The broker could not be started, or it ended by itself; the message says why."""
