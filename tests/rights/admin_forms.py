"""Forms of the admin's pages, as a browser loads and sends them."""

from html.parser import HTMLParser

from django.urls import reverse


class Fields(HTMLParser):
    """The fields that a browser sends of a page's form, as it was loaded."""

    def __init__(self, page: str):
        super().__init__()
        self.found: dict[str, list] = {}
        self._select = self._text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        if tag == "select":
            self._select = at.get("name", "")
        elif tag == "option" and "selected" in at and self._select:
            self.add(self._select, at.get("value", ""))
        elif tag == "textarea":
            self._text = at.get("name", "")
            self.add(self._text, "")
        elif tag == "input" and at.get("name") and at.get("type") not in ("submit", "file", "button"):
            ticked = at.get("type") in ("checkbox", "radio")
            if not ticked or "checked" in at:
                self.add(at["name"], at.get("value") or ("on" if ticked else ""))

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._text = ""

    def handle_data(self, data):
        if self._text:
            self.found[self._text][-1] += data

    def add(self, name, value):
        self.found.setdefault(name, []).append(value)

    @property
    def sent(self) -> dict[str, list]:
        own = ("action", "index", "select_across", "csrfmiddlewaretoken", "q")
        return {
            name: [one.removeprefix("\n") for one in values] for name, values in self.found.items() if name not in own
        }


def page_of(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def load(client, row) -> dict[str, list]:
    answer = client.get(page_of(row))
    assert answer.status_code == 200
    return Fields(answer.content.decode()).sent
