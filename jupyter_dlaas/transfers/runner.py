"""Jobs that have not ended: carried out on a few threads, waiting for a login, cancelled, ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future, wait
from datetime import datetime, timezone
from functools import partial
from typing import Any

from dlaas.errors import AlreadyThere, Cancelled, CannotAuthenticate, DlaasError, problem
from dlaas.lake import Lake
from dlaas.model import Job, JobKind
from jupyter_dlaas.login.session import Session
from jupyter_dlaas.redaction import Redactor
from jupyter_dlaas.service import LakeService
from jupyter_dlaas.transfers.active import Active, refuse_other
from jupyter_dlaas.transfers.hearing import Hearing
from jupyter_dlaas.transfers.job_list import JobList
from jupyter_dlaas.transfers.job_store import NOTHING_YET
from jupyter_dlaas.transfers.orders import Ending, Key
from jupyter_dlaas.transfers.refusals import until_login, wants_login
from jupyter_dlaas.workers import Workers

# How long a server that stops waits for transfers to clean up behind themselves, in seconds.
PATIENCE = 5.0
# A cancelled job has ended for its owner after this time, though its storage may not answer yet.
_LETS_GO = 0.7
# No login is tried again by itself after so long, for wrong passwords lock accounts; Rucio is asked
# for ever, after pauses of twice that.
_LONGEST_PAUSE = 300.0


class Runner:
    """Carries jobs out; lives on the event loop, and `Jobs` says what its methods raise."""

    def __init__(
        self,
        service: LakeService,
        jobs: JobList,
        workers: Mapping[JobKind, Workers],
        redactor: Redactor,
        log: logging.Logger,
    ) -> None:
        self.active: dict[str, Active] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self._service = service
        self._list = jobs
        self._workers = workers
        self._redactor = redactor
        self._log = log
        self._busy: set[Key] = set()
        self._stopping = False

    def spawn(self, act: Coroutine[Any, Any, None]) -> None:
        """Do something until `stop`."""
        task = asyncio.create_task(act)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def occupy(self, active: Active) -> None:
        """Keep others from what a job touches; raises `AlreadyThere` while another has it."""
        taken = self._busy & active.keys
        if taken:
            raise AlreadyThere(
                f"{sorted(taken)[0][2]} is being transferred already.", remedy="Wait for its end."
            )
        self._busy |= active.keys

    def release(self, active: Active) -> None:
        """Let others have it."""
        self._busy -= active.keys

    async def begin(self, job: Job, active: Active, note: str = "Queued.") -> bool:
        """Write a job that occupies what it touches, and launch it; False where it is not written.

        It goes on also then.
        """
        self.active[job.id] = active
        kept = await asyncio.to_thread(self._list.add, job, active.order, note)
        await self._launch(job.id, active)
        return kept

    def go_on(self, job: Job, active: Active) -> None:
        """Launch what another server has begun."""
        self.active[job.id] = active
        self._busy |= active.keys
        self.spawn(self._launch(job.id, active))

    def login_changed(self, instance: str) -> None:
        """Launch what waited for a login to an instance."""
        for job_id, active in list(self.active.items()):
            if active.instance == instance and self._waits(job_id, active):
                self.spawn(self._launch(job_id, active))

    async def cancel(self, job_id: str) -> None:
        """Ask a job to stop; what has ended stays as it is."""
        active = self.active.get(job_id)
        if active is None or active.cancel.is_set():
            return
        active.cancel.set()
        if active.future is None or active.future.cancel():
            await asyncio.to_thread(self._end, job_id, active, state="cancelled")
        else:
            self.spawn(self._let_go(job_id, active))
            # This server may be killed before the job has ended.
            await asyncio.to_thread(self._list.ask_to_stop, job_id)

    def stop(self) -> None:
        """Launch nothing any more, and stop what runs; on the event loop."""
        self._stopping = True
        for task in list(self.tasks):
            task.cancel()

    def clean_up(self) -> None:
        """Wait a little for what `stop` has stopped; blocks."""
        running: list[Future[None]] = []
        for active in list(self.active.values()):
            active.cancel.set()
            if active.future is not None and not active.future.cancel():
                running.append(active.future)
        wait(running, PATIENCE)
        for workers in self._workers.values():
            workers.stop()

    def _waits(self, job_id: str, active: Active) -> bool:
        return self.active.get(job_id) is active and self._list.jobs[job_id].state == "waiting"

    async def _launch(self, job_id: str, active: Active) -> None:
        """Queue a job for the workers, or let it wait for a login."""
        try:
            session, lake = await active.order.opened(self._service, active.instance)
            await asyncio.to_thread(refuse_other, active.order.account, lake)
        except Exception as error:
            await asyncio.to_thread(self._set_back, job_id, active, error)
            return
        # It may have been cancelled meanwhile, or the server stop: then the next one goes on.
        if self.active.get(job_id) is active and active.future is None and not self._stopping:
            workers = self._workers[active.order.kind]
            active.future = workers.submit(self._carry_out, job_id, active, session, lake)

    async def _let_go(self, job_id: str, active: Active) -> None:
        """End a cancelled job for its owner, though its worker still waits for the storage."""
        await asyncio.sleep(_LETS_GO)
        if self.active.get(job_id) is not active:
            return
        if active.future is None:
            # It began to wait for a login at the same moment.
            await asyncio.to_thread(self._end, job_id, active, state="cancelled")
            return
        note = "Cancelled; the storage has not answered yet."
        changes = {"state": "cancelled", "finished_at": datetime.now(timezone.utc)}
        await asyncio.to_thread(self._list.advance_unless_ended, job_id, note, **changes)

    async def _look_again(self, job_id: str, active: Active) -> None:
        """Try what waits once more: a login may have been renewed before it began to wait, and who
        could not be reached may be there again.
        """
        await asyncio.sleep(active.pause)
        active.pause, active.looks_again = 2 * active.pause, False
        if self._waits(job_id, active):
            await self._launch(job_id, active)

    def _carry_out(self, job_id: str, active: Active, session: Session | None, lake: Lake) -> None:
        """Do what was asked for; on a worker."""
        hearing = Hearing(active.cancel.is_set, partial(self._list.progress, job_id))
        self._list.watch_files(job_id, hearing)
        self._list.advance(job_id, "Begun.", state="running", problem=None)
        try:
            ending = active.order.carry_out(lake, hearing)
        except BaseException as error:
            self._list.keep_files(job_id, hearing.files)
            self._break_off(job_id, active, error)
            if isinstance(error, CannotAuthenticate) and session is not None:
                # After it has begun to wait: it hears of the next login.
                self._list.call(partial(session.expire, lake, error))
        else:
            self._list.keep_files(job_id, hearing.files)
            self._finish(job_id, active, ending, hearing)

    def _finish(self, job_id: str, active: Active, ending: Ending, hearing: Hearing) -> None:
        """End a job, or leave what a storage has refused to the next login."""
        for remark in ending.remarks:
            self._list.advance(job_id, remark)
        refused = hearing.refused if ending.problem and active.order.needs_login else None
        if refused is not None and not active.cancel.is_set():
            self._wait(job_id, active, until_login(refused))
            return
        self._end(
            job_id,
            active,
            state="failed" if ending.problem else "done",
            problem=ending.problem,
            result=ending.result,
            done_bytes=ending.bytes,
            speed=None,
            **hearing.counts,
        )

    def _break_off(self, job_id: str, active: Active, error: BaseException) -> None:
        """End a job early, or leave it to the next login or server."""
        if self._stopping and isinstance(error, Cancelled):
            # The next server begins anew, and goes on where something has come.
            changes = {"state": "queued", **NOTHING_YET}
            self._list.advance_unless_ended(job_id, "The server stops.", **changes)
        elif active.cancel.is_set() and not self._stopping:
            self._end(job_id, active, state="cancelled", speed=None)
        elif active.order.needs_login and isinstance(error, CannotAuthenticate):
            self._wait(job_id, active, error)
        elif active.order.needs_login and wants_login(why := problem(error)):
            # Rucio may accept the login still: it is not over.
            self._wait(job_id, active, until_login(why))
        else:
            self._fail(job_id, active, error)

    def _set_back(self, job_id: str, active: Active, error: Exception) -> None:
        """Let a job wait for a login, or fail where none will help."""
        if isinstance(error, DlaasError) and (
            isinstance(error, CannotAuthenticate) or error.blame in ("network", "rucio")
        ):
            self._wait(job_id, active, error)
        elif self.active.get(job_id) is active:
            self._fail(job_id, active, error)

    def _fail(self, job_id: str, active: Active, error: BaseException) -> None:
        if not isinstance(error, DlaasError):
            self._log.error("A transfer failed:\n%s", self._redactor.explain(error))
        self._end(job_id, active, state="failed", problem=problem(error), speed=None)

    def _wait(self, job_id: str, active: Active, error: DlaasError) -> None:
        if self.active.get(job_id) is not active:
            return
        active.future = None
        job, why = self._list.jobs[job_id], problem(error)
        if (job.state, job.problem) != ("waiting", why):
            note = f"Waits for a login: {error.message}"
            self._list.advance(job_id, note, state="waiting", problem=why, **NOTHING_YET)
        if active.pause < _LONGEST_PAUSE or not isinstance(error, CannotAuthenticate):
            active.pause = min(active.pause, 2 * _LONGEST_PAUSE)
            self._list.call(partial(self._spawn_look, job_id, active))

    def _spawn_look(self, job_id: str, active: Active) -> None:
        if not active.looks_again and not self._stopping:
            active.looks_again = True
            self.spawn(self._look_again(job_id, active))

    def _end(self, job_id: str, active: Active, **changes: Any) -> None:
        if self.active.pop(job_id, None) is not None:
            self.release(active)
        why = changes.get("problem")
        note = f"Ended: {changes['state']}." + (f" {why.message} {why.remedy}" if why else "")
        self._list.advance(job_id, note, finished_at=datetime.now(timezone.utc), **changes)
