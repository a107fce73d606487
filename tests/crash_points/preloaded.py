"""What every process of the stage has imported before it is forked: each then lives within a moment."""

import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

import shared.worker
import uvloop
from shared.main import main

PACKAGES = ("order_intake", "inventory", "dispatch", "crm", "kpi")
SERVICES: dict[str, ModuleType] = {package: importlib.import_module(f"{package}.app") for package in PACKAGES}
OTHERS = {
    "shared": importlib.import_module("shared.__main__"),
    "kpi.rebuild": importlib.import_module("kpi.rebuild"),
}
__all__ = ["run", "shared", "uvloop"]


def settle() -> None:
    """No forked process walks or copies what was imported when it collects its garbage."""
    gc.collect()
    gc.freeze()


def run(words: Sequence[str], environment: Mapping[str, str], folder: str, log: str) -> None:
    """As `python -m` with these words in this folder."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    module, *arguments = sys.argv = list(words)
    if module in SERVICES:
        main(SERVICES[module].SERVICE, arguments)
    else:
        OTHERS[module].main()
