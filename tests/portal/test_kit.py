"""The tags and filters that templates draw tables and numbers with."""

import math

from django.template import Context, Template

from portal.templatetags.ui import Head, heads_of


def drawn(text: str, **context) -> str:
    return Template("{% load archive ui %}" + text).render(Context(context))


def test_heads_have_a_unit_and_more_about_them_and_say_whether_they_are_of_numbers():
    assert heads_of("Night | Seeing (″) {width of stars} # | Images #") == [
        Head("Night"), Head("Seeing", "″", True, "width of stars"), Head("Images", is_number=True),
    ]  # fmt: skip


def test_a_plain_table_escapes_what_it_is_given():
    table = drawn(
        '{% grid caption "Night | Images #" %}<tr><td>{{ cell }}</td></tr>{% endgrid %}', caption="<a>", cell="<b>"
    )
    assert "<td>&lt;b&gt;</td>" in table and 'aria-label="&lt;a&gt;"' in table
    assert '<th scope="col" class="number">Images</th>' in table


def test_a_plain_table_without_rows_is_a_sentence():
    text = drawn('{% grid "Jobs" "Job" empty="No job yet." %}{% for one in none %}<tr></tr>{% endfor %}{% endgrid %}')
    assert "<table" not in text and "No job yet." in text


def test_zero_is_a_number_and_what_is_missing_is_a_dash():
    text = "{{ value|digits:2 }} {{ value|significant:3 }} {{ value|shown:'magpsf' }}"
    assert drawn(text, value=0.0) == "0.00 0 0.00"
    assert drawn(text, value=None) == drawn(text, value=math.nan) == "– – –"
    assert drawn(text, value=17.23456) == "17.23 17.2 17.23"


def test_a_title_is_told_to_previews_of_links_as_well():
    text = drawn("{% titled %} Light  curve {{ name }} {% endtitled %}", name='"x"')
    assert "<title>Light curve &quot;x&quot;</title>" in text and 'content="Light curve &quot;x&quot;"' in text
