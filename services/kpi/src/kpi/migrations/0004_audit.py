"""Who did what: entries and their seals, which only grow."""

from collections.abc import Sequence

from shared.audit import migration

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    migration.create("kpi")


def downgrade() -> None:
    migration.drop()
