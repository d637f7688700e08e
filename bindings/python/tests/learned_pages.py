"""Pages of invented sites that repeat their frames, for tests of what is learned of sites."""

from __future__ import annotations

NAMES = [
    "bridge",
    "tunnel",
    "ferry",
    "station",
    "harbour",
    "library",
    "market",
    "school",
    "tower",
    "mill",
]


def article(name: str) -> str:
    """Returns an article about `name` that no other page has."""
    return (
        f"The {name} opens again\n"
        f"The {name} opens on Monday, and it cost the town four million in the end.\n"
        f"Nobody had thought that the old {name} would be in use for so long, the mayor said.\n"
        f"People who live near the {name} are glad that the noise of the work is over.\n"
    )


def page(name: str, site: str) -> str:
    """Returns a page with an article in the frame of a site."""
    return (
        f"From {site}\nAll our letters\n{article(name)}"
        f"Letters of {site}\nMaps of the valley\nStones and sheep\n"
    )


SITES = [f"site{number % 3}.example" for number in range(90)]
URLS = [f"https://{site}/{number}" for number, site in enumerate(SITES)]
PAGES = [
    page(f"{NAMES[number % 10]} of {'i' * (number % 7 + 1)} süß", site)
    for number, site in enumerate(SITES)
]
