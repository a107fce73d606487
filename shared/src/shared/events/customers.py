from typing import ClassVar

from shared.events.base import Event, Topic


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
