"""What of a notebook's output is shown, and what is said about the rest."""

import json
import time

from notebook_tab.notebook import parse
from notebook_tab.rendering import render


def rendered(*outputs, source="1"):
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs)}
    return render(parse(json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]}).encode()))


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def display(**data):
    return {
        "output_type": "display_data",
        "data": {name.replace("_", "/"): text for name, text in data.items()},
    }


def test_of_a_long_text_the_middle_is_left_out():
    html = rendered(stream("begin" + "x" * 20_000_000 + "end"))
    assert "begin" in html
    assert "end</pre>" in html
    assert "19,900,008 characters omitted" in html
    assert len(html) < 110_000


def test_thousands_of_pieces_of_one_stream_are_one_text():
    html = rendered(*[stream(f"{number}\n") for number in range(10_000)])
    assert html.count("<pre class=") == 1
    assert "9999" in html


def test_a_bar_that_draws_itself_anew_is_shown_once():
    html = rendered(stream("10%\r50%\r100%\ndone\r\n"))
    assert "100%" in html
    assert "50%" not in html


def test_a_page_has_an_end():
    html = rendered(*[display(image_png="A" * 3_000_000) for _ in range(8)])
    assert html.count('src="data:image/png') == 5
    assert html.count('class="omitted"') == 3


def test_a_big_table_is_left_out_and_a_big_script_is_not():
    assert "omitted: text/html of 3.0 MB" in rendered(display(text_html="<b>" + "x" * 3_000_000))
    assert "omitted" not in rendered(display(text_html="<script>" + "x" * 3_000_000))


def test_a_form_that_cannot_be_shown_is_named():
    widget = display(application_x="1")
    assert "omitted: an output that is application/x" in rendered(widget)


def test_fifteen_megabytes_of_tables_are_rendered_in_seconds():
    table = "<table>" + ("<tr>" + "<td>1.2345</td>" * 20 + "</tr>") * 6000 + "</table>"
    began = time.monotonic()
    assert len(rendered(*[display(text_html=table) for _ in range(8)])) > 14_000_000
    assert time.monotonic() - began < 10
