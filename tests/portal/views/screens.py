"""Sizes of the screens that pages are looked at on."""

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
