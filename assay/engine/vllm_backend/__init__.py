"""The engine on vLLM: found or installed in an environment of its own, started and minded by the engine process, with a little of ours inside it.

Nothing here is imported by vLLM but `inside`, and nothing of vLLM is imported here.
"""
