"""`python -m shared topics`: make the topics on the bus."""

import argparse
import asyncio

from shared.buses import TOPICS, make_topics
from shared.settings import Settings
from shared.starting import read_settings


def main() -> None:
    parser = argparse.ArgumentParser("python -m shared", description="What no single service owns.")
    parser.add_argument("command", choices=["topics"])
    parser.parse_args()
    asyncio.run(make_topics(read_settings(Settings)))
    print(f"{len(TOPICS)} topics are there.")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
