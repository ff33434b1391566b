"""The output formats of ``-f``, on top of cliff's own.

What the services say is text that somebody else wrote. People and line
oriented formats get it without the characters that steer a terminal; JSON
and YAML carry it exactly.
"""
