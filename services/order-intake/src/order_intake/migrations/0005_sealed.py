"""consignees are sealed and can be erased"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.alter_column("orders", "ship_to", existing_type=sa.Text(), nullable=True)
    op.add_column("orders", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("orders_erased", "orders", "(ship_to IS NULL) = (erased_at IS NOT NULL)")
    op.create_index("orders_plain", "orders", ["order_id"], postgresql_where="ship_to_key_id IS NULL AND ship_to IS NOT NULL")


def downgrade() -> None:
    op.drop_index("orders_plain", table_name="orders")
    op.drop_constraint("orders_erased", "orders")
    op.drop_column("orders", "erased_at")
    op.alter_column("orders", "ship_to", existing_type=sa.Text(), nullable=False)
