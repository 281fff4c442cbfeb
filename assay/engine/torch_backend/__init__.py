"""The engine on torch: a model of transformers in a process of its own, which speaks the same HTTP as llama.cpp's server.

`assay engine --backend torch` runs it; nothing else imports it, so that torch stays out of every other process.
"""
