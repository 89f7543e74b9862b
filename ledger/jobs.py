from datetime import timedelta

from jobs.registry import job
from ledger import actions, copies, witness
from lib import clock


@job(every=timedelta(seconds=2), lease=timedelta(minutes=5), lane="sealing")
def seal() -> None:
    """Seal what was written since. Twice is harmless: only one at a time appends."""
    actions.seal(now=clock.now())


@job(every=timedelta(hours=1))
def copy_checkpoint() -> None:
    """Let the latest checkpoint leave the house, once a day by each way.

    What went today does not go again; a crash in between sends the same thing twice.
    """
    copies.copy_out(now=clock.now())


@job(every=timedelta(minutes=1), lane="witnesses")
def ask_witnesses() -> None:
    """Let witnesses sign the latest checkpoint. Who has signed it is not asked again, and a
    second signature for the same checkpoint would say nothing else.
    """
    witness.ask_all()
