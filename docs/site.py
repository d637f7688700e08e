"""What mkdocs does differently for dechaff: links to sources, and checks of links to other sites.

Pages link to other pages and to sources with relative paths, which work on a forge and in a clone.
The website has no sources, so such links lead to the repository there. Other sites are not
contacted; of links to them, only the form is checked.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any
from urllib.parse import urlsplit

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)\s:#]+)(#[^)\s]*)?\)")
ADDRESS = re.compile(r' (?:href|src)="([a-z]+:[^"]*)"')
FENCE = re.compile(r"^ *(```|~~~)")


def on_config(config: Any) -> Any:
    """Takes the address of the repository from packaging/project.toml."""
    project = tomllib.loads((ROOT / "packaging/project.toml").read_text())
    config.repo_url = project["repository"]
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turns links to sources into links to the repository, outside blocks of code."""
    directory = PurePosixPath(page.file.src_uri).parent

    def replaced(link: re.Match[str]) -> str:
        target, anchor = link[1], link[2] or ""
        path = normpath(directory / target)
        is_page = files.get_file_from_path(path) is not None
        if is_page or not (ROOT / path).exists():
            return link[0]
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"]({config.repo_url.rstrip('/')}/{kind}/main/{path}{anchor})"

    lines, is_code = [], False
    for line in markdown.split("\n"):
        if FENCE.match(line):
            is_code = not is_code
        lines.append(line if is_code else LINK.sub(replaced, line))
    return "\n".join(lines)


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Refuses links to other sites that are not https, or have no host."""
    for address in ADDRESS.findall(html):
        parts = urlsplit(address)
        if parts.scheme != "https" or "." not in (parts.hostname or ""):
            raise PluginError(f"{page.file.src_uri} links to {address}; write https://HOST/…")
    return html
