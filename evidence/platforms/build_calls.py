"""From the models of a service's questions to the frozen values that transports read."""

from collections.abc import Iterable
from types import MappingProxyType

from evidence.platforms.calls import AwsCall, Call, HttpCall, HttpDialect, OpcuaCall, Paging, Window
from evidence.platforms.schema import QuestionModel
from evidence.platforms.schema_calls import CallModel, FetchModel, HttpModel, PagingModel, WindowModel

_DAY_S = 86_400


def call_of(asked: QuestionModel) -> Call | None:
    """Return how a service is asked this question; nothing for devices and hosts."""
    if asked.fetch is not None:
        return _http(asked.fetch)
    if asked.call is not None:
        return _aws(asked.call)
    if asked.nodes is not None:
        return OpcuaCall(what=asked.nodes.what)
    return None


def gone_through(call: Call | None) -> str | None:
    """Return the name of the question whose answer a call goes through first."""
    return call.for_each if isinstance(call, HttpCall | AwsCall) else None


def dialect_of(http: HttpModel | None) -> HttpDialect | None:
    """Return how a service wants to be asked over HTTP; nothing where its file does not say."""
    return HttpDialect(auth=http.auth, header=http.header, login=http.login) if http else None


def unknown_source(questions: Iterable[QuestionModel]) -> str | None:
    """Return the question that goes through an answer no call before it gives; nothing where all is well."""
    before: set[str] = set()
    for asked in questions:
        how = asked.call or asked.fetch
        if how is not None and how.for_each is not None and how.for_each not in before:
            return asked.name
        before.add(asked.name)
    return None


def _http(fetch: FetchModel) -> HttpCall:
    return HttpCall(
        parameters=MappingProxyType(dict(fetch.parameters)),
        method=fetch.method,
        paging=_paging(fetch.paging) if fetch.paging else None,
        window=_window(fetch.window) if fetch.window else None,
        accept=fetch.accept,
        for_each=fetch.for_each,
        rows=fetch.rows,
    )


def _aws(call: CallModel) -> AwsCall:
    service, _, operation = call.operation.partition(":")
    return AwsCall(
        service=service,
        operation=operation,
        parameters=MappingProxyType(dict(call.parameters)),
        for_each=call.for_each,
        rows=call.rows,
        bind=call.bind,
        max_each=call.max_each,
        window=_window(call.window) if call.window else None,
        max_pages=call.max_pages,
        pause_s=call.pause_s,
        unfold=tuple(call.unfold),
        until=call.until,
        safe_call=call.safe_call,
    )


def _paging(paging: PagingModel) -> Paging:
    return Paging(**paging.model_dump())


def _window(window: WindowModel) -> Window:
    return Window(
        start_parameter=window.start,
        end_parameter=window.end,
        form=window.form,
        back_s=window.back_days * _DAY_S,
        overlap_s=window.overlap_s,
    )
