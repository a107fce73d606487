"""Keys of customers and staff, and what crm alone knows of those that it issued."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from shared.walls import enclose, open_to_customers

from shared import key_tables

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CUSTOMERS_MAY = {
    "issued_keys": "SELECT, INSERT",
    "api_keys": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    key_tables.change()
    op.create_table(
        "issued_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.CheckConstraint("(role IS NULL) = (customer_id IS NOT NULL)", name="issued_keys_role_of_staff"),
        sa.PrimaryKeyConstraint("key_id"),
        comment="What crm alone knows of a key: what it is for.",
    )
    op.create_index("issued_keys_by_customer", "issued_keys", ["customer_id", "key_id"], unique=False)
    for statement in (*enclose("crm", ["issued_keys"]), *open_to_customers("crm", CUSTOMERS_MAY)):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("issued_keys")
    key_tables.change_back()
