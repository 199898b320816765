"""Tables: the data dictionary, tables that people bring, and writers of rows in every format.

    dictionary  every table that readers get: columns, types, units, UCDs, meanings
    alert_fields
                the fields of alert packets in groups, with labels, units, meanings
    fields      columns as the Virtual Observatory describes them
    readers     tables that people bring, parsed in the sandbox
    arrow       columns of a result in memory
    formats     every format as a stream
    reserved_words
                words that no name can be without quotes
    xml         elements, escaped
    moments     times as text, a form for each dialect
    streaming, responses
                rows as HTTP responses
    scales      ranges, places and ticks of drawings
    sink        write-only buffer whose content is taken piece by piece

No table is searched here and no service imported.
"""
