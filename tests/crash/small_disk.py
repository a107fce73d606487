"""A file system of its own below some of the tables, small enough to be full."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from deploy.local.errors import StackError
from deploy.local.postgres import Postgres

MEGABYTES = 192
TABLES = {"order_intake": ("orders", "order_lines", "order_history"), "inventory": ("stock_ledger", "reservations")}


class SmallDisk:
    """`fill` leaves nothing of it, `empty` takes that back."""

    def __init__(self, place: Path) -> None:
        self.place = place

    @classmethod
    def below(cls, folder: str) -> Self:
        """Where the server's user may enter as well."""
        own = Path(tempfile.mkdtemp(prefix="lsc-disk-", dir=folder))
        own.chmod(0o755)
        return cls(own / "small")

    def make(self, postgres: Postgres) -> None:
        """Raises StackError where no file system may be mounted."""
        self.place.mkdir(parents=True)
        size = f"size={MEGABYTES}m,mode=755"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", self.place], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        postgres.give(self.place / "tables")
        postgres.as_superuser(f"CREATE TABLESPACE small LOCATION '{self.place / 'tables'}'")
        for package, tables in TABLES.items():
            postgres.as_superuser("".join(f"ALTER TABLE {table} SET TABLESPACE small;" for table in tables), package)

    def fill(self) -> None:
        with (self.place / "ballast").open("wb") as ballast:
            for _ in range(shutil.disk_usage(self.place).free // 65536):
                ballast.write(bytes(65536))

    def empty(self) -> None:
        (self.place / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        subprocess.run(["umount", "-l", self.place], capture_output=True, check=False)
        shutil.rmtree(self.place.parent, ignore_errors=True)
