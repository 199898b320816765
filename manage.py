#!/usr/bin/env python
"""Django's command line for the whole system."""

import os
import sys

from deploy import machine

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    machine.act_as_owner()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
