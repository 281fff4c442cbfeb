"""Writes a GGUF file as a folder of safetensors in bf16, which vLLM reads: `python assay_widen.py FILE FOLDER`. Runs in vLLM's environment."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import transformers


def widen(file: Path, folder: Path) -> None:
    """Write the weights and the tokenizer of `file` into `folder`."""
    usual = {"gguf_file": file.name, "local_files_only": True, "trust_remote_code": False}
    tokenizer = transformers.AutoTokenizer.from_pretrained(file.parent, **usual)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        file.parent, dtype=torch.bfloat16, quantization_config=transformers.GgufConfig(dequantize=True), **usual
    )
    model.config.quantization_config = None  # it says how the file held them, which is over
    del model.config.quantization_config
    model.hf_quantizer, model.is_quantized = None, False
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    widen(Path(sys.argv[1]), Path(sys.argv[2]))
