"""walls"""

from collections.abc import Sequence

from shared.wall_tables import raise_walls, tear_down

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PACKAGE = "kpi"
ENCLOSED = ("case_facts", "line_facts", "order_facts")
CUSTOMERS_MAY = {
    "order_facts": "SELECT",
    "line_facts": "SELECT",
    "case_facts": "SELECT",
}


def upgrade() -> None:
    raise_walls(PACKAGE, ENCLOSED, CUSTOMERS_MAY)


def downgrade() -> None:
    tear_down(PACKAGE, ENCLOSED)
