"""Which services outside people may sign in with, as the environment says; read by the settings, so without Django.

OIDC_URL, OIDC_CLIENT_ID, OIDC_SECRET, OIDC_NAME : an OpenID Connect provider (`OIDC_URL` without .well-known/…)
ORCID_CLIENT_ID, ORCID_SECRET : ORCID
"""

from __future__ import annotations

from dataclasses import dataclass

APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.orcid",
]


@dataclass(frozen=True)
class Provider:
    """One service; `server` only for OpenID Connect."""

    kind: str
    name: str
    client_id: str
    secret: str
    server: str = ""


def providers(env) -> tuple[Provider, ...]:
    """The services that are configured whole.

    Raises
    ------
    ValueError
        naming what is missing, where only a part is set.
    """
    found = []
    oidc = {name: env.str(name, default="") for name in ("OIDC_URL", "OIDC_CLIENT_ID", "OIDC_SECRET")}
    if _whole(oidc):
        name = env.str("OIDC_NAME", default="your institution")
        found.append(Provider("openid_connect", name, oidc["OIDC_CLIENT_ID"], oidc["OIDC_SECRET"], oidc["OIDC_URL"]))
    orcid = {name: env.str(name, default="") for name in ("ORCID_CLIENT_ID", "ORCID_SECRET")}
    if _whole(orcid):
        found.append(Provider("orcid", "ORCID", orcid["ORCID_CLIENT_ID"], orcid["ORCID_SECRET"]))
    return tuple(found)


def settings_of(found: tuple[Provider, ...]) -> dict:
    """SOCIALACCOUNT_PROVIDERS as allauth wants it."""
    result: dict = {}
    for one in found:
        app = {"client_id": one.client_id, "secret": one.secret}
        if one.server:
            app |= {"provider_id": "oidc", "name": one.name, "settings": {"server_url": one.server}}
        result[one.kind] = {"APPS": [app]}
    return result


def _whole(values: dict[str, str]) -> bool:
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        raise ValueError(f"{', '.join(missing)}: not set, though {', '.join(values.keys() - set(missing))} is; set all")
    return not missing
