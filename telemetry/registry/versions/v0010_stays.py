"""Where devices stood before they were moved."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stays",
        sa.Column("device", _id(), nullable=False),
        sa.Column("until", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("region", _id(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.id"], name="fk_stays_device"),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name="fk_stays_region"),
        sa.PrimaryKeyConstraint("device", "until", name="pk_stays"),
    )


def _id() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
