"""What schemathesis can't know from the document: bodies of bytes."""

import schemathesis
from hypothesis import strategies as st

for media_type in ("application/protobuf", "application/octet-stream"):
    schemathesis.openapi.media_type(media_type, st.binary(max_size=4096))


@schemathesis.serializer("application/protobuf")
def bytes_as_they_are(ctx, value):
    return value if isinstance(value, bytes) else b""
