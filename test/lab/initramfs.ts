import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { buildOnce, cachePath, hashOf, type Progress } from './cache.ts'
import { labFile } from './checkout.ts'
import type { Suite } from './suite.ts'

/** What reaching the host's files and the network takes. */
const BOOT_MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'virtio_net']

const moduleName = (path: string): string =>
  basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_')

/**
 * The files of the wanted modules and all they depend on, in loading order, read from modules.dep. A
 * module the list does not have is built into the kernel.
 */
export const modulesInLoadingOrder = (modulesDep: string, wanted: readonly string[]): string[] => {
  const dependencies = new Map<string, { path: string; needs: string[] }>()
  for (const line of modulesDep.split('\n')) {
    const [path, needs = ''] = line.split(':')
    if (path) dependencies.set(moduleName(path), { path, needs: needs.split(' ').filter(Boolean) })
  }
  const ordered = new Set<string>()
  const visit = (name: string) => {
    const entry = dependencies.get(name)
    if (!entry || ordered.has(entry.path)) return
    for (const path of entry.needs) visit(moduleName(path))
    ordered.add(entry.path)
  }
  for (const name of wanted) visit(name)
  return [...ordered]
}

const fill = async (dir: string, suite: Suite): Promise<void> => {
  const tree = join(dir, 'tree')
  for (const part of ['bin', 'modules', 'proc', 'dev', 'host', 'memory', 'root']) {
    await mkdir(join(tree, part), { recursive: true })
  }
  // The suite's is known to be static; it also serves here for packing and unpacking.
  const busybox = join(suite.root, 'usr', 'bin', 'busybox')
  await copyFile(busybox, join(tree, 'bin', 'busybox'))
  await copyFile(labFile('guest', 'initramfs.sh'), join(tree, 'init'))
  await chmod(join(tree, 'init'), 0o755)
  const modules = join(suite.modulesDir, suite.release)
  const paths = modulesInLoadingOrder(await readFile(join(modules, 'modules.dep'), 'utf8'), BOOT_MODULES)
  const names: string[] = []
  for (const path of paths) {
    const copy = join(tree, 'modules', basename(path))
    await copyFile(join(modules, path), copy)
    // The kernel's loader takes them as they are, busybox' insmod only unpacked.
    if (copy.endsWith('.xz')) await execa(busybox, ['unxz', copy])
    names.push(basename(path, '.xz'))
  }
  await writeFile(join(tree, 'modules', 'order'), `${names.join('\n')}\n`)
  const archive = join(dir, 'initramfs.cpio')
  await execa('sh', ['-c', 'find . | "$1" cpio -o -H newc -R 0:0 >"$2"', 'sh', busybox, archive], {
    cwd: tree,
  })
}

/** A few megabytes that load the drivers and mount the host's files as the VM's root. */
export const ensureInitramfs = async (suite: Suite, progress: Progress): Promise<string> => {
  const recipe = hashOf(await readFile(labFile('guest', 'initramfs.sh')), BOOT_MODULES.join())
  const dir = cachePath('initramfs', `${suite.release}-${recipe}`)
  await buildOnce({
    dir,
    label: `the initramfs of ${suite.release}`,
    progress,
    build: async (building) => {
      await fill(building, suite)
      return {}
    },
  })
  return join(dir, 'initramfs.cpio')
}
