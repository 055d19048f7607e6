"""Regions, profiles, devices, quarantine and ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _registry()
    _quarantine()
    _ledger()


def _id() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _registry() -> None:
    op.create_table(
        "regions",
        sa.Column("code", _id(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("parent", _id(), nullable=True),
        sa.Column("setting", sa.Text(), nullable=True),
        sa.Column("urban_rural_class", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_regions"),
        sa.ForeignKeyConstraint(
            ["parent"], ["regions.code"], name="fk_regions_parent", deferrable=True, initially="DEFERRED"
        ),
    )
    op.create_index("ix_regions_parent", "regions", ["parent"])
    op.create_table(
        "profiles",
        sa.Column("id", _id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_profiles"),
    )
    _devices()


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", _id(), nullable=False),
        sa.Column("profile", _id(), nullable=False),
        sa.Column("region", _id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("gateway", _id(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.ForeignKeyConstraint(["profile"], ["profiles.id"], name="fk_devices_profile"),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name="fk_devices_region"),
        sa.ForeignKeyConstraint(
            ["gateway"], ["devices.id"], name="fk_devices_gateway", deferrable=True, initially="DEFERRED"
        ),
    )
    op.create_index("ix_devices_profile", "devices", ["profile"])
    op.create_index("ix_devices_region", "devices", ["region"])
    op.create_index("ix_devices_gateway", "devices", ["gateway"])
    op.create_table(
        "changes",
        sa.Column("subject", _id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_changes"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("reason", _id(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("device", _id(), nullable=True),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("replayed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quarantine_received_at", "quarantine", ["received_at"])
    op.create_index("ix_quarantine_device_id", "quarantine", ["device", "id"])
    op.create_index("ix_quarantine_reason_id", "quarantine", ["reason", "id"])


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", _id(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "device", name="pk_ledger"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_device_day", "ledger", ["device", "day"])
    op.create_table(
        "in_flight",
        sa.Column("worker", _id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", _id(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "day", "device", name="pk_in_flight"),
        sqlite_with_rowid=False,
    )
