"""changes of orders by EDI"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import open_to_customers

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHANGE = ["partner", "type", "document_number", "change_number", "purpose"]
ONCE = "What became of each message; a document that placed an order is taken once"


def upgrade() -> None:
    op.add_column("edi_messages", sa.Column("change_number", sa.Text(), nullable=True))
    where = "effect = 'changed' AND change_number IS NOT NULL"
    op.create_index("edi_messages_change", "edi_messages", CHANGE, unique=True, postgresql_where=where)
    op.create_table_comment("edi_messages", f"{ONCE}, a numbered change of one as well.")
    for statement in open_to_customers("order_intake", {"edi_orders": "UPDATE (facts)"}):
        op.execute(statement)


def downgrade() -> None:
    op.execute("REVOKE UPDATE (facts) ON edi_orders FROM order_intake_customer")
    op.create_table_comment("edi_messages", f"{ONCE}.")
    op.drop_index("edi_messages_change", "edi_messages")
    op.drop_column("edi_messages", "change_number")
