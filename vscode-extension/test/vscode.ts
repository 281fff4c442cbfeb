// The few values of VS Code's API that the files under unit test use; what needs more is tested in the real editor (tests/editors).

export class EventEmitter<T> {
  private readonly listeners: ((value: T) => void)[] = [];
  readonly event = (listener: (value: T) => void): { dispose(): void } => {
    this.listeners.push(listener);
    return { dispose: () => undefined };
  };
  fire(value: T): void {
    for (const listener of this.listeners) {
      listener(value);
    }
  }
  dispose(): void {
    this.listeners.length = 0;
  }
}

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  constructor(
    readonly start: Position,
    readonly end: Position,
  ) {}
}

export const extensions = { getExtension: (_id: string): unknown => undefined };

export class Location {
  constructor(
    readonly uri: Uri,
    readonly range: Position,
  ) {}
}

export class Uri {
  constructor(readonly path: string) {}
  static parse(text: string): Uri {
    return new Uri(text.replace(/^file:\/\//, ""));
  }
  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri([base.path, ...parts].join("/"));
  }
}

export const window = {
  activeTextEditor: undefined as unknown,
  showInputBox: async (_: unknown): Promise<string | undefined> => undefined,
  showWarningMessage: async (_: string): Promise<undefined> => undefined,
  setStatusBarMessage: (_: string, __: number): void => undefined,
};

export const workspace = { isTrusted: true };

export class McpStdioServerDefinition {
  constructor(
    readonly label: string,
    readonly command: string,
    readonly args: string[],
    readonly env: Record<string, string>,
    readonly version: string,
  ) {}
}

interface Provider {
  onDidChangeMcpServerDefinitions?: (listener: () => void) => unknown;
}

export const lm = {
  registered: [] as { id: string; provider: Provider }[],
  registerMcpServerDefinitionProvider(id: string, provider: Provider): { dispose(): void } {
    this.registered.push({ id, provider });
    return { dispose: () => undefined };
  },
};
