"""The server itself: which tools there are, with what their parameters mean, on standard input and output or over HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, ListRoots, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ListRootsResult, TextContent, ToolAnnotations
from pydantic import Field

from assay import __version__
from assay.services import Composition

from . import told, tools
from .projects import Refused
from .tools import Answer, Caller, What
from .work import Projects

INSTRUCTIONS = """Assay runs code before it believes it. Call verify_change before you say that a change is done: it runs the tests that reach the change in a container and says passed, failed or unverified. "unverified" means that nothing showed it; it is never a pass. Read the findings: weakened tests, swallowed errors, answers made for the tests' inputs, mocks that prove nothing and half a rename are named. Nothing is written to the tree but by write_function and write_tests with apply, and undo takes that back."""  # fmt: skip
Folder = Annotated[str, Field(description="The project's folder, by its path from a root; the first root where it is left out.")]  # fmt: skip
Diff = Annotated[str, Field(description="A unified diff, with paths from the folder.")]
Files = Annotated[dict[str, str | None] | None, Field(description="Whole new texts by path from the folder; null for a file that goes away.")]  # fmt: skip
Against = Annotated[str, Field(description="What differs on disk from a commit, a branch, or main...HEAD; index: what is staged; HEAD where nothing is given.")]  # fmt: skip
Apply = Annotated[bool, Field(description="Write it into the files; undo takes it back.")]


def _roots_of(context: Context) -> ListRoots | ListRootsResult:
    """Have the client name its roots, where it can."""
    able = context.client_capabilities
    return ListRoots() if able is not None and able.roots is not None else ListRootsResult(roots=[])


def _caller(context: Context, named: Annotated[ListRootsResult, Resolve(_roots_of)]) -> Caller:
    """Who calls a tool."""
    return Caller(context, tuple(str(one.uri) for one in named.roots), _hears(context))


def _hears(context: Context) -> bool:
    """Whether a client asked to be told how far a call is: it waits then, and gives up after a minute where it did not."""
    meta = context.request_context.meta
    return meta is not None and meta.get("progress_token") is not None


By = Annotated[Caller, Resolve(_caller)]
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def server(composition: Composition, here: Path) -> tuple[MCPServer, Projects]:
    """The server for the projects of its clients, `here` for one that names none; and what is to be closed behind it."""
    projects = Projects(composition, here)

    @asynccontextmanager
    async def life(_: MCPServer) -> AsyncIterator[None]:
        yield

    made = MCPServer("assay", title="Assay", version=__version__, instructions=INSTRUCTIONS, lifespan=life)
    _judging(made, projects)
    _writing(made, projects)
    return made, projects


async def _answered(work: Callable[[], Awaitable[Answer]]) -> CallToolResult:
    """A tool's answer in both forms; what is refused is one sentence for the agent."""
    try:
        answer = await work()
    except Refused as error:
        raise ToolError(str(error)) from error
    return CallToolResult(content=[TextContent(type="text", text=tools.shown(answer))], structured_content=dict(answer.output))  # fmt: skip


def _judging(made: MCPServer, projects: Projects) -> None:
    @made.tool(title="Verify a change", annotations=READS)
    async def verify_change(
        by: By,
        diff: Diff = "",
        files: Files = None,
        against: Against = "",
        folder: Folder = "",
        budget_s: Annotated[float, Field(description="Seconds for all tests together, 5 to 600; the project's setting where it is 0.")] = 0,
    ) -> Annotated[CallToolResult, told.Judged]:  # fmt: skip
        """Run the tests that reach a change, with it and without it, in a container, and say what they show: passed, failed, or unverified with the reason. Also names what makes the change look better than it is. Give one of diff, files and against; without any, what differs from HEAD. Writes nothing."""

        async def work() -> Answer:
            call = await tools.begun(projects, by, folder)
            return await tools.verify_change(call, What(diff, files, against), budget_s)

        return await _answered(work)

    @made.tool(title="Check changed lines", annotations=READS)
    async def check(
        by: By,
        diff: Diff = "",
        files: Files = None,
        against: Against = "",
        folder: Folder = "",
    ) -> Annotated[CallToolResult, told.Checked]:
        """Hints about bugs on the lines that a change changes, from rules, patterns and runs, each with its evidence. They are of the texts as they are now; none is stale."""

        async def work() -> Answer:
            call = await tools.begun(projects, by, folder)
            return await tools.check(call, What(diff, files, against))

        return await _answered(work)

    @made.tool(title="Explain a failure", annotations=READS)
    async def explain(
        by: By,
        output: Annotated[str, Field(description="A traceback or pytest's output, as the terminal showed it.")],
        folder: Folder = "",
    ) -> Annotated[CallToolResult, told.Explained]:
        """The cause of a traceback or of failed tests: the line that is wrong, and a fix that was checked, as a diff, where there is one."""

        async def work() -> Answer:
            return await tools.explain(await tools.begun(projects, by, folder), output)

        return await _answered(work)

    @made.tool(title="Find what is there", annotations=READS)
    async def find(
        by: By,
        query: Annotated[str, Field(description="A name (price, Cart.total, src/shop.py::price) for its place, facts, callers and tests; or a sentence for what the project, the standard library and installed packages have for it.")],
        folder: Folder = "",
    ) -> Annotated[CallToolResult, told.Found]:  # fmt: skip
        """Where a name is defined, what it does, who calls it and which tests enter it; or functions that are there already for what you are about to write."""

        async def work() -> Answer:
            return await tools.find(await tools.begun(projects, by, folder), query)

        return await _answered(work)


def _writing(made: MCPServer, projects: Projects) -> None:
    @made.tool(title="Write a function", annotations=WRITES)
    async def write_function(
        by: By,
        what: Annotated[str, Field(description="A sentence with a signature or examples, or the name of a function that is begun (its body is a docstring, pass or ...) or called and not there.")],
        file: Annotated[str, Field(description="The file, by its path from the project's root.")],
        after: Annotated[str, Field(description="The function or class that a sentence's function goes behind.")] = "",
        apply: Apply = False,
        folder: Folder = "",
    ) -> Annotated[CallToolResult, told.Written]:  # fmt: skip
        """Write a function several times, from what is there, by rule, by search and by the model, run all of them on its examples, and give the one with evidence as a diff."""

        async def work() -> Answer:
            call = await tools.begun(projects, by, folder)
            return await tools.write_function(call, what, file, after, apply=apply)

        return await _answered(work)

    @made.tool(title="Write tests", annotations=WRITES)
    async def write_tests(
        by: By,
        file: Annotated[str, Field(description="The file with the function, by its path from the project's root.")],
        function: Annotated[str, Field(description="The function or class at its top that is tested.")],
        apply: Apply = False,
        folder: Folder = "",
    ) -> Annotated[CallToolResult, told.Written]:
        """Tests of a function that notice changes of it which the tests that are there do not, each run five times; as a diff of the project's own test file."""

        async def work() -> Answer:
            return await tools.write_tests(await tools.begun(projects, by, folder), file, function, apply=apply)

        return await _answered(work)

    @made.tool(title="Take back", annotations=WRITES)
    async def undo(by: By, folder: Folder = "") -> Annotated[CallToolResult, told.Undone]:
        """Take back the newest change that write_function, write_tests or an editor of Assay wrote; later edits stay where they do not touch it."""

        async def work() -> Answer:
            return await tools.undo(await tools.begun(projects, by, folder))

        return await _answered(work)


async def on_pipes(composition: Composition, here: Path, log_file: Path) -> None:
    """Serve on standard input and output until the client leaves."""
    _log_to(log_file)
    made, projects = server(composition, here)
    try:
        await made.run_stdio_async()
    finally:
        await projects.close()


def _log_to(file: Path) -> None:
    """What the server says of itself goes into a file: standard output is the protocol's."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root: Any = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
