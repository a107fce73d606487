"""Keys of customers and staff, and what crm alone knows of those that it issued."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from shared import key_tables

revision: str = "0003"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


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


def downgrade() -> None:
    op.drop_table("issued_keys")
    key_tables.change_back()
