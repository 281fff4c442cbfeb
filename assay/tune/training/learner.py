"""The model that learns: its base as it is, differences of low rank beside all its linear layers (LoRA, Hu 2021, by peft), and the loss of packed rows."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peft
import torch

from assay.engine import weights
from assay.engine.dialects import Dialect
from assay.engine.torch_backend import model as models

from ..made import gguf_files
from ..material.prepare import Material
from .packed import IGNORED, Packed, Reader, Tokens, answers, packed
from .plan import Plan, RunError

END = "<|endoftext|>"  # what ends an answer, where the model has it; else its own end


class Learner:
    """A base with an adapter. All that changes is in `parameters`, in 32 bits; passes use what `spread` made of them, and `gather` brings back what they found."""

    def __init__(self, plan: Plan, device: torch.device, adapter: Path | None = None) -> None:
        """`adapter`: one that was written before, to be held to; else a new one, by the plan's seed. Raises EngineUnavailable."""
        torch.manual_seed(plan.seed)
        self.loaded = models.load(Path(plan.model), device=device)
        with _quiet():
            if adapter is not None:
                self.model: Any = peft.PeftModel.from_pretrained(self.loaded.model, adapter)
            else:
                config = peft.LoraConfig(
                    r=plan.rank,
                    lora_alpha=2 * plan.rank,
                    target_modules="all-linear",
                    lora_dropout=0.0,
                    task_type="CAUSAL_LM",
                )
                self.model = peft.get_peft_model(self.loaded.model, config)
        if plan.start and adapter is None:
            if not Path(plan.start).is_file() or weights.digest(Path(plan.start)) != plan.start_mark:
                raise RunError("The adapter that this run began with is another one now. Begin a new run.")
            self._start(Path(plan.start), Path(plan.model))
        self._held = [one for one in self.model.parameters() if one.requires_grad]
        self.parameters = [torch.nn.Parameter(one.detach().float().clone()) for one in self._held]
        for one in (
            self._held
        ):  # multiplied as the base is, half as fast again as in 32 bits; what is learned is added up in 32
            one.data = one.data.to(self.loaded.dtype)
        self.device = device

    def _start(self, file: Path, base: Path) -> None:
        """Put what an adapter has learned into the new one. Raises RunError where the two are not of one form."""
        own = dict(self.model.named_parameters())
        with torch.no_grad():
            for layer, both in gguf_files.read_adapter(base, file).items():
                for which, part in zip("AB", both, strict=True):
                    one = own.get(f"base_model.model.{layer}.lora_{which}.default.weight")
                    if one is None or tuple(one.shape) != part.shape:
                        raise RunError(
                            f"{file} is of another rank or form than this run: there is nothing to go on from."
                        )
                    one.copy_(torch.from_numpy(part))

    def gather(self) -> None:
        """Bring what the passes have learned to `parameters`."""
        for one, master in zip(self._held, self.parameters, strict=True):
            master.grad = torch.zeros_like(master) if one.grad is None else one.grad.float()
            one.grad = None

    def spread(self) -> None:
        """Put what `parameters` are now into the model."""
        with torch.no_grad():
            for one, master in zip(self._held, self.parameters, strict=True):
                one.copy_(master)

    def reader(self, material: Material, dialect: Dialect, context: int) -> Reader:
        """What makes this model's tokens."""
        vocabulary = self.loaded.tokenizer.get_vocab()
        end = vocabulary.get(END, self.loaded.tokenizer.eos_token_id)
        return Reader(material, dialect, lambda text: self.loaded.ids(text, special=False), int(end), context)

    def loss(self, rows: Sequence[Packed]) -> torch.Tensor:
        """The sum of nats of all that is wanted, each with its weight. Samples of one row do not see each other."""
        width = max(len(row.ids) for row in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        wanted = torch.full((len(rows), width), IGNORED)
        weights = torch.zeros(len(rows), width)
        places = torch.zeros(len(rows), width, dtype=torch.long)
        groups = torch.full((len(rows), width), -1)
        for number, row in enumerate(rows):
            ids[number, : len(row.ids)] = torch.tensor(row.ids)
            wanted[number, : len(row.ids)] = torch.tensor(row.wanted)
            weights[number, : len(row.ids)] = torch.tensor(row.weights)
            at = 0
            for group, length in enumerate(row.lengths):
                places[number, at : at + length] = torch.arange(length)
                groups[number, at : at + length] = group
                at += length
        mask = (groups[:, :, None] == groups[:, None, :]) & torch.ones(width, width, dtype=torch.bool).tril()
        mask |= torch.eye(width, dtype=torch.bool)  # what fills a row up sees itself: a row of nothing is no number
        return self._loss(tuple(one.to(self.device) for one in (ids, wanted, places, mask[:, None])), weights)

    def _loss(self, given: tuple[torch.Tensor, ...], weights: torch.Tensor) -> torch.Tensor:
        ids, wanted, places, mask = given
        base = self.model.get_base_model()
        hidden = base.model(input_ids=ids, position_ids=places, attention_mask=mask, use_cache=False).last_hidden_state
        chosen = wanted != IGNORED
        logits = base.lm_head(hidden[chosen]).float()  # of what is learned alone: all of them are most of the memory
        nats = torch.nn.functional.cross_entropy(logits, wanted[chosen], reduction="none")
        return (nats * weights.to(self.device)[chosen]).sum()

    @torch.no_grad()
    def held(self, tokens: Sequence[Tokens], context: int) -> float:
        """Nats a token of some samples' answers, and of nothing that is given."""
        self.model.eval()
        nats, count, row, length = 0.0, 0.0, list[Tokens](), 0
        for one in [*tokens, None]:
            if row and (one is None or length + len(one.ids) > context):
                made = answers(packed(row))
                nats, count, row, length = nats + float(self.loss([made])), count + made.learned, [], 0
            if one is not None:
                row.append(one)
                length += len(one.ids)
        self.model.train()
        return nats / max(1.0, count)

    def save(self, folder: Path) -> None:
        """The adapter as peft writes it, in safetensors."""
        for one, master in zip(self._held, self.parameters, strict=True):
            one.data = master.detach().clone()
        with _quiet():
            self.model.save_pretrained(folder, safe_serialization=True)
        for one in self._held:
            one.data = one.data.to(self.loaded.dtype)


@contextlib.contextmanager
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
