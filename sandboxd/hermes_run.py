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
  warm      the first turn of a process, which is slow, is run by ourselves
"""

import ctypes
import http.server
import json
import os
import signal
import sys
import threading
import time

SESSIONS = os.path.join(os.path.expanduser("~"), "sessions")
KEEPALIVE_SECONDS = 5.0
# A tool's result can be a whole file; sandboxd shows 16 KiB of it.
MAX_SHOWN = 20_000
THREADS = 48

# So long after listening nobody has asked anything, and it is worth warming.
QUIET_SECONDS = 0.3

_asked = threading.Event()
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
        _asked.set()

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


def hook_connect():
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from gateway.platforms.api_server import APIServerAdapter

    connect = APIServerAdapter.connect

    async def connect_then_warm(self, *args, **kwargs):
        pool = ThreadPoolExecutor(max_workers=THREADS)
        asyncio.get_running_loop().set_default_executor(pool)
        connected = await connect(self, *args, **kwargs)
        if connected:
            threading.Thread(target=warm, daemon=True).start()
        return connected

    APIServerAdapter.connect = connect_then_warm


class OneWord(http.server.BaseHTTPRequestHandler):
    """A model that says "ok" to everybody."""

    def do_GET(self):
        self.answer("application/json", b'{"object":"list","data":[]}')

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        chunk = {"id": "warm", "object": "chat.completion.chunk", "created": 0,
                 "model": "warm"}
        said = {**chunk, "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": "ok"},
             "finish_reason": None}]}
        stop = {**chunk, "choices": [
            {"index": 0, "delta": {}, "finish_reason": "stop"}]}
        usage = {**chunk, "choices": [], "usage": {
            "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        events = [json.dumps(part) for part in (said, stop, usage)] + ["[DONE]"]
        self.answer("text/event-stream",
                    "".join(f"data: {event}\n\n" for event in events).encode())

    def answer(self, content_type, body):
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def warm():
    """One throwaway turn against a model of ours, on loopback.

    The first turn of a process imports for a second and more; this is that
    turn. It has no session in the database, no tools to run and no network.
    """
    if _asked.wait(QUIET_SECONDS):
        return  # somebody's turn is the first one; do not compete with it
    started = time.monotonic()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneWord)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        from hermes_cli.tools_config import _get_platform_tools
        from gateway.run import _load_gateway_config
        from run_agent import AIAgent

        toolsets = _get_platform_tools(_load_gateway_config(), "api_server")
        agent = AIAgent(
            model="warm", provider="custom", api_key="none",
            base_url=f"http://127.0.0.1:{server.server_port}/v1",
            max_iterations=1, quiet_mode=True, platform="api_server",
            enabled_toolsets=sorted(toolsets), session_id="slipway-warm",
            session_db=None, stream_delta_callback=lambda delta: None)
        agent.run_conversation(user_message="Say ok.", task_id="slipway-warm")
        print(f"warm after {time.monotonic() - started:.2f}s", file=sys.stderr)
    except Exception as error:  # then the first turn is the slow one
        print(f"not warm: {error!r}", file=sys.stderr)
    finally:
        server.shutdown()
        server.server_close()


def die_with_parent():
    """A gateway that outlives sandboxd holds its lock against the next one."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.environ.get("SLIPWAY_PARENT") not in (None, str(os.getppid())):
        sys.exit("sandboxd is gone")  # before the line above took hold


def attach():
    for hook in (hook_cwd, hook_keepalive, hook_live, hook_stop, hook_connect):
        try:
            hook()
        except Exception as error:  # another version: say which, go on
            print(f"{hook.__name__} does not fit: {error!r}", file=sys.stderr)


if __name__ == "__main__":
    die_with_parent()
    attach()
    from hermes_cli.main import main

    sys.argv = ["hermes", "gateway", "run"]
    sys.exit(main())
