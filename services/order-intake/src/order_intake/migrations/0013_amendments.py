"""amendments"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import enclose, open_to_customers
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CUSTOMERS_MAY = {"order_amendments": "SELECT, INSERT"}


def upgrade() -> None:
    op.add_column("orders", sa.Column("open_amendment", sa.Integer(), nullable=True))
    op.create_table(
        "order_amendments",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("amendment_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lines", JSONB(), nullable=True),
        sa.Column("requested", JSONB(), nullable=True),
        sa.Column("promised_earliest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_latest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("former_promised_earliest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("former_promised_latest", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ship_to", sa.Text(), nullable=True),
        sa.Column("former_ship_to", sa.Text(), nullable=True),
        sa.Column("former_consignee_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "amendment_no", name="order_amendments_pkey"),
        sa.UniqueConstraint("order_id", "reference", name="order_amendments_reference"),
        sa.CheckConstraint(
            "num_nulls(promised_earliest, promised_latest, former_promised_earliest, former_promised_latest) IN (0, 4)",
            name="order_amendments_promise_whole",
        ),
        sa.CheckConstraint("(ship_to IS NULL) = (former_ship_to IS NULL)", name="order_amendments_consignee_whole"),
        comment="What an order was changed to before its release, and from what. Addresses are sealed under the order's key.",
    )
    for statement in (*enclose("order_intake", CUSTOMERS_MAY), *open_to_customers("order_intake", CUSTOMERS_MAY)):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("order_amendments")
    op.drop_column("orders", "open_amendment")
