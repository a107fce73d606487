"""consignees are sealed and can be erased"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.alter_column("shipments", "ship_to_sealed", existing_type=sa.Text(), nullable=True)
    op.add_column("shipments", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("shipments_erased", "shipments", "(ship_to_sealed IS NULL) = (erased_at IS NOT NULL)")
    op.add_column("deliveries", sa.Column("key_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "key_id")
    op.drop_constraint("shipments_erased", "shipments")
    op.drop_column("shipments", "erased_at")
    op.alter_column("shipments", "ship_to_sealed", existing_type=sa.Text(), nullable=False)
