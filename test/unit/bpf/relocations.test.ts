import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error: plain JavaScript, because it also runs before any package is installed
import { buildObject, machines } from '../../../bpf/build.mjs'
import { PackageNotOfferedError } from '../../lab/debian-package.ts'
import { ensureKernelBtf } from '../../lab/kernel-btf.ts'
import { labKernel } from '../../lab/kernels.ts'
import { missingForOthers } from './can-build.ts'

/*
 * What libbpf finds of the object's fields in the kernels of other machines, which the lab cannot boot. `bpftool gen
 * min_core_btf` relocates the object against a kernel's BTF and writes down the fields that it found.
 */

type Machine = 'x64' | 'arm64' | 's390x'
const architectures = { x64: 'amd64', arm64: 'arm64', s390x: 's390x' } as const

/** Debian built 6.1 for s390x without BTF. */
const kernels: { kernel: string; machine: Machine }[] = [
  { kernel: '5.10', machine: 'x64' },
  { kernel: '6.1', machine: 'x64' },
  { kernel: '6.1', machine: 'arm64' },
  { kernel: '6.12', machine: 'x64' },
  { kernel: '6.12', machine: 'arm64' },
  { kernel: '6.12', machine: 's390x' },
  { kernel: '7.2', machine: 'x64' },
  { kernel: '7.2', machine: 'arm64' },
  { kernel: '7.2', machine: 's390x' },
]

/** Fields that are asked for with bpf_core_field_exists(), or of an iterator that the kernel lacks. */
const lackedBy510 = [
  'bpf_iter__bpf_link.link',
  'bpf_iter__bpf_link.meta',
  'task_struct.__state',
  'task_struct.thread_info',
  'thread_info.cpu',
]
const lackedSince = ['task_struct.cpu', 'task_struct.state']

/** Of the livepatch code, or reached only through its structures. */
const ofLivepatch =
  /^(klp_\w+\..*|task_struct\.patch_state|kobject\.parent|list_head\.(next|prev)|hlist_node\.next)$/

/** Read with BPF_CORE_READ_BITFIELD_PROBED(), which asks the kernel's BTF for the size. */
const ofAnySize = ['task_struct.on_cpu']

/** Types without a size of their own (PTR apart) refer to another by type_id. */
type BtfType = {
  id: number
  kind: string
  name: string
  size?: number
  type_id?: number
  nr_elems?: number
  members?: { name: string; type_id: number; bitfield_size?: number }[]
}

/** An administrator's program, and those are not on everyone's PATH. */
const bpftool = (...args: string[]) =>
  execa('bpftool', args, { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }, maxBuffer: 1 << 26 })

const read = async (file: string): Promise<Map<number, BtfType>> => {
  const { stdout } = await bpftool('-j', 'btf', 'dump', 'file', file, 'format', 'raw')
  const { types } = JSON.parse(stdout) as { types: BtfType[] }
  return new Map(types.map((type) => [type.id, type]))
}

const isAggregate = (type: BtfType | undefined): boolean => type?.kind === 'STRUCT' || type?.kind === 'UNION'

const sizeOf = (types: Map<number, BtfType>, id: number): number => {
  const type = types.get(id)
  if (!type) return 0
  if (type.kind === 'PTR') return 8
  if (type.kind === 'ARRAY') return sizeOf(types, type.type_id ?? 0) * (type.nr_elems ?? 0)
  return type.size ?? sizeOf(types, type.type_id ?? 0)
}

const kernelStructs = new Set(
  [
    ...readFileSync(join(import.meta.dirname, '../../../bpf/kernel.h'), 'utf8').matchAll(
      /^struct (\w+) \{/gm,
    ),
  ].map(([, name = '']) => name.replace(/___.*/, '')),
)

/**
 * `structure.field` of those in kernel.h, with its size in bytes, or what else libbpf finds in its place; null of a
 * structure, which is read by its own fields. Fields of anonymous members are their holder's.
 */
const fieldsIn = (types: Map<number, BtfType>): Map<string, number | null> => {
  const fields = new Map<string, number | null>()
  const add = (holder: string, type: BtfType | undefined): void => {
    for (const member of type?.members ?? []) {
      const target = types.get(member.type_id)
      if (member.name === '(anon)') add(holder, target)
      else {
        const size = member.bitfield_size ? member.bitfield_size / 8 : sizeOf(types, member.type_id)
        fields.set(`${holder}.${member.name}`, isAggregate(target) ? null : size)
      }
    }
  }
  for (const type of types.values()) {
    const name = type.name.replace(/___.*/, '')
    if (isAggregate(type) && kernelStructs.has(name)) add(name, type)
  }
  return fields
}

describe('the fields that the BPF object reads', () => {
  let dir: string
  const objects = new Map<Machine, string>()
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'klpscope-relocations-'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  const objectFor = (machine: Machine): string => {
    const file = join(dir, `${machine}.o`)
    // libbpf opens no object of another byte order.
    if (!objects.has(machine)) buildObject(file, machine, machines[process.arch].target)
    objects.set(machine, file)
    return file
  }

  it.concurrent.for(kernels)(
    'are found in $kernel for $machine',
    { timeout: 300_000 },
    async (of, { skip }) => {
      const { kernel, machine } = of
      skip(missingForOthers !== '', `not installed: ${missingForOthers}`)
      const btf = await ensureKernelBtf(labKernel(kernel).suite, architectures[machine], console.log).catch(
        (error) => {
          skip(error instanceof PackageNotOfferedError && !process.env.CI, error.message)
          throw error
        },
      )
      const object = objectFor(machine)
      const relocated = join(dir, `${kernel}-${machine}.btf`)
      await bpftool('gen', 'min_core_btf', btf, relocated, object)
      const wanted = fieldsIn(await read(object))
      const found = fieldsIn(await read(relocated))
      // Debian builds these kernels with livepatching for x86-64 alone: of other machines the rest is compared.
      const hasLivepatch = found.has('klp_patch.mod')
      if (machine === 'x64') expect(hasLivepatch).toBe(true)
      const lacking = kernel === '5.10' ? lackedBy510 : lackedSince
      const lacked = [...wanted.keys()].filter((field) => !found.has(field))
      expect(lacked).toEqual(
        [...wanted.keys()].filter(
          (field) => lacking.includes(field) || (!hasLivepatch && ofLivepatch.test(field)),
        ),
      )
      // As many bytes are read as the object's own declaration has: of a larger field, on s390x, the wrong ones.
      const ofOtherSize = [...found].filter(
        ([field, size]) => size !== wanted.get(field) && !ofAnySize.includes(field),
      )
      expect(ofOtherSize).toEqual([])
    },
  )
})
