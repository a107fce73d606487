"""erasures"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import enclose, open_to_customers

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CUSTOMERS_MAY = {
    "erasures": "SELECT, INSERT",
    "erasure_orders": "SELECT, INSERT",
}


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("wanted_key_id", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Text(), nullable=True),
        sa.Column("searched_to", sa.UUID(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('searching', 'erasing', 'done')", name="erasures_status"),
        sa.CheckConstraint("(wanted IS NOT NULL) = (status = 'searching')", name="erasures_wanted"),
        sa.CheckConstraint("(finished_at IS NOT NULL) = (status = 'done')", name="erasures_finished"),
        sa.PrimaryKeyConstraint("erasure_id"),
        comment="`wanted` is whom to look for, sealed under a key of its own; both go when the search has ended at `searched_to`.",
    )
    op.create_index("erasures_by_customer", "erasures", ["customer_id", "erasure_id"])
    op.create_index("erasures_unfinished", "erasures", ["status", "erasure_id"], postgresql_where="finished_at IS NULL")
    op.create_table(
        "erasure_orders",
        sa.Column("erasure_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("erasure_id", "order_id", name="erasure_orders_pkey"),
        comment="Which orders an erasure means; the one that has not ended yet waits for its end.",
    )
    op.create_index("erasure_orders_open", "erasure_orders", ["order_id"], postgresql_where="erased_at IS NULL")
    for statement in (*enclose("order_intake", CUSTOMERS_MAY), *open_to_customers("order_intake", CUSTOMERS_MAY)):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("erasure_orders")
    op.drop_table("erasures")
