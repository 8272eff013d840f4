"""The home folder: everything one installation keeps outside the database server (RENKEI_HOME, ``var`` by default)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from renkei.run.fault import Fault

EXAMPLE, REAL = "example", "real"


@dataclass(frozen=True, slots=True)
class Home:
    """One installation's folder."""

    path: Path

    @classmethod
    def open(cls) -> Home:
        """Return the folder RENKEI_HOME names, made when missing. Raises Fault when it cannot be written."""
        path = Path(os.environ.get("RENKEI_HOME", "var")).resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
            probe = path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise Fault(f"{path} に書けません（{error.strerror}）。権限を直すか、RENKEI_HOME で別の場所を指定してください。") from error
        return cls(path)

    def secret_key(self) -> str:
        """Return the key that signs sessions; made once, mode 0600."""
        file = self.path / "secret.key"
        if file.exists() and not file.stat().st_size:  # emptied by a power cut
            file.unlink()
        if not file.exists():
            draft = self.path / f"secret-{secrets.token_hex(4)}.new"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(48))
            with contextlib.suppress(FileExistsError):  # another process was first: its key holds
                os.link(draft, file)
            draft.unlink()
        return file.read_text()

    def is_new(self) -> bool:
        """Tell whether nothing was ever set up here."""
        return not (self.path / "mode").exists()

    def is_example(self) -> bool:
        """Tell whether this home holds (or, when new, shall hold) the fictional example region.

        The first start decides by RENKEI_EXAMPLE. Raises Fault when a later start asks for the example on real data:
        it would switch off the second factor.
        """
        asked = os.environ.get("RENKEI_EXAMPLE", "")
        wanted = asked in {"1", "true", "yes"}
        if self.is_new():
            return wanted
        example = (self.path / "mode").read_text().strip() == EXAMPLE
        if wanted and not example:
            raise Fault(
                f"{self.path} は本番の相談を扱う場所として作られています。例示（RENKEI_EXAMPLE=1）では開けません。"
                "RENKEI_HOME で別の場所を指定してください。"
            )
        return example

    def remember_mode(self, *, example: bool) -> None:
        """Write down what the first start decided."""
        if self.is_new():
            (self.path / "mode").write_text(EXAMPLE if example else REAL)

    @contextlib.contextmanager
    def served(self, address: str) -> Iterator[None]:
        """Hold the home for one running ``serve``. Raises Fault when another one serves it."""
        lock = (self.path / "serve.lock").open("a+")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise Fault(
                    f"{self.path} はもう {lock.read().strip() or '別の場所'} で動いています。"
                    "二つ目を動かすには PORT と RENKEI_HOME を変えてください。"
                ) from error
            lock.truncate(0)
            lock.write(address)
            lock.flush()
            yield
