from shared.tables import add_plumbing
from sqlalchemy import MetaData

metadata = MetaData()
add_plumbing(metadata)
