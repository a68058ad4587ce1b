"""Content-addressed folders outside the repository: each is built once, in a temporary folder, then renamed."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ROOT = "/var/cache/k8s-ha-lab"
ROOT_VARIABLE = "K8S_HA_LAB_CACHE"


class BuildError(Exception):
    """A step failed; the message is one sentence that names the step and its log."""


@dataclass(frozen=True)
class Step:
    """One artifact being built: its temporary folder, its log, and the way to run programs for it."""

    kind: str
    folder: Path
    log: Path

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run a program with its output in the step's log; raise BuildError when it fails."""
        words = [str(word) for word in command]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(words)}\n".encode())
            log.flush()
            done = subprocess.run(
                words,
                check=False,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if done.returncode != 0:
            raise BuildError(
                f"{self.kind}: {words[0]} ended with exit code {done.returncode}; its output is in {self.log}"
            )


@dataclass(frozen=True)
class Cache:
    """The folder of all artifacts; `progress` receives one line per step."""

    root: Path
    progress: Callable[[str], None]

    @property
    def work(self) -> Path:
        """Source trees and compiler caches, which make a rebuild quick and belong to no artifact."""
        return self.root / "work"

    def folder(self, kind: str, inputs: Iterable[Path | str], make: Callable[[Step], None]) -> Path:
        """Return the artifact `kind` of exactly these inputs; let `make` fill the step's folder if there is none yet.

        + inputs: files and folders count by content, strings as they are, and a whole artifact by its folder's name
        """
        final = self.root / f"{kind}-{_digest(self.root, inputs)}"
        if not final.exists():
            with self.locked(kind):
                if not final.exists():  # another build may have made it meanwhile
                    self._build(kind, final, make)
                    return final
        self.progress(f"{kind}: cached")
        return final

    def _build(self, kind: str, final: Path, make: Callable[[Step], None]) -> None:
        self.progress(f"{kind}: building")
        started = time.monotonic()
        logs = self.root / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        step = Step(kind, self.root / f"building-{kind}", logs / f"{kind}.log")
        step.log.unlink(missing_ok=True)
        shutil.rmtree(step.folder, ignore_errors=True)  # the remains of an interrupted build
        step.folder.mkdir(parents=True)
        try:
            with self._heartbeat(kind, step.log):
                make(step)
        except BuildError:
            self.progress(f"{kind}: failed; other steps under way are still waited for")
            raise
        step.folder.rename(final)
        self.progress(f"{kind}: built in {time.monotonic() - started:.1f} s")

    def merged(self, kind: str, parts: Iterable[Path]) -> Path:
        """Return one folder with the files of several artifacts, which share their space."""
        all_parts = list(parts)

        def make(step: Step) -> None:
            for part in all_parts:  # what two of them have is the same
                step.run("cp", "--archive", "--link", "--no-clobber", f"{part}/.", step.folder)

        return self.folder(kind, all_parts, make)

    @contextlib.contextmanager
    def _heartbeat(self, kind: str, log: Path) -> Iterator[None]:
        """Say once a minute that a long step goes on, and where to look."""
        ended = threading.Event()

        def beat() -> None:
            minutes = 0
            while not ended.wait(60):
                minutes += 1
                self.progress(f"{kind}: {minutes} min; its output is in {log}")

        beating = threading.Thread(target=beat, daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()

    @contextlib.contextmanager
    def locked(self, kind: str) -> Iterator[None]:
        """Hold one kind of artifact for one builder; another waits here."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / kind).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.progress(f"{kind}: another build is making it; waiting for its end")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def open_cache(progress: Callable[[str], None]) -> Cache:
    """Return the cache that $K8S_HA_LAB_CACHE names; lines of parallel steps do not mix."""
    mutex = threading.Lock()

    def say(line: str) -> None:
        with mutex:
            progress(line)

    return Cache(Path(os.environ.get(ROOT_VARIABLE, DEFAULT_ROOT)), say)


def _digest(root: Path, inputs: Iterable[Path | str]) -> str:
    total = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            total.update(f"text {item}\0".encode())
        elif item.parent == root:
            total.update(f"artifact {item.name}\0".encode())
        else:
            _add_tree(total, item)
    return total.hexdigest()[:16]


def _add_tree(total: "hashlib._Hash", top: Path) -> None:
    for path in [top, *sorted(top.rglob("*"))]:
        if "__pycache__" in path.parts:
            continue
        name = path.relative_to(top)
        if path.is_symlink():
            total.update(f"link {name} {path.readlink()}\0".encode())
        elif path.is_file():
            total.update(f"file {name} {path.stat().st_mode & 0o111:o}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
