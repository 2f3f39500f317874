"""Networks and the ONNX sessions that serve them."""
