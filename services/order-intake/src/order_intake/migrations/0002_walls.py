"""walls"""

from collections.abc import Sequence

from shared.wall_tables import forget_customers, name_customers, raise_walls, tear_down

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PACKAGE = "order_intake"
ENCLOSED = ("customers", "holds", "items", "order_history", "order_lines", "orders", "reservations")
CHILDREN = {
    "order_lines": ("orders", "order_id"),
    "order_history": ("orders", "order_id"),
    "holds": ("orders", "order_id"),
    "reservations": ("orders", "order_id"),
}
CUSTOMERS_MAY = {
    "orders": "SELECT, INSERT, UPDATE",
    "order_lines": "SELECT, INSERT, UPDATE",
    "order_history": "SELECT, INSERT",
    "holds": "SELECT, INSERT",
    "reservations": "SELECT, INSERT, DELETE",
    "customers": "SELECT",
    "items": "SELECT",
}


def upgrade() -> None:
    name_customers(CHILDREN)
    raise_walls(PACKAGE, ENCLOSED, CUSTOMERS_MAY)


def downgrade() -> None:
    tear_down(PACKAGE, ENCLOSED)
    forget_customers(CHILDREN)
