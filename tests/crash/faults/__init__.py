"""Everything that may go wrong, by name. A fault takes what it needs for itself, does its harm, undoes it, and says what it did."""

from tests.crash.faults import again, database, events, kafka, load, machine, network, processes  # noqa: F401 - they fill the catalogue
from tests.crash.faults.catalogue import CATALOGUE as CATALOGUE
from tests.crash.faults.catalogue import Absent as Absent
from tests.crash.faults.catalogue import Field as Field
