import { basename } from 'node:path'
import { nodeFileSystem } from '@holdfast/core/durable'

/**
 * @typedef {import('@holdfast/core/durable').FileHandle} FileHandle
 * @typedef {import('@holdfast/core/durable').FileSystem} FileSystem
 * @typedef {import('./stops.mjs').Stops} Stops
 */

/**
 * The machine's disk, on which a process can be stopped at each change.
 *
 * @param {Stops} stops
 * @returns {FileSystem}
 */
export function stoppingFileSystem(stops) {
  const disk = nodeFileSystem
  /** @type {<Result>(name: string, run: () => Promise<Result>) => Promise<Result>} */
  const effect = (name, run) => stops.effect('disk', name, run)
  return {
    open: async (path, mode) => {
      const handle =
        mode === 'read'
          ? await disk.open(path, mode)
          : await effect(`open ${basename(path)}`, () => disk.open(path, mode))
      return stoppingHandle(stops, handle, basename(path))
    },
    readFile: (path) => disk.readFile(path),
    rename: (from, to) => effect(`rename to ${basename(to)}`, () => disk.rename(from, to)),
    unlink: (path) => effect(`unlink ${basename(path)}`, () => disk.unlink(path)),
    makeDirectory: (path) => effect(`make ${basename(path)}`, () => disk.makeDirectory(path)),
    removeDirectory: (path) => effect(`remove ${basename(path)}`, () => disk.removeDirectory(path)),
    readDirectory: (path) => disk.readDirectory(path),
    stat: (path) => disk.stat(path),
    syncDirectory: (path) => effect(`sync ${basename(path)}`, () => disk.syncDirectory(path)),
  }
}

/**
 * @param {Stops} stops
 * @param {FileHandle} handle
 * @param {string} name
 * @returns {FileHandle}
 */
function stoppingHandle(stops, handle, name) {
  return {
    read: (positionBytes, lengthBytes) => handle.read(positionBytes, lengthBytes),
    append: (bytes) => {
      const half = () => handle.append(bytes.subarray(0, bytes.length >> 1))
      return stops.effect('disk', `append to ${name}`, () => handle.append(bytes), half)
    },
    write: (positionBytes, bytes) =>
      stops.effect('disk', `write to ${name}`, () => handle.write(positionBytes, bytes)),
    truncate: (sizeBytes) =>
      stops.effect('disk', `truncate ${name}`, () => handle.truncate(sizeBytes)),
    sync: () => stops.effect('disk', `sync ${name}`, () => handle.sync()),
    stat: () => handle.stat(),
    close: () => handle.close(),
  }
}
