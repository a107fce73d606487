"""`python -m <service> audit verify`: is every entry as it was when it was sealed?"""

from rich.console import Console
from rich.progress import Progress

from shared.audit.chain import NOTHING, Head
from shared.audit.verifying import Verifier
from shared.database import open_pool
from shared.service import Service
from shared.settings import Settings
from shared.walls import Role


async def verify(service: Service, settings: Settings, begin: Head | None, expected: Head | None) -> bool:
    pool = await open_pool(settings.database(service.package, Role.STAFF), 2)
    console = Console()
    try:
        verifier = Verifier(pool, begin or NOTHING, expected)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Entries", total=await verifier.total())
            found = await verifier.run(lambda checked: progress.update(task, completed=checked))
    finally:
        await pool.close()
    for fault in found.first:
        console.print(fault, markup=False, highlight=False, soft_wrap=True)
    if found.faults:
        console.print(f"{found.faults} faults in {verifier.checked} entries of {service.name}.", soft_wrap=True)
    else:
        console.print(f"{verifier.checked} entries of {service.name} are as they were sealed. Head: {verifier.head}", soft_wrap=True)
    return not found.faults
