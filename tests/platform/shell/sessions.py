"""Sessions of accounts, without the work of a log-in."""

from chargeloop.platform.shell.accounts.account import Account
from chargeloop.platform.shell.accounts.store import AccountStore, Session


async def session_of(store: AccountStore, account: Account) -> Session:
    """Begins a session of an account that may come in."""
    proven = await store.password_hash(account.login)
    assert proven is not None
    session = await store.begin(account.login, proven, account.region)
    assert session is not None
    return session
