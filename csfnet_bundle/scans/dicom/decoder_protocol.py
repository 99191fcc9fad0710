"""What the reader and its decoding child say to each other.

A request is its head, a JSON text and the frame; the reply is its head and the pixels (16 bits, little endian) or a
message. Nothing is pickled.
"""

from struct import Struct

REQUEST = Struct("<LL")
"""Length of the JSON text, length of the frame."""
REPLY = Struct("<BL")
"""Status, length of what follows."""
DECODED, FAILED = 0, 1
