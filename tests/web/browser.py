"""A browser without scripts: keeps cookies, sends forms as they stand, and checks every page."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

import httpx

VOID = frozenset({"area", "br", "hr", "img", "input", "link", "meta", "source", "wbr"})
FORBIDDEN = frozenset({"script", "style", "iframe", "object", "embed", "base"})
_LABELLED = frozenset({"text", "email", "password", "date", "file", "select", "textarea"})


class PageChecker(HTMLParser):
    """What is wrong with a page: tags left open, scripts, fields without label or token."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.fields: list[str] = []
        self.headings: list[str] = []
        self.language = ""
        self.scripted = False
        self._form: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if len(given) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        self._check_attributes(tag, given)
        if tag == "html":
            self.language = given.get("lang", "")
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)
        if tag == "form":
            self._form = {"method": given.get("method", "get"), "token": False}
        if tag == "input" and given.get("name") == "form_token" and self._form is not None:
            self._form["token"] = len(given.get("value", "")) == 64
        kind = given.get("type", "text") if tag == "input" else tag
        if kind in _LABELLED:
            self.fields.append(given.get("id", ""))
        if tag == "label" and "for" in given:
            self.labels.append(given["for"])
        if tag not in VOID:
            self.open.append(tag)

    def _check_attributes(self, tag: str, given: dict[str, str]) -> None:
        own = given.get("src", "").startswith("/static/passkeys.js?v=")
        if tag == "script" and given.get("type") == "module" and own:
            # The one script there is: only a script can ask a browser for a passkey.
            self.scripted = True
        elif tag in FORBIDDEN:
            self.faults.append(f"<{tag}> has no place on a page")
        for name, value in given.items():
            if name.startswith("on") or name == "style":
                self.faults.append(f"<{tag} {name}>: nothing inline")
            if name in {"href", "src", "action"} and value.strip().lower().startswith(
                ("javascript:", "data:")
            ):
                self.faults.append(f"<{tag} {name}={value!r}>")
            if name in {"src", "action"} and not value.startswith("/"):
                self.faults.append(f"<{tag} {name}={value!r}> leads elsewhere")
        if tag == "img" and "alt" not in given:
            self.faults.append("a picture without words")
        if "id" in given:
            self.ids.append(given["id"])

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            self.faults.append(f"</{tag}> closes nothing")
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> inside {self.open[-3:]}")
            return
        self.open.pop()
        if tag == "form" and self._form is not None:
            if self._form["method"] == "post" and not self._form["token"]:
                self.faults.append("a form without its token")
            self._form = None

    def finish(self) -> list[str]:
        """Everything that is wrong."""
        self.close()
        if self.open:
            self.faults.append(f"never closed: {self.open}")
        if len(set(self.ids)) < len(self.ids):
            self.faults.append(f"ids twice: {sorted(self.ids)}")
        if self.headings.count("h1") != 1:
            self.faults.append(f"{self.headings.count('h1')} main headings")
        self.faults += [f"no label for {name!r}" for name in self.fields if name not in self.labels]
        self.faults += [f"label of nothing: {name}" for name in self.labels if name not in self.ids]
        return self.faults


def check_page(response: httpx.Response) -> str:
    """Check an answer that is a page; return its language."""
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy, policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    checker = PageChecker()
    checker.feed(response.text)
    faults = checker.finish()
    assert ("script" in policy) == checker.scripted, policy
    assert "script" not in policy.removesuffix("; script-src 'self'"), policy
    assert not faults, f"{response.request.url}: {faults}"
    assert response.headers["content-language"] == checker.language
    return checker.language


class Browser:
    """One person's browser. Cookies stay; nothing is followed unless asked."""

    def __init__(self, app: Any, base_url: str, *, language: str = "en") -> None:
        transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 40_000))
        headers = {"Accept": "text/html", "Accept-Language": language}
        self.client = httpx.AsyncClient(transport=transport, base_url=base_url, headers=headers)
        self.base_url = base_url

    async def get(self, path: str, status: int = 200) -> httpx.Response:
        """Open a page, checked."""
        response = await self.client.get(path)
        assert response.status_code == status, f"{path}: {response.status_code}"
        if response.headers["content-type"].startswith("text/html"):
            check_page(response)
        return response

    async def text(self, path: str, status: int = 200) -> str:
        """The words of a page."""
        return words_of((await self.get(path, status)).text)

    async def send(
        self, page: str, address: str, /, *, files: Any = None, **fields: Any
    ) -> httpx.Response:
        """Send the form of a page that leads to `address`, with its hidden fields."""
        shown = await self.get(page)
        data = {**hidden_fields(shown.text, address), **fields}
        headers = {"Origin": self.base_url}
        response = await self.client.post(address, data=data, files=files, headers=headers)
        if response.headers.get("content-type", "").startswith("text/html"):
            check_page(response)
        return response

    async def follow(self, response: httpx.Response) -> str:
        """Where a form led to: the words of that page."""
        assert response.status_code == 303, words_of(response.text)
        return await self.text(response.headers["location"])


def hidden_fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with this action."""
    for form in re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL):
        if f'action="{action}"' in form[: form.index(">")]:
            found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
            return {name: html.unescape(value) for name, value in found}
    raise AssertionError(f"no form for {action} on this page")


def words_of(page: str) -> str:
    """A page as it is read: without tags, blanks made one."""
    shown = re.sub(r"<(head|title)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", shown)))


def token_of(response: httpx.Response) -> str:
    """The form token of a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', response.text)
    assert found is not None, "no form on this page"
    return found[1]
