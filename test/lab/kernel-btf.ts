import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { buildOnce, cachePath, hashOf, type Progress } from './cache.ts'
import { type Architecture, downloadPackage } from './debian-package.ts'

/** Debian's kernel without its other flavours. From 7 on the package linux-image-… is empty, and linux-binary-… has it. */
const imagePackage = (architecture: Architecture): RegExp =>
  new RegExp(`^linux-(image-[56]|binary-)[\\d.]+(-\\d+|\\+deb\\d+)-${architecture}$`)

/** How an image may be packed: the first bytes, and the program that unpacks, which has to ignore what follows. */
const packings = [
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), unpack: ['xz', '-dc', '--single-stream'] },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: ['zstd', '-dcq'] },
] as const

const allPlaces = (bytes: Buffer, magic: Buffer): number[] => {
  const places: number[] = []
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) places.push(at)
  return places
}

/** A kernel's BTF has types and strings by the 100 kB. */
const LEAST_BYTES = 100_000

/**
 * The kernel's BTF in an unpacked image, in either byte order, by the header of include/uapi/linux/btf.h: magic,
 * version, flags, length of the header, then offset and length of types and strings.
 */
export const findBtf = (image: Buffer): Buffer | undefined => {
  for (const big of [false, true]) {
    const magic = Buffer.from(big ? [0xeb, 0x9f, 1, 0] : [0x9f, 0xeb, 1, 0])
    for (const at of allPlaces(image, magic)) {
      if (at + 24 > image.length) continue
      const word = (offset: number) =>
        big ? image.readUInt32BE(at + offset) : image.readUInt32LE(at + offset)
      const typeBytes = word(12)
      const strings = word(16)
      const stringBytes = word(20)
      const end = at + word(4) + strings + stringBytes
      const plausible = typeBytes > LEAST_BYTES && stringBytes > LEAST_BYTES && word(8) + typeBytes <= strings
      if (plausible && end <= image.length) return image.subarray(at, end)
    }
  }
  return undefined
}

/** The kernel's BTF in an image as it is installed: unpacked (arm64), or behind code that unpacks it (x86-64, s390x). */
export const btfOfImage = async (image: Buffer): Promise<Buffer | undefined> => {
  const plain = findBtf(image)
  if (plain) return plain
  for (const { magic, unpack } of packings) {
    for (const at of allPlaces(image, magic)) {
      const [program, ...args] = unpack
      // Most places are not what they look like, and unpacking fails; where it succeeds, what follows is no more of it.
      const input = image.subarray(at)
      const unpacked = await execa(program, args, {
        input,
        encoding: 'buffer',
        reject: false,
        maxBuffer: 1 << 28,
      })
      if (unpacked.code === 'ENOENT') throw unpacked
      const found = findBtf(Buffer.from(unpacked.stdout))
      if (found) return found
    }
  }
  return undefined
}

const takeBtf = async (dir: string, suite: string, architecture: Architecture): Promise<void> => {
  const scratch = join(dir, 'apt')
  await mkdir(scratch)
  const file = await downloadPackage(scratch, { suite, architecture, name: imagePackage(architecture) })
  // The image is among the first files: tar ends with it, and the rest need not be unpacked.
  const take = 'dpkg-deb --fsys-tarfile "$1" | tar -x --to-stdout --occurrence=1 --wildcards "*/vmlinuz*"'
  const { stdout } = await execa('sh', ['-c', take, 'sh', file], { encoding: 'buffer', maxBuffer: 1 << 28 })
  const btf = await btfOfImage(Buffer.from(stdout))
  if (!btf) throw new Error(`The kernel in ${file} has no BTF, or is packed in an unknown way.`)
  await writeFile(join(dir, 'btf'), btf)
  await rm(scratch, { recursive: true })
}

/**
 * The BTF of Debian's kernel, in a file. Downloaded on first use.
 * @throws PackageNotOfferedError
 */
export const ensureKernelBtf = async (
  suite: string,
  architecture: Architecture,
  progress: Progress,
): Promise<string> => {
  const recipe = hashOf(await readFile(import.meta.filename), imagePackage(architecture).source)
  const dir = cachePath('kernel-btf', `${suite}-${architecture}-${recipe}`)
  await buildOnce({
    dir,
    label: `the BTF of Debian ${suite}'s kernel for ${architecture}`,
    progress,
    build: async (building) => {
      await takeBtf(building, suite, architecture)
      return {}
    },
  })
  return join(dir, 'btf')
}
