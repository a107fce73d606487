"""orders under way"""

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNDER_WAY = "status NOT IN ('cancelled', 'closed', 'delivered', 'rejected')"


def upgrade() -> None:
    op.create_index("orders_under_way", "orders", ["customer_id"], postgresql_where=UNDER_WAY)


def downgrade() -> None:
    op.drop_index("orders_under_way", table_name="orders")
