"""One operation of a cloud's API, page by page, by botocore's own knowledge of how each is paged."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from collectors.transports.aws_answers import explained
from collectors.transports.interface import RefusedError
from evidence.model.names import AssetId
from evidence.platforms.calls import AwsCall

MAX_AT_ONCE = 50
"""Most values given in one call where the operation takes a list; SSM takes 50, EC2 more."""


@cache
def models() -> Any:
    """Return botocore's models of the services, read once for all accounts: that takes longer than most answers do."""
    from botocore.loaders import create_loader

    return create_loader()


class Operation:
    """An operation that can be called."""

    def __init__(
        self, call: AwsCall, client: Callable[[str], Any], *, asset: AssetId, wait: Callable[[float], None]
    ) -> None:
        """Find the operation; raise `RefusedError` where botocore does not know it, or it gives a stream."""
        self._name, self._asset, self._max_pages = f"{call.service}:{call.operation}", asset, call.max_pages
        self._wait, self._pause_s = wait, call.pause_s
        self.cut: str | None = None
        """Why the last call's pages are not all there."""
        try:
            self._client = client(call.service)
        except Exception as error:
            raise explained(error, asset=asset, operation=self._name) from error
        service = self._client.meta.service_model
        if call.operation not in service.operation_names:
            raise RefusedError(f"{asset}: {self._name}: no such operation is known")
        self._model = service.operation_model(call.operation)
        if self._model.has_streaming_output:
            raise RefusedError(f"{asset}: {self._name}: gives a stream, not a document")
        self._method = next(
            name for name, api in self._client.meta.method_to_api_mapping.items() if api == call.operation
        )

    def at_once(self, parameter: str) -> int | None:
        """Return how many values a parameter takes, `None` where it takes one."""
        shape = self._model.input_shape.members.get(parameter) if self._model.input_shape else None
        if shape is None:
            raise RefusedError(f"{self._asset}: {self._name}: has no parameter {parameter}")
        return min(int(shape.metadata.get("max", MAX_AT_ONCE)), MAX_AT_ONCE) if shape.type_name == "list" else None

    def pages(self, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Yield the pages of one call, without what only carried them."""
        self.cut = None
        try:
            if not self._client.can_paginate(self._method):
                yield _without(getattr(self._client, self._method)(**parameters), ())
                return
            yield from self._paged(parameters)
        except Exception as error:
            raise explained(error, asset=self._asset, operation=self._name) from error

    def _paged(self, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import PaginationError

        carriers = self._carriers()
        pages = iter(self._client.get_paginator(self._method).paginate(**parameters))
        try:
            for number, page in enumerate(pages, 1):
                yield _without(page, carriers)
                if not _goes_on(page, carriers):
                    continue
                if number == self._max_pages:
                    self.cut = f"more than {self._max_pages} pages"
                    return
                if self._pause_s:
                    self._wait(self._pause_s)
        except PaginationError:
            self.cut = "the service gave the same page token twice"

    def _carriers(self) -> tuple[str, ...]:
        """Return the members of a page that only say where the next one begins."""
        known = models().load_service_model(self._client.meta.service_model.service_name, "paginators-1")
        paging = known["pagination"][self._model.name]
        tokens = paging["output_token"]
        names = [*([tokens] if isinstance(tokens, str) else tokens), paging.get("more_results", "")]
        return tuple(name for name in names if name.isidentifier())


def _without(page: Mapping[str, Any], carriers: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name != "ResponseMetadata" and name not in carriers}


def _goes_on(page: Mapping[str, Any], carriers: tuple[str, ...]) -> bool:
    return any(page.get(name) for name in carriers)
