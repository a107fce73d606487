"""the walls ask once a statement whose rows it sees"""

from collections.abc import Sequence

from shared.wall_tables import renew_walls

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    renew_walls()


def downgrade() -> None:
    """The policies before meant the same."""
