"""walls"""

from collections.abc import Sequence

from shared.wall_tables import raise_walls, tear_down

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PACKAGE = "crm"
ENCLOSED = ("cases", "customers", "items", "orders", "timeline")
CUSTOMERS_MAY = {
    "customers": "SELECT",
    "orders": "SELECT",
    "timeline": "SELECT",
    "cases": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    raise_walls(PACKAGE, ENCLOSED, CUSTOMERS_MAY)


def downgrade() -> None:
    tear_down(PACKAGE, ENCLOSED)
