// A newer C library for one program, on a Debian that is too old for it. A private apt root points
// at a newer suite on the mirror which this machine uses anyway; the packages are unpacked beside
// the system, and the program is run with their own loader. Nothing on the host changes, and
// nothing here needs root.
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { runCommand } from './run-command.mjs'

const SUITE = 'trixie'
const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1']
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const APT_TIMEOUT_MS = 180_000

/** Whether this machine has what {@link unpackDebianLibraries} uses. */
export function canUnpackDebianLibraries() {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  const has = (/** @type {string} */ tool) =>
    path.some((directory) => existsSync(join(directory, tool)))
  return has('apt-get') && has('apt-config') && has('dpkg') && existsSync(KEYRING)
}

/**
 * Unpacks the libraries into `directory`, which must exist.
 *
 * @param {string} directory
 */
export async function unpackDebianLibraries(directory) {
  const apt = join(directory, 'apt')
  await makeAptRoot(apt)
  const packages = join(directory, 'packages')
  await mkdir(packages)
  const options = {
    cwd: packages,
    env: { ...process.env, APT_CONFIG: join(apt, 'apt.conf') },
    timeoutMs: APT_TIMEOUT_MS,
  }
  await runCommand('apt-get', ['update', '-qq'], options)
  await runCommand('apt-get', ['download', '-qq', ...PACKAGES], options)
  for (const file of await readdir(packages)) {
    await runCommand('dpkg', ['-x', join(packages, file), directory], options)
  }
  // The package lists are a hundred times as large as the libraries.
  await rm(apt, { recursive: true, force: true })
  await rm(packages, { recursive: true, force: true })
}

/**
 * What to put before a command so that it runs with the libraries unpacked into `directory`.
 *
 * @param {string} directory
 * @returns {string[]}
 */
export function loaderCommand(directory) {
  const [triplet, loader] =
    process.arch === 'arm64'
      ? ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1']
      : ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2']
  const libraries = join(directory, 'usr', 'lib', triplet)
  return [join(libraries, loader), '--inhibit-cache', '--library-path', libraries]
}

/** @param {string} root */
async function makeAptRoot(root) {
  for (const directory of [
    'etc/apt/sources.list.d',
    'etc/apt/preferences.d',
    'etc/apt/apt.conf.d',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/lib/dpkg',
  ]) {
    await mkdir(join(root, directory), { recursive: true })
  }
  await writeFile(join(root, 'var/lib/dpkg/status'), '')
  const { main, security } = await mirrors()
  const lines = [`deb [signed-by=${KEYRING}] ${main} ${SUITE} main`]
  lines.push(`deb [signed-by=${KEYRING}] ${main} ${SUITE}-updates main`)
  if (security) lines.push(`deb [signed-by=${KEYRING}] ${security} ${SUITE}-security main`)
  await writeFile(join(root, 'etc/apt/sources.list'), `${lines.join('\n')}\n`)
  // Private to us: the machine's settings may hold a proxy's password.
  await writeFile(join(root, 'apt.conf'), await aptConfiguration(root), { mode: 0o600 })
}

/** The mirrors that this machine uses, as its own configuration names them. */
async function mirrors() {
  const args = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']
  const uris = (await runCommand('apt-get', args, { timeoutMs: APT_TIMEOUT_MS })).split('\n')
  const main = uris.find((uri) => /\/debian\/?$/.test(uri))
  if (!main) throw new Error('no Debian mirror is configured on this machine')
  return { main, security: uris.find((uri) => /\/debian-security\/?$/.test(uri)) }
}

/** @param {string} root */
async function aptConfiguration(root) {
  const architecture = (
    await runCommand('dpkg', ['--print-architecture'], { timeoutMs: APT_TIMEOUT_MS })
  ).trim()
  const machine = await runCommand('apt-config', ['dump', 'Acquire'], { timeoutMs: APT_TIMEOUT_MS })
  // How this machine reaches its mirror (proxy, certificates, checks of dates) counts for us too.
  const acquire = machine
    .split('\n')
    .filter((line) => /^Acquire::/.test(line) && !/^Acquire::(Languages|IndexTargets)/.test(line))
  return `${[
    ...acquire,
    `Dir "${root}";`,
    `Dir::State::status "${root}/var/lib/dpkg/status";`,
    'Dir::Bin::methods "/usr/lib/apt/methods";',
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Sandbox::User "";',
    'APT::Update::Error-Mode "any";',
    'Acquire::Languages "none";',
    'Acquire::Retries "1";',
    'Acquire::http::Timeout "15";',
    'Acquire::https::Timeout "15";',
  ].join('\n')}\n`
}
