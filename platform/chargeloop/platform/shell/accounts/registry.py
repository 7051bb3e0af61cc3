"""Accounts together with their credentials of the broker: who is shut out is shut out of both.

A person who is disabled loses the sessions and the broker's credentials; who is enabled again gets new ones.
So does a person whose password is changed: somebody else may have had it, and with it the credentials.
"""

from dataclasses import dataclass

from chargeloop.broker.credentials import (
    BrokenCredentialsError,
    CredentialStore,
    RegionMismatchError,
    UnknownClientError,
)
from chargeloop.platform.shell.accounts.account import Account, AccountError, login_of, password_of
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.store import AccountStore


@dataclass(frozen=True, slots=True)
class Registry:
    """Opens, shuts and reopens accounts."""

    store: AccountStore
    credentials: CredentialStore
    passwords: Passwords

    async def open(self, account: Account, password: str) -> None:
        """Open a new account; one that cannot be opened gets no credentials.

        Raises:
            AccountError: its login name or id is taken, or the password or the region cannot be.
        """
        composed = password_of(password)
        self._require_grantable(account)
        await self.store.add(account, await self.passwords.hash(composed))
        self._grant(account)

    async def set_password(self, login: str, password: str) -> Account:
        """Give an account another password; its sessions end, and what it is connected with within seconds.

        Raises:
            AccountError: there is no such account, or the password cannot be one.
        """
        composed = password_of(password)
        account = await self.store.set_password(login_of(login), await self.passwords.hash(composed))
        if not account.disabled:
            self.credentials.renew(account.id, account.region)
        return account

    async def disable(self, login: str) -> Account:
        """Shut an account out; what it is connected with ends within seconds.

        Raises:
            AccountError: there is no such account.
        """
        account = await self.store.set_disabled(login_of(login), disabled=True)
        self.credentials.revoke(account.id)
        return account

    async def enable(self, login: str) -> Account:
        """Let an account in again.

        Raises:
            AccountError: there is no such account.
        """
        account = await self.store.set_disabled(login_of(login), disabled=False)
        self._grant(account)
        return account

    def _require_grantable(self, account: Account) -> None:
        """Refuse what could be granted no credentials, before anything is changed."""
        try:
            known = self.credentials.load(account.id)
        except BrokenCredentialsError as error:
            raise AccountError(str(error)) from None
        except UnknownClientError:
            return
        if known.region != account.region:
            held = f"already has credentials for region {known.region!r}, not {account.region!r}"
            message = f"{account.id} {held}"
            raise AccountError(message)

    def _grant(self, account: Account) -> None:
        try:
            self.credentials.grant(account.id, account.region)
        except (RegionMismatchError, BrokenCredentialsError) as error:
            raise AccountError(str(error)) from None
