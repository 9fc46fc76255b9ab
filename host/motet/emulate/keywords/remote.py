# SPDX-License-Identifier: Apache-2.0
"""Serves the keywords as Renode does: Robot's remote library protocol over XML-RPC, the port in a file that renode-test reads.

    renode-test --runner none --robot-framework-remote-server-full-directory host/motet/emulate/keywords \\
        --robot-framework-remote-server-name remote_server.py SUITE.robot

Only on 127.0.0.1, whereas Renode listens on every interface.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import shutil
import signal
import tempfile
import threading
import traceback
import types
import typing
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from motet.emulate.keywords.library import Renode, keyword_names

_UNSAFE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


class _Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/", "/RPC2")


class Remote:
    """The protocol's four methods around a library."""

    def __init__(self, stop: Any) -> None:
        self._library = Renode()
        self._stop = stop
        self._methods = keyword_names()
        self._methods["Stop Remote Server"] = "stop"

    def get_keyword_names(self) -> list[str]:
        return sorted(self._methods)

    def get_keyword_documentation(self, name: str) -> str:
        if name in ("__intro__", "__init__"):
            return inspect.getdoc(Renode) or "" if name == "__intro__" else ""
        return inspect.getdoc(getattr(Renode, self._methods.get(name, ""), None)) or ""

    def run_keyword(self, name: str, arguments: list[Any], named: dict[str, Any] | None = None) -> dict[str, Any]:
        method = self._methods.get(name) or self._methods.get(name.replace("_", " ").title())
        if method is None:
            return {"status": "FAIL", "error": f'Keyword "{name}" not found'}
        if method == "stop":
            self.stop_remote_server()
            return {"status": "PASS"}
        try:
            function = getattr(self._library, method)
            positional, by_name = bind(function, arguments, named or {})
            return {"status": "PASS", "return": _plain(function(*positional, **by_name))}
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            return {"status": "FAIL", "error": _UNSAFE.sub("", str(error)), "traceback": _UNSAFE.sub("", text)}

    def stop_remote_server(self) -> bool:
        threading.Thread(target=self._stop, daemon=True).start()
        return True

    def close(self) -> None:
        self._library.close()


def bind(function: Any, arguments: list[Any], named: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments converted by the function's annotations. A text "name=value" is a named one, as renode-test sends them."""
    function = inspect.unwrap(function)
    hints = typing.get_type_hints(function)
    parameters = [name for name in inspect.signature(function).parameters if name != "self"]
    positional, by_name = [], dict(named)
    for argument in arguments:
        name, equals, value = argument.partition("=") if isinstance(argument, str) else ("", "", "")
        if equals and name in parameters:
            by_name[name] = value
        else:
            positional.append(argument)
    if len(positional) > len(parameters) and "args" not in parameters:
        raise TypeError(f"at most {len(parameters)} arguments, got {len(positional)}")
    positional = [_converted(value, hints.get(name, Any)) for name, value in zip(parameters, positional, strict=False)]
    return positional, {name: _converted(value, hints.get(name, Any)) for name, value in by_name.items()}


def _converted(value: Any, wanted: Any) -> Any:
    kinds = typing.get_args(wanted) if typing.get_origin(wanted) in (typing.Union, types.UnionType) else (wanted,)
    if not isinstance(value, str):
        return value
    if type(None) in kinds and value.lower() in ("none", "null", "${none}"):
        return None
    if bool in kinds and value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind, convert in ((int, lambda text: int(text, 0)), (float, float)):
        if kind in kinds:
            return convert(value)
    return value


def _plain(value: Any) -> Any:
    """What XML-RPC can carry."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _UNSAFE.sub("", value) if isinstance(value, str) else value


def serve(port: int = 0) -> None:
    """Serve until told to stop or interrupted; the port stands in $TMPDIR/renode-PID/robot_port."""
    server = SimpleXMLRPCServer(("127.0.0.1", port), _Handler, logRequests=False, allow_none=True)
    remote = Remote(server.shutdown)
    server.register_instance(remote)
    folder = Path(tempfile.gettempdir()) / f"renode-{os.getpid()}"
    # The name is known beforehand: it must not be somebody else's folder, nor a link to one.
    folder.mkdir(mode=0o700)
    try:
        partial = folder / "robot_port.new"
        partial.write_text(str(server.server_address[1]))
        partial.replace(folder / "robot_port")
        signal.signal(signal.SIGTERM, lambda *_: remote.stop_remote_server())
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        remote.close()
        server.server_close()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Takes Renode's options; those about windows and logs have nothing to do here."""
    parser = argparse.ArgumentParser(description="Renode's Robot keywords on QEMU, over Robot's remote protocol")
    parser.add_argument("--robot-server-port", type=int, default=0, help="TCP port on 127.0.0.1; 0 for any free one")
    serve(parser.parse_known_args()[0].robot_server_port)


if __name__ == "__main__":
    main()
