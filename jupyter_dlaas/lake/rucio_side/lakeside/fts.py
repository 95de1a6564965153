"""The mini-FTS: stands in for an FTS3 server, which no package offers. `python -m lakeside.fts
DIRECTORY`.

It speaks the part of FTS3's REST interface that Rucio's unmodified conveyor uses, and no more:
submit, ask for many jobs at once, cancel, change the priority (accepted, without effect), who am I.
Only the robot's certificate gets in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import pki
from .fts_copy import Copier, TransferFailed
from .fts_jobs import Attempt, Job, Jobs, parse
from .service import Service
from .tls import serve_https

WORKERS = 6
OK = "200 OK"


class MiniFTS:
    """The WSGI application."""

    def __init__(self, copier: Copier) -> None:
        self.copier = copier
        self.jobs = Jobs()
        self.pool = ThreadPoolExecutor(WORKERS)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ.get("SSL_CLIENT_S_DN") != pki.subject(pki.ROBOT):
            status, answer = "403 Forbidden", {"message": "Only Rucio's robot may transfer"}
        else:
            status, answer = self._answer(environ)
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, Any]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].strip("/").split("/")
        if method == "GET" and path == ["whoami"]:
            return OK, {"base_id": "01874efb-4735-4595-bc9c-591aef8240c9", "vos": ["lake"]}
        if path[0] != "jobs":
            return "404 Not Found", {"message": "The mini-FTS has no such page"}
        if method == "POST" and len(path) == 1:
            return self._submit(environ)
        if len(path) < 2:
            return "405 Method Not Allowed", {"message": "Name a job"}
        wanted = path[1].split(",")
        if method == "GET":
            return self._describe(wanted)
        found = [job for job in map(self.jobs.get, wanted) if job]
        if method == "DELETE":
            for job in found:
                job.canceled = True
        return OK, [job.described() for job in found]

    def _submit(self, environ: dict[str, Any]) -> tuple[str, Any]:
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            job = parse(json.loads(environ["wsgi.input"].read(length)))
        except (KeyError, TypeError, ValueError) as error:
            return "400 Bad Request", {"message": f"Not a job: {error!r}"}
        self.jobs.add(job)
        for transfer in job.transfers:
            self.pool.submit(self._transfer, job, transfer)
        return OK, {"job_id": job.id}

    def _describe(self, wanted: list[str]) -> tuple[str, Any]:
        answers = []
        for job_id in wanted:
            job = self.jobs.get(job_id)
            lost = {"job_id": job_id, "http_status": "404 Not Found", "http_message": "No such job"}
            answers.append(job.described() if job else lost)
        if len(answers) == 1:
            return (OK if self.jobs.get(wanted[0]) else "404 Not Found"), answers[0]
        return "207 Multi-Status", answers

    def _transfer(self, job: Job, transfer: list[Attempt]) -> None:
        """Try one source after the other until one has given the file."""
        arrived = False
        for attempt in transfer:
            if arrived:
                attempt.end("NOT_USED")
            elif job.canceled:
                attempt.end("CANCELED", "The job was canceled")
            else:
                arrived = self._attempt(job, attempt)

    def _attempt(self, job: Job, attempt: Attempt) -> bool:
        attempt.begin()
        try:
            self.copier.copy(
                attempt.source,
                attempt.destination,
                attempt.size,
                attempt.checksum,
                lambda: job.canceled,
            )
        except TransferFailed as failure:
            attempt.end("CANCELED" if job.canceled else "FAILED", str(failure))
            return False
        except Exception as error:
            attempt.end("FAILED", f"TRANSFER [mini-FTS] {error!r}")
            return False
        attempt.end("FINISHED")
        return True


def main() -> None:
    service = Service("fts")
    application = MiniFTS(Copier(service.layout))

    def stop() -> None:
        application.pool.shutdown(wait=False, cancel_futures=True)

    serve_https(service, application, certificate_required=True, stop=stop)


if __name__ == "__main__":
    main()
