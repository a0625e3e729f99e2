import { spawn } from 'node:child_process'

/** The end of a command's output that is worth showing when it fails. */
const TAIL_CHARACTERS = 2_000

/**
 * Runs a command to its end and resolves with what it printed on stdout.
 *
 * Rejects with the end of its output when it fails, can't be started, or takes longer than
 * `timeoutMs`; it is killed then.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv, readonly timeoutMs: number }} options
 * @returns {Promise<string>}
 */
export async function runCommand(command, args, { cwd, env, timeoutMs }) {
  // npm is a script on Windows, and scripts need the shell there. No argument holds a blank.
  const shell = process.platform === 'win32'
  const child = spawn(command, [...args], { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] })
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-TAIL_CHARACTERS)
  })
  let tookTooLong = false
  const timer = setTimeout(() => {
    tookTooLong = true
    child.kill('SIGKILL')
  }, timeoutMs)
  try {
    const ending = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? signal))
    })
    if (ending === 0) return output
    const reason = tookTooLong ? `took longer than ${timeoutMs} ms` : `ended with ${ending}`
    const said = (errors.trim() || output.trim()).slice(-TAIL_CHARACTERS)
    throw new Error(`${[command, ...args].join(' ')} ${reason}\n${said}`)
  } finally {
    clearTimeout(timer)
    process.off('exit', killWithUs)
  }
}
