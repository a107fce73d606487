"""Inventory reports for EDI partners"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import enclose, open_to_customers
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CUSTOMERS_MAY = {"edi_reports": "SELECT, INSERT"}


def upgrade() -> None:
    op.create_table(
        "edi_reports",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("warehouse", sa.Text(), nullable=True),
        sa.Column("daily_on", sa.Date(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("documents", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("report_id"),
        sa.UniqueConstraint("partner", "daily_on", name="edi_reports_daily"),
        sa.CheckConstraint("(counted_at IS NULL) = (documents IS NULL)", name="edi_reports_counted"),
        comment="Inventory reports that were asked for, by a person or by the day; `documents` were said of it.",
    )
    op.create_index("edi_reports_by_partner", "edi_reports", ["partner", "report_id"])
    op.create_table(
        "edi_report_parts",
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("balances", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "part", name="edi_report_parts_pkey"),
        comment="What stock.reported told of a report, until its last part has come.",
    )
    for statement in (*enclose("order_intake", ("edi_reports", "edi_report_parts")), *open_to_customers("order_intake", CUSTOMERS_MAY)):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("edi_report_parts")
    op.drop_table("edi_reports")
