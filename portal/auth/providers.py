"""Services outside that people may sign in with, from the environment; read by the settings, so without Django."""

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
    oidc = {
        "OIDC_URL": env.str("OIDC_URL", default=""),  # OpenID Connect provider, without .well-known/...
        "OIDC_CLIENT_ID": env.str("OIDC_CLIENT_ID", default=""),  # our identifier there
        "OIDC_SECRET": env.str("OIDC_SECRET", default=""),  # our secret there
    }
    if _whole(oidc):
        name = env.str("OIDC_NAME", default="your institution")  # the provider's name on the sign-in page
        found.append(Provider("openid_connect", name, oidc["OIDC_CLIENT_ID"], oidc["OIDC_SECRET"], oidc["OIDC_URL"]))
    orcid = {
        "ORCID_CLIENT_ID": env.str("ORCID_CLIENT_ID", default=""),  # our identifier at ORCID
        "ORCID_SECRET": env.str("ORCID_SECRET", default=""),  # our secret at ORCID
    }
    if _whole(orcid):
        found.append(Provider("orcid", "ORCID", orcid["ORCID_CLIENT_ID"], orcid["ORCID_SECRET"]))
    return tuple(found)


def settings_of(found: tuple[Provider, ...]) -> dict:
    """SOCIALACCOUNT_PROVIDERS as allauth wants it."""
    result: dict = {}
    for one in found:
        app: dict[str, object] = {"client_id": one.client_id, "secret": one.secret}
        if one.server:
            app |= {"provider_id": "oidc", "name": one.name, "settings": {"server_url": one.server}}
        result[one.kind] = {"APPS": [app]}
    return result


def _whole(values: dict[str, str]) -> bool:
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        raise ValueError(f"{', '.join(missing)}: not set, though {', '.join(values.keys() - set(missing))} is; set all")
    return not missing
