"""What the owner accepts for a time, as far as it decides what is asked: telnet, by an exception from CFG-05."""

from datetime import date

from evidence.log.history import History
from evidence.model.names import AssetId
from evidence.normalise.access import TELNET
from evidence.registers.reading import read_registers

REQUIREMENT = "CFG-05"


def telnet_accepted(history: History, today: date) -> frozenset[AssetId]:
    """
    Return the assets for which an exception that lives on `today` accepts telnet.

    It has to name the asset: one for the whole site opens nothing. Whether its compensating controls hold is judged
    (EXC-01), not asked here: they are judged by what is read.
    """
    day = today.isoformat()
    return frozenset(
        asset
        for exception in read_registers(history).exceptions
        if exception.requirement == REQUIREMENT and exception.row in (None, TELNET)
        if exception.approved <= day <= exception.expires
        for asset in exception.assets
    )
