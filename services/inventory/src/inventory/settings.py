from typing import Annotated

from pydantic import Field
from shared.settings import Settings as Shared


class Settings(Shared):
    port: int = 8002
    sscc_prefix: Annotated[str, Field(pattern=r"^\d{4,12}$")] = "9521234"
    """The GS1 company prefix in the numbers of our cartons; the default lies in the range that GS1 keeps for examples."""
