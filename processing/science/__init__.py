"""The science: functions on arrays and tables. No Django, no database, no paths: a notebook can use them."""
