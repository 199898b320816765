"""Requests from people: parameters, pages of answers, numbers and JSON in text, clients that leave; requests to others.

    parameters  which parameters each address takes; any other is refused by name
    paging      pages of a long answer
    spelling    the nearest known name, for messages
    numbers     numbers in text that somebody sent
    json_text   JSON that strangers send
    plain_text  what no text may hold
    disconnect  whether the client is still connected, and what is cancelled when it leaves
    safe_http   requests to addresses that people name: to allowed hosts only
    stream_response  a streamed response that closes what it holds

How positions, times and columns of tables are read stands in archive.given.
"""
