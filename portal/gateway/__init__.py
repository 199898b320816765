"""The gateway between the network and Django: what a client may cost before and after its view runs.

Django's views are synchronous and hold a thread; here, in one event loop, slow clients hold none. A request's body is
received whole, within a minimum rate and a total time, before a thread takes it; its answer goes into a bounded spool
from which the client reads at its own rate, down to a minimum. Threads are divided into lanes, so that queries that
take long never keep pages or the health check waiting.

No view is known here, and nothing of astronomy.

limits   every number, with its unit
body     receiving
spool    answers between the thread that writes and the client that reads
lanes    threads, and each address's share of them
address  who is at the other end, behind how many proxies
app      the ASGI application
"""
