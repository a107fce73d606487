from typing import ClassVar

from shared.events.base import Event, Instant, Topic

STAFF = "/staff"
"""In place of a customer's id where a key belongs to our own people: no customer is called so, as a code has no slash."""


class CustomerRegistered(Event):
    """The owner of goods as we serve it from now on. `blocked`: new orders are held."""

    type: ClassVar[str] = "customer.registered.v1"
    topic: ClassVar[Topic] = Topic.CUSTOMERS

    blocked: bool

    @property
    def aggregate(self) -> str:
        return f"customer/{self.customer_id}"

    @property
    def key(self) -> str:
        return self.customer_id


class KeyEvent(Event):
    topic: ClassVar[Topic] = Topic.CUSTOMERS

    key_id: str

    @property
    def aggregate(self) -> str:
        return f"api_key/{self.key_id}"

    @property
    def key(self) -> str:
        return self.customer_id

    @property
    def owner(self) -> str | None:
        """The customer whose rows alone it opens; None: a key of our own staff."""
        return None if self.customer_id == STAFF else self.customer_id


class ApiKeyIssued(KeyEvent):
    """Whoever shows the secret with this SHA-256 (hexadecimal) may do what `scopes` say until `expires_at`, for the customer's things only.

    Where the key is one of our own people, the customer is `/staff`, and all customers' things are meant.
    """

    type: ClassVar[str] = "api_key.issued.v1"

    secret_hash: str
    scopes: tuple[str, ...]
    expires_at: Instant | None = None


class ApiKeyRevoked(KeyEvent):
    """The key opens nothing any more."""

    type: ClassVar[str] = "api_key.revoked.v1"
