"""walls"""

from collections.abc import Sequence

from shared.wall_tables import forget_customers, name_customers, raise_walls, tear_down

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PACKAGE = "dispatch"
ENCLOSED = ("shipments", "shipment_lines", "deliveries")
CHILDREN = {
    "shipment_lines": ("shipments", "shipment_id"),
}
CUSTOMERS_MAY = {
    "shipments": "SELECT",
    "shipment_lines": "SELECT",
    "deliveries": "SELECT",
}


def upgrade() -> None:
    name_customers(CHILDREN)
    raise_walls(PACKAGE, ENCLOSED, CUSTOMERS_MAY)


def downgrade() -> None:
    tear_down(PACKAGE, ENCLOSED)
    forget_customers(CHILDREN)
