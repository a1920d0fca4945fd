"""Chromium without a screen, driven over the WebDriver protocol by Python's own library."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which the protocol hands out an element."""
KEYS = {"down": "\ue015", "end": "\ue010", "enter": "\ue007"}
DIRECT = build_opener(ProxyHandler({}))


class Browser:
    """One window; closed at the end of the block."""

    def __init__(self) -> None:
        driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
        if driver is None or chromium is None:
            pytest.skip("Chromium with chromedriver (Debian packages chromium and chromium-driver) is not installed")
        self.process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        port = next(found[1] for line in self.process.stdout if (found := re.search(r"on port (\d+)\.", line)))
        self.base = f"http://127.0.0.1:{port}/session"
        self.session = ""
        options = {
            "binary": chromium,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1300,1000"],
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"}}
        try:
            self.session = "/" + self.ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.ask("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base + self.session + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with DIRECT.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            raise AssertionError(f"{method} {path}: {json.load(error)['value']['message']}") from None

    def open(self, page: Path) -> None:
        self.ask("POST", "/url", {"url": page.resolve().as_uri()})

    def run(self, script: str, *values: Any) -> Any:
        """What a script's `return` gives; a promise is waited for."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(values)})

    def element(self, css: str) -> str:
        found: str = self.ask("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]
        return found

    def click(self, css: str) -> None:
        self.ask("POST", f"/element/{self.element(css)}/click", {})

    def type(self, css: str, text: str, *, afresh: bool = True) -> None:
        """Type into an element as a person does; afresh: what stands there goes first."""
        found = self.element(css)
        if afresh:
            self.ask("POST", f"/element/{found}/clear", {})
        self.ask("POST", f"/element/{found}/value", {"text": text})

    def text(self, css: str) -> str:
        found: str = self.ask("GET", f"/element/{self.element(css)}/text")
        return found

    def wait(self, condition: str) -> float:
        """Milliseconds until a condition in JavaScript held. Fails after 20 seconds."""
        took = self.run(
            f"""const begun = performance.now();
            return new Promise((done) => {{
              const look = () => {{
                if ({condition}) done(performance.now() - begun);
                else if (performance.now() - begun > 20000) done(null);
                else setTimeout(look, 10);
              }};
              look();
            }});"""
        )
        assert took is not None, condition
        return float(took)

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since it was last asked for: `browser` messages, or the `performance` log of the network."""
        found: list[dict[str, Any]] = self.ask("POST", "/se/log", {"type": kind})
        return found

    def requests(self) -> list[str]:
        """The addresses asked for since the logs were last read."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]

    def shot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))
