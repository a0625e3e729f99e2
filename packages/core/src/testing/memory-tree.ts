import { MemoryFile, type Survival } from './memory-node.ts'

export type MemoryNode = MemoryFile | MemoryDirectory

export class MemoryDirectory {
  readonly id: number
  /** As programs see it. */
  readonly entries: Map<string, MemoryNode> = new Map()
  /** As it would be after a power cut that leaves nothing of what was not synced. */
  readonly durable: Map<string, MemoryNode> = new Map()

  constructor(id: number) {
    this.id = id
  }
}

/** One name that leads to something else from now on, or, without `node`, nowhere. */
export interface NameStep {
  readonly directory: MemoryDirectory
  readonly name: string
  readonly node: MemoryNode | undefined
}

/** The names of a `MemoryFileSystem`, and those changes of them that are not durable yet. */
export class MemoryTree {
  root: MemoryDirectory = new MemoryDirectory(0)
  /** Each is atomic: a rename is the loss of one name and the gain of another. */
  #changes: (readonly NameStep[])[] = []
  #lastId = 0

  nextId(): number {
    return ++this.#lastId
  }

  find(names: readonly string[]): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.root
    for (const name of names) {
      if (node instanceof MemoryFile) return undefined
      node = node?.entries.get(name)
    }
    return node
  }

  /** Sum of the sizes of all files that have a name. */
  usedBytes(): number {
    const files = new Set<MemoryFile>()
    const visit = (directory: MemoryDirectory): void => {
      for (const node of directory.entries.values()) {
        if (node instanceof MemoryFile) files.add(node)
        else visit(node)
      }
    }
    visit(this.root)
    return [...files].reduce((sum, file) => sum + file.sizeBytes, 0)
  }

  change(steps: readonly NameStep[]): void {
    this.#changes.push(steps)
    for (const { directory, name, node } of steps) put(directory.entries, name, node)
  }

  /** Durable at once. False when a file is in the way. */
  makeDirectory(names: readonly string[]): boolean {
    let directory = this.root
    for (const name of names) {
      const next = directory.entries.get(name)
      if (next instanceof MemoryFile) return false
      const child = next ?? new MemoryDirectory(this.nextId())
      if (next === undefined) {
        directory.entries.set(name, child)
        directory.durable.set(name, child)
      }
      directory = child
    }
    return true
  }

  /** Makes durable what concerns `directory`, with what came before it for the same names. */
  sync(directory: MemoryDirectory): void {
    const names = new NameSet()
    const synced: (readonly NameStep[])[] = []
    const left: (readonly NameStep[])[] = []
    for (const change of [...this.#changes].reverse()) {
      const concerned = change.some((step) => step.directory === directory) || names.hasAny(change)
      if (concerned) names.add(change)
      ;(concerned ? synced : left).unshift(change)
    }
    for (const change of synced) applyDurably(change)
    this.#changes = left
  }

  copy(): MemoryTree {
    const copies = new Map<MemoryNode, MemoryNode>()
    const copyOf = <Node extends MemoryNode | undefined>(node: Node): Node => {
      if (node === undefined) return node
      const known = copies.get(node)
      if (known !== undefined) return known as Node
      const copy = node instanceof MemoryFile ? node.copy() : new MemoryDirectory(node.id)
      copies.set(node, copy)
      if (node instanceof MemoryDirectory && copy instanceof MemoryDirectory) {
        for (const [name, entry] of node.entries) copy.entries.set(name, copyOf(entry))
        for (const [name, entry] of node.durable) copy.durable.set(name, copyOf(entry))
      }
      return copy as Node
    }
    const tree = new MemoryTree()
    tree.root = copyOf(this.root)
    tree.#lastId = this.#lastId
    tree.#changes = this.#changes.map((steps) =>
      steps.map(({ directory, name, node }) => ({
        directory: copyOf(directory),
        name,
        node: copyOf(node),
      })),
    )
    return tree
  }

  afterPowerCut(survival: Survival): MemoryTree {
    const before = this.copy()
    const lost = new NameSet()
    for (const change of before.#changes) {
      if (!lost.hasAny(change) && survives(survival)) applyDurably(change)
      else lost.add(change)
    }
    const files = new Map<MemoryFile, MemoryFile>()
    const settle = (from: MemoryDirectory, to: MemoryDirectory): void => {
      for (const [name, node] of from.durable) {
        let settled: MemoryNode
        if (node instanceof MemoryFile) {
          settled = files.get(node) ?? node.afterPowerCut(survival)
          files.set(node, settled)
        } else {
          settled = new MemoryDirectory(node.id)
          settle(node, settled)
        }
        to.entries.set(name, settled)
        to.durable.set(name, settled)
      }
    }
    const after = new MemoryTree()
    after.#lastId = this.#lastId
    settle(before.root, after.root)
    return after
  }
}

/** Names that some changes are about. */
class NameSet {
  readonly #names = new Set<string>()

  add(change: readonly NameStep[]): void {
    for (const step of change) this.#names.add(key(step))
  }

  hasAny(change: readonly NameStep[]): boolean {
    return change.some((step) => this.#names.has(key(step)))
  }
}

function key({ directory, name }: NameStep): string {
  return `${directory.id}/${name}`
}

function survives(survival: Survival): boolean {
  return survival === 'all' || (survival !== 'none' && survival.next() < 0.5)
}

function applyDurably(change: readonly NameStep[]): void {
  for (const { directory, name, node } of change) put(directory.durable, name, node)
}

function put(names: Map<string, MemoryNode>, name: string, node: MemoryNode | undefined): void {
  if (node === undefined) names.delete(name)
  else names.set(name, node)
}
