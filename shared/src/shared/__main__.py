"""`python -m shared <command>`: what no single service owns."""

import argparse
import asyncio

from shared.buses import TOPICS, make_topics
from shared.key_store import open_key_store
from shared.key_upkeep import make_key_store, rewrap
from shared.sealing import new_master_key
from shared.settings import Settings
from shared.starting import ends_where_unavailable, read_settings


def main() -> None:
    chosen = _parser().parse_args()
    with ends_where_unavailable():
        _do(chosen)


def _do(chosen: argparse.Namespace) -> None:
    match chosen.command:
        case "topics":
            asyncio.run(make_topics(read_settings(Settings)))
            say(f"{len(TOPICS)} topics are there.")
        case "key-store":
            asyncio.run(make_key_store(read_settings(Settings).key_store(chosen.owner), chosen.writer, chosen.reader))
            say("The key store is there.")
        case "master-key":
            say(new_master_key(chosen.name))
        case "rewrap":
            count = asyncio.run(_rewrap(read_settings(Settings), chosen.owner))
            say(f"{count} keys are wrapped under the current master key now; the former ones may go.")


async def _rewrap(settings: Settings, owner: str) -> int:
    store = await open_key_store(settings.key_store(owner), settings.masters())
    try:
        return await rewrap(store)
    finally:
        await store.close()


def say(text: str) -> None:
    print(text)  # noqa: T201 - a command's answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m shared", description="What no single service owns.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("topics", help="make the topics on the bus")
    store = commands.add_parser("key-store", help="make the key store's tables in its database")
    store.add_argument("--writer", action="append", default=[], help="a login that makes and destroys keys; several times")
    store.add_argument("--reader", action="append", default=[], help="a login that may read keys and do nothing else; several times")
    made = commands.add_parser("master-key", help="print a new master key")
    made.add_argument("--name", default="main", help="its id, another one than the former keys have")
    anew = commands.add_parser("rewrap", help="wrap all subject keys under the current master key")
    for command in (store, anew):
        command.add_argument("--owner", default="order_intake", help="what stands for {database} in the URL")
    return parser


if __name__ == "__main__":
    main()
