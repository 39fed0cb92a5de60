"""BATCH messages of a target: each Parquet file is copied where that gives the same table, else read as ever."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from singer_commons.errors import CredentialsError, DestinationError

from target_synapse.files.container import container_of
from target_synapse.files.footer import footer_of
from target_synapse.files.loading import FileSink, ParquetFile
from target_synapse.files.why import NotCopiedError
from target_synapse.loading.transaction_size import TransactionTooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow.parquet as pq
    from singer_commons.columnar.batch_files import BatchReader

    from target_synapse.files.footer import Footer
    from target_synapse.staging.blob_file import BlobFile
    from target_synapse.target import TargetSynapse

PIECE_BYTES = 2**20  # of a file that are asked for at once
FLOAT_ROWS = 65_536  # of columns of floats that are looked at together
logger = logging.getLogger("target-synapse")


class FileCopier:
    """Copies files of streams with `batch_files` `copy`."""

    def __init__(self, target: TargetSynapse) -> None:
        self._target = target
        self._is_reading = False
        self._told: set[str] = set()  # streams of which it was said that a file is read

    def copies(self, message: dict[str, Any]) -> bool:
        """Whether files of the message's stream are copied, if they may be."""
        sink = self._target.block_sink(str(message.get("stream")))
        return isinstance(sink, FileSink) and sink.config.get("batch_files") == "copy"

    def copied(self, message: dict[str, Any]) -> bool:
        """Load the one file of the message; whether it is loaded. Else nothing of it is, and it is to be read."""
        stream = message["stream"]
        sink = self._target.block_sink(stream)
        if not isinstance(sink, FileSink):
            return False
        try:
            self._copy(sink, message)
        except (NotCopiedError, TransactionTooLargeError) as error:
            level = logging.DEBUG if stream in self._told else logging.INFO
            logger.log(level, "A BATCH file of %s is read, and not copied, since %s", stream, error)
            self._told.add(stream)
            return False
        return True

    def _copy(self, sink: FileSink, message: dict[str, Any]) -> None:
        if message["encoding"].get("format") != "parquet":
            raise NotCopiedError(f"COPY INTO does not read {message['encoding'].get('format')}")
        sink.check_settings()
        if not self._target.may_drain:
            raise NotCopiedError("rows have come since the last STATE, and wait for the next: what is loaded together ends at a STATE")
        (address,) = message["manifest"]
        path, file = self._found(address)
        with file:
            footer, parquet = self._opened(file)
            carried = sink.fit(footer)
            check_finite(parquet, [one.field.name for one in carried if one.field.kind and one.field.kind.name in ("float", "real")])
            self._target.drain_all()  # rows that came before
            context = {"file": ParquetFile(path, footer, carried, file.md5() if sink.needs_ledger else ""), "version": message.get("version")}
        # Waited for, since the file may turn out to be one that is read; in the delivery's thread all the same, so that a signal is heeded meanwhile.
        self._target.deliveries.hand_over([(sink, context)], None)
        self._target.deliveries.wait()
        if isinstance(refused := context.get("refused"), DestinationError):
            raise refused

    def _found(self, address: str) -> tuple[str, BlobFile]:
        store = container_of(self._target.run)
        path = store.home.path_of(self._own_address(address))
        if path is None:
            raise NotCopiedError("it does not lie in the staging container, or under a name with other characters than A-Z a-z 0-9 . _ = -")
        try:
            return path, store.opened(path)
        except FileNotFoundError:
            raise NotCopiedError("the staging container has no such file") from None
        except CredentialsError as error:  # not what passes by itself: a run that reads what the one before it has copied would load it again
            raise NotCopiedError(f"the staging container does not give it: {error}") from error

    def _own_address(self, address: str) -> str:
        """Where the settings say that such files are, if they do."""
        root = ((self._target.config.get("batch_config") or {}).get("storage") or {}).get("root")
        return f"{root.rstrip('/')}/{address.rsplit('/', 1)[-1]}" if root else address

    def _opened(self, file: BlobFile) -> tuple[Footer, pq.ParquetFile]:
        import pyarrow as pa  # noqa: PLC0415 - only where such a file comes
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above

        try:
            parquet = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise NotCopiedError(f"it is no Parquet file: {error}") from error
        return footer_of(parquet.metadata), parquet

    def reader(self, plain: BatchReader) -> BatchReader:
        """The reader of files that are not copied: those of the staging container are opened with this target's own access."""
        return replace(plain, opened=self._opened_here) if self._is_reading else plain

    def _opened_here(self, address: str) -> IO[bytes] | None:
        try:
            store = container_of(self._target.run)
        except NotCopiedError:
            return None
        path = store.home.path_of(self._own_address(address))
        return None if path is None else io.BufferedReader(store.opened(path), PIECE_BYTES)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While a file is read that might have been copied."""
        self._is_reading = True
        try:
            yield
        finally:
            self._is_reading = False


def check_finite(parquet: pq.ParquetFile, names: Sequence[str]) -> None:
    """Look through columns of floats: a footer does not tell of NaN. Raises NotCopiedError for what no column of SQL holds."""
    if not names:
        return
    import pyarrow.compute as pc  # noqa: PLC0415 - only where such a file comes

    for batch in parquet.iter_batches(FLOAT_ROWS, columns=list(names)):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if not pc.all(pc.is_finite(column)).as_py() and column.null_count < len(column):
                raise NotCopiedError(f"its column `{name}` holds NaN or infinity")
