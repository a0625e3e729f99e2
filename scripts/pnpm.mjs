import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** @type {{ readonly packageManager: string, readonly engines: { readonly node: string } }} */
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** Ends the process with a sentence when its Node is too old for the tools. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`Node ${manifest.engines.node} is needed; this is ${process.version}.`)
  process.exit(1)
}

/** What installs the dependencies of the workspace, exactly as the lock file has them. */
export const INSTALL = ['install', '--frozen-lockfile', '--prefer-offline']
export const BUILD = ['run', 'build']

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The command that runs the pinned pnpm on a machine that has only Node and npm.
 *
 * @param {readonly string[]} args
 * @returns {[string, string[]]}
 */
export function pnpmCommand(args) {
  // --yes: npx asks on a terminal without it, and stops where npm is set to `yes=false`.
  // --prefer-offline: npx tries the network for minutes before its own cache without it.
  return ['npx', ['--yes', '--prefer-offline', manifest.packageManager, ...args]]
}

/**
 * Runs a command in the root of the repository; resolves with its exit code. `npx` is a script on
 * Windows, which needs the shell. A command that runs past its time limit is ended, and 1 is its
 * exit code.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly output: 'inherit' | 'stderr' | ((text: string) => void), readonly env?: NodeJS.ProcessEnv, readonly timeLimitMs?: number }} options
 * @returns {Promise<number>}
 */
export async function run(command, args, { output, env = process.env, timeLimitMs }) {
  const out = output === 'stderr' ? 2 : typeof output === 'string' ? 'inherit' : 'pipe'
  const errors = typeof output === 'string' ? 'inherit' : 'pipe'
  const shell = process.platform === 'win32' && command !== process.execPath
  const child = spawn(command, [...args], {
    cwd: ROOT,
    env,
    shell,
    stdio: ['inherit', out, errors],
    timeout: timeLimitMs,
    // What hangs in a loop does not hear a polite signal.
    killSignal: 'SIGKILL',
  })
  if (typeof output === 'function') {
    child.stdout?.setEncoding('utf8').on('data', output)
    child.stderr?.setEncoding('utf8').on('data', output)
  }
  // Whoever ends us means all of us, and a program that nobody waits for would go on.
  /** @param {NodeJS.Signals} signal */
  const endBoth = (signal) => {
    child.kill(signal)
    child.once('close', () => process.exit(1))
  }
  for (const signal of SIGNALS) process.on(signal, endBoth)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 1))
    })
  } finally {
    for (const signal of SIGNALS) process.off(signal, endBoth)
  }
}
