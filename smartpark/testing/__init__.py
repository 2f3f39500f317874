"""Scenes, fakes and contract tests; shipped so that plug-in authors can use them."""
