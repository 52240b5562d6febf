"""The actor runtime over Pykka: the only package that imports it."""
