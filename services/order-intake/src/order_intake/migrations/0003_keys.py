"""Keys of customers and staff, as crm says them."""

from collections.abc import Sequence

from shared import key_tables

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    key_tables.change()


def downgrade() -> None:
    key_tables.change_back()
