"""Runs the Hermes gateway with the few hooks Slipway needs.

Hermes 0.19 has no setting for any of these, so they are attached here, to the
pinned version. Each is attached on its own: when one does not fit (another
version), it is named on stderr and the agent still runs; sandboxd then falls
back (it disconnects to stop, and reads tool results after the turn).

  cwd       a session's commands start in ~/sessions/<session id>
  live      tool arguments and results, reasoning and the classified cause of a
            failure travel in the turn's own event stream
  stop      POST /slipway/sessions/{id}/interrupt ends a turn cleanly
  keepalive the stream notices a lost client within seconds, not half a minute
  threads   every turn takes two threads of a pool sized by the CPU count, and
            with few CPUs a few turns would starve one another
  warm      what the first turn imports is imported while nobody waits
"""

import os
import sys
import threading
import time

SESSIONS = os.path.join(os.path.expanduser("~"), "sessions")
KEEPALIVE_SECONDS = 5.0
# A tool's result can be a whole file; sandboxd shows 16 KiB of it.
MAX_SHOWN = 20_000
THREADS = 48

_running = {}
_running_lock = threading.Lock()


def hook_cwd():
    from tools import terminal_tool

    recorded = terminal_tool.get_session_cwd

    def get_session_cwd(session_key):
        cwd = recorded(session_key)
        if cwd or not session_key or "/" in session_key:
            return cwd
        own = os.path.join(SESSIONS, session_key)
        return own if os.path.isdir(own) else None

    terminal_tool.get_session_cwd = get_session_cwd


def hook_keepalive():
    from gateway.platforms import api_server

    assert api_server.CHAT_COMPLETIONS_SSE_KEEPALIVE_SECONDS > 0
    api_server.CHAT_COMPLETIONS_SSE_KEEPALIVE_SECONDS = KEEPALIVE_SECONDS


def hook_live():
    """Wraps agent creation: the adapter's own queue carries our payloads.

    The adapter writes a ("__tool_progress__", payload) item as an
    `hermes.tool.progress` event, whoever put it into the queue.
    """
    from agent import conversation_loop
    from gateway.platforms.api_server import APIServerAdapter

    create = APIServerAdapter._create_agent
    classify = conversation_loop.classify_api_error
    last_cause = threading.local()

    def classify_and_note(error, *args, **kwargs):
        verdict = classify(error, *args, **kwargs)
        last_cause.value = {
            "reason": verdict.reason.value,
            "status": getattr(verdict, "status_code", None),
        }
        return verdict

    def create_agent(self, *args, session_id=None, stream_delta_callback=None,
                     tool_start_callback=None, tool_complete_callback=None,
                     **kwargs):
        def send(payload):
            if stream_delta_callback is not None:
                stream_delta_callback(("__tool_progress__", payload))

        def started(call_id, name, arguments):
            if tool_start_callback is not None:
                tool_start_callback(call_id, name, arguments)
            if call_id and not name.startswith("_"):
                send({"slipway": "args", "toolCallId": call_id, "tool": name,
                      "args": arguments})

        def completed(call_id, name, arguments, result):
            if call_id and not name.startswith("_"):
                text = result if isinstance(result, str) else str(result)
                send({"slipway": "result", "toolCallId": call_id, "tool": name,
                      "result": text[:MAX_SHOWN], "length": len(text)})
            if tool_complete_callback is not None:
                tool_complete_callback(call_id, name, arguments, result)

        agent = create(self, *args, session_id=session_id,
                       stream_delta_callback=stream_delta_callback,
                       tool_start_callback=started,
                       tool_complete_callback=completed, **kwargs)
        if stream_delta_callback is not None:
            agent.reasoning_callback = lambda text: text and send(
                {"slipway": "reasoning", "delta": text})
        run = agent.run_conversation

        def run_conversation(*run_args, **run_kwargs):
            last_cause.value = None
            with _running_lock:
                _running[session_id] = agent
            try:
                result = run(*run_args, **run_kwargs)
                if isinstance(result, dict) and (
                        result.get("failed") or not result.get("completed", True)):
                    cause = last_cause.value or {}
                    send({"slipway": "failure",
                          "reason": "context_overflow"
                          if result.get("compression_exhausted")
                          else cause.get("reason"),
                          "status": cause.get("status"),
                          "interrupted": bool(result.get("interrupted"))})
                return result
            finally:
                with _running_lock:
                    if _running.get(session_id) is agent:
                        del _running[session_id]

        agent.run_conversation = run_conversation
        return agent

    conversation_loop.classify_api_error = classify_and_note
    APIServerAdapter._create_agent = create_agent


def hook_stop():
    from aiohttp import web
    from gateway.platforms.api_server import APIServerAdapter

    table = APIServerAdapter._http_route_table

    def route_table(self):
        async def interrupt(request):
            refused = self._check_auth(request)
            if refused:
                return refused
            with _running_lock:
                agent = _running.get(request.match_info["session_id"])
            if agent is not None:
                agent.interrupt()
            return web.json_response({"interrupted": agent is not None})

        return table(self) + [
            ("POST", "/slipway/sessions/{session_id}/interrupt", interrupt)]

    APIServerAdapter._http_route_table = route_table


def hook_threads():
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from gateway.platforms.api_server import APIServerAdapter

    connect = APIServerAdapter.connect

    async def connect_with_threads(self, *args, **kwargs):
        pool = ThreadPoolExecutor(max_workers=THREADS)
        asyncio.get_running_loop().set_default_executor(pool)
        return await connect(self, *args, **kwargs)

    APIServerAdapter.connect = connect_with_threads


def warm():
    started = time.monotonic()
    import run_agent  # noqa: F401
    import openai  # noqa: F401
    print(f"warm after {time.monotonic() - started:.2f}s", file=sys.stderr)


def attach():
    for hook in (hook_cwd, hook_keepalive, hook_live, hook_stop, hook_threads):
        try:
            hook()
        except Exception as error:  # another version: say which, go on
            print(f"{hook.__name__} does not fit: {error!r}", file=sys.stderr)


if __name__ == "__main__":
    attach()
    threading.Thread(target=warm, daemon=True).start()
    from hermes_cli.main import main

    sys.argv = ["hermes", "gateway", "run"]
    sys.exit(main())
