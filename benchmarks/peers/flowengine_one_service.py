"""flowengine: jobs of one service, from start to fulfilled, with a worker in the same process.

``python flowengine_one_service.py URL JOBS CLIENTS`` prints one JSON object: jobs a second. Each job is whole: the
customer's need is checked and kept, the call is claimed with a lease and an epoch, the handler runs outside any
transaction, its result is saved, the job ends, and history, hash chain and receipts are written. That all this was done
is checked at the end.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from time import perf_counter, sleep

from flowengine import Engine, HandlerCall, Worker, __version__

WARM, CONCURRENCY = 30, 8
"""Jobs to warm up, and calls at a time."""

PROCESS = """
process: one_service
title: One service
need: Cloth
states:
  need:
    type: need
    ask: Which cloth?
    fields: {cloth: {type: string}}
    next: order
  order:
    type: service
    call: order_cloth
    input: {cloth: data.need.cloth}
    on: {done: fulfilled, failed: lost}
  fulfilled: {type: fulfilled}
  lost: {type: ended, because: The mill did not answer}
"""


def main(url: str, jobs: int, clients: int) -> None:
    """``clients``: threads that start jobs, as many as DBOS is given."""

    def order_cloth(call: HandlerCall) -> dict[str, str]:
        return {"order": f"order of {call.input['cloth']}"}

    with Engine(url, handlers={"order_cloth": order_cloth}) as engine:
        engine.deploy(PROCESS)
        worker = Worker(engine, concurrency=CONCURRENCY)
        running = Thread(target=worker.run)
        running.start()

        def start(number: int) -> None:
            engine.start("one_service", by="ada", need={"cloth": "navy"}, key=f"order {number}")

        with ThreadPoolExecutor(clients) as starters:
            list(starters.map(start, range(WARM)))
            _until_over(engine)
            began = perf_counter()
            list(starters.map(start, range(WARM, WARM + jobs)))
            _until_over(engine)
            took = perf_counter() - began
        worker.stop()
        running.join()
        fulfilled = engine.jobs(status="fulfilled", limit=jobs + WARM + 1)
        assert len(fulfilled) == jobs + WARM, f"{len(fulfilled)} of {jobs + WARM} jobs were fulfilled"
        assert engine.audit(fulfilled[0].id).fine
    print(json.dumps({"per_second": jobs / took, "of": f"flowengine {__version__}", "how": "worker"}))


def _until_over(engine: Engine) -> None:
    while engine.jobs(status="open", limit=1):
        sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
